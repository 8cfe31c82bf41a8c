"""Boundaries and minimality: labels that were read off the data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from attack_world import HOURLY, engine, handmade, load, people, printed, released

from disclosure import Spec
from disclosure.attacks import Verdict, run
from disclosure.policies.recode import Recode
from disclosure.recoding.hierarchy import Hierarchy

AGES = Hierarchy.of_intervals("age", 0, 99, (10, 50))
REGISTER = Spec(unit="person", quasi=("age",))
POLICY = Recode(hierarchies={"age": AGES}, one_record_per_unit=True)


def test_observed_extremes_are_somebodys_ages():
    """A class of ages 31 to 47 printed as "31-47" says that somebody is 31 and somebody 47."""
    ages = [31, 33, 35, 36, 38, 41, 42, 44, 45, 47, 47]
    by_hand = printed([(n, "31-47") for n in range(len(ages))], ("record", "age"), REGISTER, policy=POLICY)
    leaking = run("minimality", by_hand)
    assert (leaking.broken, leaking.reason) == (True, "label-from-the-data")
    with engine() as con:
        load(con, [(f"p{n}", str(age)) for n, age in enumerate(ages)], ("person", "age"))
        repaired = released(con, REGISTER, policy=POLICY)
        assert run("minimality", repaired).verdict is Verdict.SURVIVED
        assert set(repaired.table.column("age").to_pylist()) == {"0-49"}


@pytest.mark.parametrize(("labels", "broken"), [(("0-20", "15-40"), True), (("0-20", "21-40", "0-40"), False)])
def test_ranges_of_a_zone_column_nest_or_are_apart(labels, broken):
    rows = [(label, 30) for label in labels]
    assert run("minimality", printed(rows, ("zone", "units"), Spec(unit="person", zone="zone"))).broken is broken


def test_period_begins_where_the_calendar_says():
    """The first reading of a period as its start tells when the first person came."""
    with engine() as con:
        load(con, people("a", 12, start=SPEC_START))
        by_first = HOURLY.replace("date_trunc('hour', ts)", "min(ts)").replace("GROUP BY ALL", "GROUP BY zone")
        leaking = handmade(con, by_first.format(having="units >= 10"))
        assert run("minimality", leaking).reason == "period-off-the-calendar"
        assert run("minimality", released(con)).verdict is Verdict.SURVIVED


def test_column_that_no_policy_describes_is_found():
    with engine() as con:
        load(con, people("a", 12))
        repaired = released(con)
        extra = replace(repaired, table=repaired.table.append_column("largest", [["1.0"] * repaired.table.num_rows]))
        assert run("minimality", extra).reason == "column-not-described"


SPEC_START = people("a", 1)[0][2] + timedelta(minutes=7)
