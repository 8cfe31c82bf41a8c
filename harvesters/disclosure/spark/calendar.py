"""Periods for an engine without our time zones: each quarter of an hour with the start of its period.

Engines carry time-zone tables of different years and cut days differently around clock changes. So the periods are
made here with Python's zoneinfo and joined by whole seconds. All offsets of today are multiples of 15 minutes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from disclosure.errors import DisclosureRefused
from disclosure.spec import Spec, TimeBin

QUARTER_SECONDS: Final = 900
MOST_QUARTERS: Final = 400_000
"""Eleven years; a longer span means a wrong date in the input."""


def periods(first: int, last: int, spec: Spec) -> pa.Table:
    """Columns ``quarter`` and ``start`` (seconds since 1970) for all quarters from the first to the last second.

    Raises:
        DisclosureRefused: code ``span-too-long``.
    """
    begin = first - first % QUARTER_SECONDS
    if (last - begin) // QUARTER_SECONDS > MOST_QUARTERS:
        raise DisclosureRefused("span-too-long")
    quarters = list(range(begin, last + 1, QUARTER_SECONDS))
    zone = ZoneInfo(spec.timezone)
    starts = [_start(quarter, zone, spec.time_bin) for quarter in quarters]
    return pa.table({"quarter": pa.array(quarters, pa.int64()), "start": pa.array(starts, pa.int64())})


def _start(quarter: int, zone: ZoneInfo, time_bin: TimeBin) -> int:
    if time_bin is TimeBin.QUARTER_HOUR:
        return quarter
    local = datetime.fromtimestamp(quarter, UTC).astimezone(zone)
    if time_bin is TimeBin.DAY:
        return int(datetime(local.year, local.month, local.day, tzinfo=zone).timestamp())
    # The offset of the reading holds, so the hour that a clock change repeats stays two hours.
    return quarter - local.minute * 60
