"""Local months and days of the demo region as quarter-hours, with the days of 92 and 100 quarters.

Boundary: pure; the caller says which moment it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

TIMEZONE = ZoneInfo("Europe/Ljubljana")
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in local time."""

    year: int
    month: int

    @classmethod
    def parse(cls, key: str) -> Month:
        """Read a key such as `2026-10`.

        Raises:
            ValueError: when the key is not a month.
        """
        first = date.fromisoformat(f"{key}-01")
        return cls(first.year, first.month)

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """Return the local month in which a moment lies."""
        local = moment.astimezone(TIMEZONE)
        return cls(local.year, local.month)

    @property
    def key(self) -> str:
        """The month as `2026-10`."""
        return f"{self.year:04d}-{self.month:02d}"

    def plus(self, months: int) -> Month:
        """Return the month that lies so many months later (or earlier)."""
        years, month0 = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(years, month0 + 1)

    @property
    def start(self) -> datetime:
        """The first moment of the month, in UTC."""
        return datetime(self.year, self.month, 1, tzinfo=TIMEZONE).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first moment after the month, in UTC."""
        return self.plus(1).start


def demo_months(now: datetime) -> tuple[Month, Month]:
    """Return the last two complete months, the earlier one first."""
    current = Month.of(now)
    return current.plus(-2), current.plus(-1)


def local_quarters(start: datetime, end: datetime) -> list[datetime]:
    """Return the local start of each quarter-hour in a span; an hour that happens twice is listed twice, in order."""
    count = (end - start) // QUARTER
    return [(start.astimezone(UTC) + i * QUARTER).astimezone(TIMEZONE) for i in range(count)]


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first moment of a local day and the first moment after it, in UTC."""
    following = day + timedelta(days=1)
    first, after = (datetime(d.year, d.month, d.day, tzinfo=TIMEZONE) for d in (day, following))
    return first.astimezone(UTC), after.astimezone(UTC)
