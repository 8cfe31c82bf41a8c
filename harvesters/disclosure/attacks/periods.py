"""Which moments of the input belong to a published period: counted by Python's calendar, not by the engine's.

Boundary: every period of every time zone begins and ends on a quarter of an hour in UTC, so a period is the list of
its quarters. Only published periods are listed: a row outside of them belongs to no published cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from disclosure.spec import TimeBin

QUARTER: Final = timedelta(minutes=15)
QUARTER_US: Final = 900_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def end_of(start: datetime, time_bin: TimeBin, timezone: str) -> datetime:
    """The end (excluded) of the period that begins at `start`, in UTC; a local day has 23 to 25 hours."""
    if time_bin is TimeBin.QUARTER_HOUR:
        return start + QUARTER
    if time_bin is TimeBin.HOUR:
        return start + timedelta(hours=1)
    zone = ZoneInfo(timezone)
    day = (start.astimezone(zone) + timedelta(hours=12)).date() + timedelta(days=1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return midnight.astimezone(UTC)


def quarters_of(starts: Iterable[datetime | None], time_bin: TimeBin, timezone: str) -> pa.Table:
    """One row for each quarter (``quarter``, counted from 1970) of each period (``start``)."""
    quarters: list[int] = []
    owners: list[datetime] = []
    for start in sorted({each for each in starts if each is not None}):
        begin = start.astimezone(UTC)
        first = (begin - _EPOCH) // QUARTER
        count = max(1, -((begin - end_of(begin, time_bin, timezone)) // QUARTER))
        quarters += range(first, first + count)
        owners += [begin] * count
    return pa.table(
        {"quarter": pa.array(quarters, pa.int64()), "start": pa.array(owners, pa.timestamp("us", "UTC"))}
    )


def quarter_sql(column: str) -> str:
    """The quarter of a moment, rounded down also before 1970."""
    return f"CAST(floor(epoch_us({column}) / {QUARTER_US}) AS BIGINT)"
