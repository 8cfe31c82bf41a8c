"""Time as an axis of a ladder: local periods, half-open, each known by the UTC instant at which it begins.

Every quarter of an hour gets the local wall clock of the stated zone, and a period is the run of quarters that share
a local date, or a date and an hour, or a date and a group of hours. Nothing is computed with lengths, so days last
23, 24 or 25 hours, a three-hour period two to four, an hour that does not exist is not there, and the hour that a
clock change repeats is two hours at the hourly level and lies in one period at every longer one.

Boundary: zoneinfo and whole numbers. The gate maps times by the engine's own calendar instead (``recounts``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.rollup.ladder import DAY, MONTH, QUARTER, WEEK, hours
from disclosure.space.axis import WHOLE, Axis, Numbers, capacities
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import ident, one_row

QUARTER_US = 900_000_000
MOST_QUARTERS = 400_000
"""Eleven years; a longer span means a wrong date in the input."""

_KEYS: dict[str, Callable[[datetime], Hashable]] = {
    DAY: lambda local: local.date(),
    WEEK: lambda local: local.isocalendar()[:2],
    MONTH: lambda local: (local.year, local.month),
    WHOLE: lambda _: 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Covers:
    """Local days that the data cover, the last one included; nothing outside can have happened.

    Raises:
        SpecInvalid: code ``covers-empty``.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise SpecInvalid("covers-empty")

    @property
    def days(self) -> int:
        """Number of local days."""
        return (self.last - self.first).days + 1


def time_axis(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    spec: Spec,
    times: Sequence[str],
    covers: Covers | None,
    closed_hours: frozenset[int] = frozenset(),
) -> Axis:
    """Number the periods of each level.

    Args:
        con: an open connection.
        relation: the input.
        spec: names the time column and the local time.
        times: lengths of the levels, finest first.
        covers: the declared days; without them, the days of the input, widened to the coarsest period.
        closed_hours: local hours (0-23) in which nothing can happen, as everybody knows.

    Raises:
        DisclosureRefused: code ``time-span-too-long``.
    """
    zone = ZoneInfo(spec.timezone)
    days = covers or _days_of(con, relation, spec, zone, times[-1])
    begin = _midnight(days.first, zone)
    count = (_midnight(days.last + timedelta(days=1), zone) - begin) // timedelta(minutes=15)
    if count > MOST_QUARTERS:
        raise DisclosureRefused("time-span-too-long", column=spec.time)
    locals_ = [(begin + timedelta(minutes=15 * each)).astimezone(zone) for each in range(count)]
    numbers = [_numbered(locals_, each) for each in times]
    starts = [np.unique(each, return_index=True)[1].astype(np.int64) for each in numbers]
    parents = tuple(
        None if fine == coarse else numbers[step + 1][starts[step]]
        for step, (fine, coarse) in enumerate(pairwise(times))
    )
    closed = np.array([each.hour in closed_hours for each in locals_], dtype=np.bool_)
    possible = np.bincount(numbers[0][~closed], minlength=len(starts[0])) > 0
    sizes = tuple(len(each) for each in starts)
    begin_us = int(begin.timestamp()) * 1_000_000

    def labels(level: int, wanted: Numbers) -> pa.Array:
        return pa.array(begin_us + starts[level][wanted] * QUARTER_US, pa.timestamp("us", "UTC"))

    moment = f"epoch_us({ident(spec.time)})"
    end_us = begin_us + count * QUARTER_US
    inside = f"{moment} >= {begin_us} AND {moment} < {end_us}"
    return Axis(
        name=PERIOD_COLUMN,
        finest=f"CASE WHEN {inside} THEN ({moment} - {begin_us}) // {QUARTER_US} END",
        lookup=pa.table({"raw": pa.array(range(count), pa.int64()), "id": pa.array(numbers[0], pa.int64())}),
        sizes=sizes,
        parents=parents,
        capacity=capacities(possible, parents, sizes),
        possible=possible,
        labels=labels,
    )


def _numbered(locals_: Sequence[datetime], time: str) -> Numbers:
    """The number of the period of each quarter; periods are runs, and a key that comes back would be a broken clock."""
    key = _key(time)
    found: list[int] = []
    seen: set[Hashable] = set()
    last: Hashable = None
    for local in locals_:
        now = key(local)
        if now != last:
            if now in seen:
                raise DisclosureRefused("clock-not-monotonic", length=time)
            seen.add(now)
            last = now
        found.append(len(seen) - 1)
    return np.array(found, dtype=np.int64)


def _key(time: str) -> Callable[[datetime], Hashable]:
    if time in _KEYS:
        return _KEYS[time]
    if time == QUARTER:
        return lambda local: local.astimezone(UTC)
    length = hours(time) or 1
    if length == 1:
        # The offset keeps the two hours apart that a clock change gives one name.
        return lambda local: (local.date(), local.hour, local.utcoffset())
    return lambda local: (local.date(), local.hour // length)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _days_of(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, zone: ZoneInfo, coarsest: str) -> Covers:
    """The days of the input, widened to whole periods of the coarsest length, so that none is cut short."""
    moment = ident(spec.time)
    first, last = one_row(con, f"SELECT min({moment}), max({moment}) FROM {ident(relation)}")
    if first is None or last is None:
        first = last = datetime(1970, 1, 1, tzinfo=UTC)
    begin, end = first.astimezone(zone).date(), last.astimezone(zone).date()
    if coarsest == WEEK:
        begin -= timedelta(days=begin.weekday())
        end += timedelta(days=6 - end.weekday())
    if coarsest == MONTH:
        begin = begin.replace(day=1)
        end = (end.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    if (end - begin).days * 96 > MOST_QUARTERS:
        raise DisclosureRefused("time-span-too-long", column=spec.time)
    return Covers(first=begin, last=end)
