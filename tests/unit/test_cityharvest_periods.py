"""Rule: periods are stretches of the mandate's local time; a due date ends the last of so many full days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityharvest.errors import WrongCall
from cityharvest.periods import Cadence, Period, expected_periods, periods_between

TZ = "Europe/Ljubljana"


@pytest.mark.parametrize(
    ("cadence", "key", "start", "end"),
    [
        ("month", "2026-10", datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("day", "2026-10-31", datetime(2026, 10, 30, 23, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ("quarter", "2026-Q4", datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("year", "2026", datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_key_names_a_stretch_of_local_time(cadence: str, key: str, start: datetime, end: datetime) -> None:
    period = Period.parse(cadence, key, TZ)
    assert (period.start, period.end, period.key) == (start, end, key)


@pytest.mark.parametrize(("key", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_local_day_has_as_many_hours_as_it_has(key: str, hours: int) -> None:
    period = Period.parse("day", key, TZ)
    assert period.end - period.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("cadence", "key"),
    [
        ("month", "2026-13"),
        ("month", "2026-1"),
        ("month", "2026-10-01"),
        ("day", "2026-02-29"),
        ("day", "2026-10-31 "),
        ("quarter", "2026-Q5"),
        ("year", "0000"),
        ("year", "２０２６"),
        ("day", "../../etc"),
        ("year", "9999"),
    ],
)
def test_a_key_of_another_shape_or_no_date_is_refused(cadence: str, key: str) -> None:
    with pytest.raises(WrongCall) as caught:
        Period.parse(cadence, key, TZ)
    assert caught.value.code == "period-invalid"


def test_an_unknown_cadence_or_zone_is_refused() -> None:
    with pytest.raises(WrongCall, match="cadence-unknown"):
        Period.parse("week", "2026", TZ)
    with pytest.raises(WrongCall, match="timezone-unknown"):
        Period.parse("year", "2026", "Europe/Atlantis")


def test_due_days_are_full_local_days_after_the_period() -> None:
    period = Period.parse("month", "2026-10", TZ)
    assert period.due_at(0) == period.end
    assert period.due_at(15) == datetime(2026, 11, 15, 23, tzinfo=UTC)


def test_periods_follow_each_other_across_the_year() -> None:
    period = Period.parse("quarter", "2026-Q4", TZ)
    assert period.next().key == "2027-Q1"
    assert period.next().start == period.end


def test_a_mandate_expects_the_periods_that_have_begun_and_lie_within_it() -> None:
    keys = [
        period.key
        for period in expected_periods(
            "month", TZ, starts_on=date(2026, 8, 15), ends_on=None, now=datetime(2026, 10, 31, 22, 59, tzinfo=UTC)
        )
    ]
    assert keys == ["2026-09", "2026-10"]


def test_a_period_is_expected_from_its_first_local_moment_on() -> None:
    midnight = datetime(2026, 10, 31, 23, tzinfo=UTC)
    spans = {"starts_on": date(2026, 11, 1), "ends_on": None}
    assert not list(expected_periods("month", TZ, now=midnight - timedelta(microseconds=1), **spans))
    assert [one.key for one in expected_periods("month", TZ, now=midnight, **spans)] == ["2026-11"]


def test_a_period_that_ends_after_its_mandate_is_not_expected() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    found = expected_periods("month", TZ, starts_on=date(2026, 10, 1), ends_on=date(2026, 11, 29), now=now)
    assert [one.key for one in found] == ["2026-10"]


def test_the_periods_between_two_dates_lie_wholly_within_them() -> None:
    found = periods_between("month", TZ, date(2026, 1, 2), date(2026, 4, 30))
    assert [one.key for one in found] == ["2026-02", "2026-03", "2026-04"]


@given(day=st.dates(date(1990, 1, 1), date(2100, 1, 1)), cadence=st.sampled_from(list(Cadence)))
def test_every_date_lies_in_exactly_the_period_that_its_key_names(day: date, cadence: Cadence) -> None:
    period = Period.containing(cadence, day, TZ)
    assert period.first_day <= day <= period.last_day
    assert Period.parse(cadence, period.key, TZ) == period
    assert period.next().start == period.end
