"""Which moments belong to a published period: counted by Python's calendar, not by the engine's.

Boundary: every period of every time zone begins and ends on a quarter of an hour in UTC, so a period is a run of
quarters that share a local date, or a date and an hour, and so on. Only published periods are walked through, from
the start that is printed to where the local label changes: days of 23 and 25 hours need no rule of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa

QUARTER: Final = timedelta(minutes=15)
QUARTER_US: Final = 900_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_QUARTERS: Final = 400_000
WHOLE: Final = "all"
"""The length of a period that holds everything; it ends on the last day that the release declares."""

_HOURS = re.compile(r"PT(\d+)H")
_CALENDAR: Final[dict[str, Callable[[datetime], Hashable]]] = {
    "PT15M": lambda local: local.astimezone(UTC),
    # The offset keeps the two hours apart that a clock change gives one name.
    "PT1H": lambda local: (local.date(), local.hour, local.utcoffset()),
    "P1D": lambda local: local.date(),
    "P7D": lambda local: local.isocalendar()[:2],
    "P1M": lambda local: (local.year, local.month),
    WHOLE: lambda _local: 0,
}


def label(moment: datetime, length: str, timezone: str) -> Hashable:
    """What all moments of one local period have in common."""
    local = moment.astimezone(ZoneInfo(timezone))
    if length in _CALENDAR:
        return _CALENDAR[length](local)
    hours = _HOURS.fullmatch(length)
    if not hours:
        raise ValueError(f"no such length of a period: {length}")
    return (local.date(), local.hour // int(hours[1]))


@cache
def run(start: datetime, length: str, timezone: str, last_day: date | None = None) -> tuple[datetime, ...]:
    """The quarters of the period that begins at `start`, each by its first instant in UTC."""
    begin = start.astimezone(UTC)
    wanted, zone = label(begin, length, timezone), ZoneInfo(timezone)
    quarters: list[datetime] = []
    moment = begin
    while len(quarters) < MOST_QUARTERS and label(moment, length, timezone) == wanted:
        if last_day is not None and moment.astimezone(zone).date() > last_day:
            break
        quarters.append(moment)
        moment += QUARTER
        if length == WHOLE and last_day is None:
            break
    return tuple(quarters)


@cache
def start_of(moment: datetime, length: str, timezone: str, first_day: date | None = None) -> datetime:
    """The first instant, in UTC, of the local period that holds `moment`."""
    zone = ZoneInfo(timezone)
    wanted = label(moment, length, timezone)
    start = EPOCH + (moment - EPOCH) // QUARTER * QUARTER
    for _ in range(MOST_QUARTERS):
        before = start - QUARTER
        outside = first_day is not None and before.astimezone(zone).date() < first_day
        if outside or label(before, length, timezone) != wanted or (length == WHOLE and first_day is None):
            break
        start = before
    return start


def end_of(start: datetime, length: str, timezone: str, last_day: date | None = None) -> datetime:
    """The end (excluded) of a period, in UTC."""
    return run(start, length, timezone, last_day)[-1] + QUARTER


def quarters_of(
    starts: Iterable[datetime | None], length: str, timezone: str, last_day: date | None = None
) -> pa.Table:
    """One row for each quarter (counted from 1970) of each published period (``start``)."""
    pairs = [
        ((quarter - EPOCH) // QUARTER, start.astimezone(UTC))
        for start in sorted({each for each in starts if each is not None})
        for quarter in run(start, length, timezone, last_day)
    ]
    return pa.table(
        {
            "quarter": pa.array([quarter for quarter, _ in pairs], pa.int64()),
            "start": pa.array([start for _, start in pairs], pa.timestamp("us", "UTC")),
        }
    )


def quarter_sql(column: str) -> str:
    """The quarter of a moment, rounded down also before 1970."""
    return f"CAST(floor(epoch_us({column}) / {QUARTER_US}) AS BIGINT)"
