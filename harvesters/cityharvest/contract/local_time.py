"""Local times without an offset, made UTC: where the clocks change, and what the offsets are in between.

Pure. A day has 92, 96 or 100 quarter-hours. In autumn one hour is written twice: the first time it is summer time, the
second time winter time, which only the order of a unit's rows in the file can tell. In spring one hour does not exist.
Source: the IANA time zone database, through ``zoneinfo``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from cityharvest.periods import Period, local_midnight, zone

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of the clocks: ``at`` in UTC, offsets before and after it."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def wall(self) -> datetime:
        """What the clocks on the wall show when they are changed."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def doubled(self) -> timedelta:
        """How much local time happens twice; zero in spring."""
        return max(self.before - self.after, timedelta())

    @property
    def skipped(self) -> timedelta:
        """How much local time does not exist; zero in autumn."""
        return max(self.after - self.before, timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDay:
    """One local date of a period, its bounds in UTC."""

    day: date
    start: datetime
    end: datetime

    def intervals(self, interval_s: int) -> int:
        """Return how many intervals the day has: 92, 96 or 100 quarter-hours; always one whole day."""
        if interval_s >= DAY.total_seconds():
            return 1
        return int((self.end - self.start).total_seconds()) // interval_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The local calendar of one period: offset at its beginning (a day of slack before it), changes, days."""

    first_offset: timedelta
    changes: tuple[Change, ...]
    days: tuple[LocalDay, ...]

    @classmethod
    def of(cls, period: Period) -> Calendar:
        """Return the calendar of a period."""
        start = period.start - DAY
        first = _offset(start, period.timezone)
        return cls(
            first_offset=first,
            changes=tuple(_changes(start, period.end + DAY, period.timezone)),
            days=tuple(_days(period)),
        )


def _changes(start: datetime, end: datetime, tz: str) -> Iterator[Change]:
    moments = [start + HOUR * number for number in range(int((end - start) / HOUR) + 1)]
    for earlier, later in pairwise(moments):
        if _offset(earlier, tz) != _offset(later, tz):
            at = _exactly(earlier, later, tz)
            yield Change(at=at, before=_offset(earlier, tz), after=_offset(later, tz))


def _exactly(earlier: datetime, later: datetime, tz: str) -> datetime:
    """Return the first second of the new offset."""
    old = _offset(earlier, tz)
    while later - earlier > SECOND:
        middle = earlier + (later - earlier) // 2
        middle = middle.replace(microsecond=0)
        if middle == earlier:
            break
        earlier, later = (middle, later) if _offset(middle, tz) == old else (earlier, middle)
    return later


def _offset(moment: datetime, tz: str) -> timedelta:
    offset = moment.astimezone(zone(tz)).utcoffset()
    assert offset is not None  # noqa: S101 - every ZoneInfo has one
    return offset


def _days(period: Period) -> Iterator[LocalDay]:
    day, start = period.first_day, period.start
    while day <= period.last_day:
        day += DAY
        end = local_midnight(day, period.timezone)
        yield LocalDay(day=day - DAY, start=start.astimezone(UTC), end=end)
        start = end
