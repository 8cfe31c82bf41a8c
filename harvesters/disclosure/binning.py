"""Time bins as SQL: half-open periods in stated local time, kept as the UTC instant at which they begin.

Days follow the local calendar, so they last 23, 24 or 25 hours. Shorter bins are cut on the local wall clock with the
offset that holds at the reading, so the hour that a clock change repeats stays two different hours. (Where a clock
changes by half an hour, as on Lord Howe Island, the two hourly bins around the change overlap on paper; each reading
is still in exactly one of them.)
"""

from __future__ import annotations

from disclosure.spec import Spec, TimeBin
from disclosure.sqltext import ident, literal

_BIN_INTERVAL = {TimeBin.QUARTER_HOUR: "INTERVAL 15 MINUTES", TimeBin.HOUR: "INTERVAL 1 HOUR"}


def period_start_sql(spec: Spec) -> str:
    """The expression that turns the time column into the start of its period (TIMESTAMPTZ)."""
    column, zone = ident(spec.time), literal(spec.timezone)
    local = f"timezone({zone}, {column})"
    if spec.time_bin is TimeBin.DAY:
        return f"timezone({zone}, date_trunc('day', {local}))"
    floor = f"time_bucket({_BIN_INTERVAL[spec.time_bin]}, {local})"
    return f"{column} - ({local} - {floor})"
