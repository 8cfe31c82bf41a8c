"""A column that is new in each row or each day is no unit; a precise place of one's own is a home."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from assess_tables import relation

from disclosure.assess import Questions, assess
from disclosure.identifiers import Kind
from disclosure.rowid import UnitEvidence, row_id_reason, unit_evidence
from disclosure.spec import Spec

TRIPS = pa.schema([("zone", pa.string()), ("at", pa.timestamp("us", "UTC")), ("rider", pa.string())])
START = datetime(2026, 10, 23, 6, tzinfo=UTC)


def _trips(rider_of, days=4, riders=25, each=2):
    return [
        {"zone": "z", "at": START + timedelta(days=day, minutes=number), "rider": rider_of(day, rider)}
        for day in range(days)
        for rider in range(riders)
        for number in range(each)
    ]


def _held(rows):
    with relation(rows, TRIPS) as con:
        spec = Spec(unit="rider", zone="zone", time="at", timezone="Europe/Ljubljana")
        risk = assess(con, "data", spec)
    assert risk.may_be_released == (risk.units[0].held is None)
    return risk.units[0].held


def test_riders_who_come_back_are_units():
    assert _held(_trips(lambda day, rider: f"r{rider}")) is None


def test_unit_drawn_anew_each_day_is_held():
    assert _held(_trips(lambda day, rider: f"r{day}-{rider}")) == "unit-looks-rekeyed"


def test_unit_that_differs_in_every_row_is_held():
    rows = [{**row, "rider": str(number)} for number, row in enumerate(_trips(lambda day, rider: ""))]
    assert _held(rows) == "unit-looks-like-row-id"


def test_spellings_of_a_unit_do_not_hide_that_it_differs_in_every_row():
    rows = [{**row, "rider": f" r{number} "} for number, row in enumerate(_trips(lambda day, rider: ""))]
    assert _held(rows) == "unit-looks-like-row-id"


def test_one_visit_for_each_unit_and_day_is_not_taken_for_new_keys():
    evidence = UnitEvidence(rows=200, units=100, days=4, recurring=0, busy_days=0)
    assert row_id_reason(evidence) is None


@pytest.mark.parametrize(
    ("units", "reason"), [(90, None), (91, "unit-looks-like-row-id")], ids=["at-the-limit", "above"]
)
def test_limit_of_row_ids_is_ninety_percent(units, reason):
    assert row_id_reason(UnitEvidence(rows=100, units=units)) == reason


@pytest.mark.parametrize(("recurring", "reason"), [(2, "unit-looks-rekeyed"), (3, None)], ids=["at-the-limit", "above"])
def test_limit_of_new_keys_is_two_percent(recurring, reason):
    evidence = UnitEvidence(rows=400, units=100, days=4, recurring=recurring, busy_days=50)
    assert row_id_reason(evidence) == reason


def test_few_rows_are_not_judged():
    assert row_id_reason(UnitEvidence(rows=19, units=19)) is None


def test_days_are_those_of_the_local_calendar():
    # One evening and the next morning in UTC are one day in Ljubljana.
    rows = [
        {"zone": "z", "at": datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "rider": "a"},
        {"zone": "z", "at": datetime(2026, 7, 2, 5, 0, tzinfo=UTC), "rider": "a"},
    ]
    with relation(rows, TRIPS) as con:
        evidence = unit_evidence(con, "data", "rider", "at", "Europe/Ljubljana")
    assert (evidence.days, evidence.recurring) == (1, 0)


def test_missing_units_are_one_and_their_rows_are_told():
    rows = _trips(lambda day, rider: None if rider == 0 else f"r{rider}")
    with relation(rows, TRIPS) as con:
        unit = assess(con, "data", Spec(unit="rider", zone="zone", time="at")).units[0]
    assert (unit.units, unit.missing_rows) == (25, 8)


def test_table_without_a_unit_is_measured_and_cannot_be_released():
    with relation(_trips(lambda day, rider: "r"), TRIPS) as con:
        risk = assess(con, "data", Spec(unit=None, zone="zone", time="at"))
    assert not risk.may_be_released
    assert risk.findings[0].code == "unit-missing"


PLACES = pa.schema([("who", pa.string()), ("lat", pa.float64()), ("lon", pa.float64())])


def _suspected(rows):
    with relation(rows, PLACES) as con:
        spec = Spec(unit="who", quasi=("lat",))
        found = assess(con, "data", spec, Questions(small_sets=False)).identifiers
    return {each.column for each in found if each.kind is Kind.HOME_COORDINATES}


def test_precise_place_of_one_unit_alone_is_a_home():
    rows = [
        {"who": f"p{person}", "lat": 46.05121 + person * 0.00137, "lon": 14.50513 + person * 0.00171}
        for person in range(30)
        for _ in range(3)
    ]
    assert _suspected(rows) == {"lat", "lon"}


def test_places_that_units_share_are_no_homes():
    rows = [
        {"who": f"p{person}", "lat": 46.05121 + stop * 0.00137, "lon": 14.50513}
        for person in range(30)
        for stop in range(5)
    ]
    assert _suspected(rows) == set()


def test_coarse_places_are_no_homes():
    rows = [{"who": f"p{person}", "lat": 46.0 + person / 100, "lon": 14.5} for person in range(30) for _ in range(3)]
    assert _suspected(rows) == set()
