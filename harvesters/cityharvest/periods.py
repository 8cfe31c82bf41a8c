"""Periods of a mandate: which stretch of local time a delivery is for, and when it is due.

Pure. Keys are ``2026-10-31`` (day), ``2026-10`` (month), ``2026-Q4`` (quarter), ``2026`` (year). Starts and ends
are local midnights of the mandate's time zone, given in UTC, so a day has 23, 24 or 25 hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from cityharvest.errors import WrongCall


class Cadence(StrEnum):
    """How often a mandate expects a delivery."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_KEYS = {
    Cadence.DAY: re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"),
    Cadence.MONTH: re.compile(r"([0-9]{4})-([0-9]{2})"),
    Cadence.QUARTER: re.compile(r"([0-9]{4})-Q([1-4])"),
    Cadence.YEAR: re.compile(r"([0-9]{4})"),
}
_MONTHS = {Cadence.MONTH: 1, Cadence.QUARTER: 3, Cadence.YEAR: 12}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """One period: ``start`` belongs to it, ``end`` does not (both UTC)."""

    start: datetime
    end: datetime
    cadence: Cadence
    key: str
    timezone: str

    @classmethod
    def parse(cls, cadence: str, key: str, tz: str) -> Period:
        """Return the period that a key names.

        Raises:
            WrongCall: ``period-invalid``, the key is not one of this cadence or names no real date;
                ``cadence-unknown`` or ``timezone-unknown``.
        """
        known = _cadence(cadence)
        match = _KEYS[known].fullmatch(key)
        if match is None:
            raise WrongCall("period-invalid", period=key, cadence=str(known))
        numbers = [int(part) for part in match.groups()]
        if known is Cadence.QUARTER:
            numbers[1] = numbers[1] * 3 - 2
        try:
            first = date(*[*numbers, 1, 1][:3])
            return cls.containing(known, first, tz)
        except (ValueError, OverflowError) as error:
            raise WrongCall("period-invalid", period=key, cadence=str(known)) from error

    @classmethod
    def containing(cls, cadence: str, day: date, tz: str) -> Period:
        """Return the period that a local date falls in; raises as ``parse`` does."""
        known = _cadence(cadence)
        first = _first_day(known, day)
        following = _following(known, first)
        return cls(
            start=local_midnight(first, tz),
            end=local_midnight(following, tz),
            cadence=known,
            key=_key(known, first),
            timezone=tz,
        )

    def next(self) -> Period:
        """Return the period after this one."""
        return Period.containing(self.cadence, self.end.astimezone(zone(self.timezone)).date(), self.timezone)

    @property
    def first_day(self) -> date:
        """First local date."""
        return self.start.astimezone(zone(self.timezone)).date()

    @property
    def last_day(self) -> date:
        """Last local date."""
        return self.end.astimezone(zone(self.timezone)).date() - timedelta(days=1)

    def due_at(self, due_days: int) -> datetime:
        """Return when the delivery is due: the local midnight that ends the last of ``due_days`` full days."""
        return local_midnight(self.last_day + timedelta(days=due_days + 1), self.timezone)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return a time zone of the IANA database.

    Raises:
        WrongCall: ``timezone-unknown``.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise WrongCall("timezone-unknown", timezone=name) from error


def local_midnight(day: date, tz: str) -> datetime:
    """Return the first moment of a local date, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone(tz)).astimezone(UTC)


def periods_between(cadence: str, tz: str, first: date, last: date) -> Iterator[Period]:
    """Yield the periods that lie wholly within two local dates, both included, in order."""
    period = Period.containing(cadence, first, tz)
    if period.first_day < first:
        period = period.next()
    while period.last_day <= last:
        yield period
        period = period.next()


def expected_periods(
    cadence: str, tz: str, *, starts_on: date, ends_on: date | None, now: datetime
) -> Iterator[Period]:
    """Yield the periods of a mandate that have begun: those a delivery can be expected or collected for.

    Args:
        cadence: of the mandate.
        tz: its time zone.
        starts_on: first local date it covers; a period that begins earlier is not expected.
        ends_on: last local date it covers, or None; a period that ends later is not expected.
        now: database time.
    """
    period = Period.containing(cadence, starts_on, tz)
    if period.first_day < starts_on:
        period = period.next()
    while period.start <= now and (ends_on is None or period.last_day <= ends_on):
        yield period
        period = period.next()


def _cadence(value: str) -> Cadence:
    try:
        return Cadence(value)
    except ValueError as error:
        raise WrongCall("cadence-unknown", cadence=str(value)) from error


def _first_day(cadence: Cadence, day: date) -> date:
    if cadence is Cadence.DAY:
        return day
    months = _MONTHS[cadence]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _following(cadence: Cadence, first: date) -> date:
    if cadence is Cadence.DAY:
        return first + timedelta(days=1)
    months = first.year * 12 + first.month - 1 + _MONTHS[cadence]
    return date(months // 12, months % 12 + 1, 1)


def _key(cadence: Cadence, first: date) -> str:
    if cadence is Cadence.DAY:
        return first.isoformat()
    if cadence is Cadence.MONTH:
        return f"{first.year:04d}-{first.month:02d}"
    if cadence is Cadence.QUARTER:
        return f"{first.year:04d}-Q{(first.month + 2) // 3}"
    return f"{first.year:04d}"
