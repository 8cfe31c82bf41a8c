"""Trajectory recovery and membership inference over a month of aggregates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest
from generators.commuters import START, City, commuters
from history_world import PRESET

from disclosure import Spec, attacks, protect
from disclosure.attacks import Truth, Verdict, target_of
from disclosure.attacks.trajectory import limits, residuals
from disclosure.engine import connect
from disclosure.policies.rollup import Rollup, ladder
from disclosure.policies.threshold import Threshold
from disclosure.rollup.calendar import Covers
from disclosure.space import Zones

SPEC = Spec(unit="person", zone="zone", time="ts")
LEAST_ONE = replace(PRESET.parameters["min_units"], value=1)
UNPROTECTED = replace(PRESET, parameters={**PRESET.parameters, "min_units": LEAST_ONE})


@pytest.fixture
def con(tmp_path):
    """In memory, and blind to every folder but the test's own."""
    with connect(tmp_path, "500MB") as connection:
        yield connection


def release(con, rows, preset=PRESET, policy=None):
    columns = zip(*rows, strict=True)
    con.register("rows_in", pa.table(dict(zip(("person", "zone", "ts"), map(list, columns), strict=True))))
    con.execute("CREATE OR REPLACE TABLE data AS SELECT * FROM rows_in")
    con.unregister("rows_in")
    made = protect(con, "data", SPEC, preset, policy or Threshold())
    return target_of(made, SPEC, preset, truth=Truth(con=con, relation="data"))


def lone_travelers(copies=1):
    """Ten ways that never cross: one leaves home each hour, for a place of its own. `copies` people on each way."""
    for way in range(10):
        for copy in range(copies):
            for hour in range(24):
                place = f"work{way}" if 6 + way <= hour < 20 else f"home{way}"
                yield f"p{way}-{copy}", place, START + timedelta(hours=hour)


def test_ways_of_single_people_are_recovered_from_counts_without_protection(con):
    result = attacks.run("trajectory", release(con, lone_travelers(), UNPROTECTED), seed=1)
    assert (result.verdict, result.reason) == (Verdict.BROKEN, "recovery-above-limit")


def test_the_same_people_under_a_least_number_of_units_are_not(con):
    assert attacks.run("trajectory", release(con, lone_travelers()), seed=1).verdict is Verdict.SURVIVED


def test_twelve_who_always_travel_together_are_held_although_no_cell_is_small(con):
    """A least number of units does not hide where all of them go: whoever knows one, knows the way."""
    result = attacks.run("trajectory", release(con, lone_travelers(copies=12)), seed=1)
    assert (result.verdict, result.reason) == (Verdict.BROKEN, "recovery-above-limit")


def rolled_up():
    """Hours in single places, then the day in the whole city."""
    tree = {f"{kind}{way}": ("city",) for way in range(10) for kind in ("home", "work")}
    return Rollup(
        space=Zones(of=("zone",), levels=("zone", "city"), parents=tree),
        levels=ladder(("zone", "PT1H"), ("city", "P1D")),
        covers=Covers(first=START.date(), last=START.date()),
        max_share_percent=100,
    )


def test_the_finest_level_of_a_rolled_up_table_is_followed_too(con):
    together = release(con, lone_travelers(copies=12), policy=rolled_up())
    assert attacks.run("trajectory", together, seed=1).reason == "recovery-above-limit"
    few = release(con, lone_travelers(copies=3), policy=rolled_up())
    assert attacks.run("trajectory", few, seed=1).verdict is Verdict.SURVIVED


def test_a_city_of_commuters_leaves_a_residual_below_the_limits(con):
    target = release(con, commuters(City(people=240, days=2), seed=5))
    assert attacks.run("trajectory", target, seed=1).verdict is Verdict.SURVIVED
    measured = residuals(target, seed=1)
    assert all(measured[name] <= most for name, most in limits(PRESET).items())


def test_a_measured_residual_never_stands_in_what_may_be_published(con):
    result = attacks.run("trajectory", release(con, lone_travelers(), UNPROTECTED), seed=1)
    assert set(result.figures) == {"seeds", "targets", "days", "group"}
    assert result.findings


def test_membership_of_regular_people_shows_more_without_protection(con):
    """Forty people, each in a zone of his own kind: counts of one give members away."""
    people = list(commuters(City(people=60, zones=30, days=1, seen=1.0), seed=2))
    open_table = residuals(release(con, people, UNPROTECTED), seed=1)["membership"]
    assert open_table > residuals(release(con, people), seed=1)["membership"]


def test_limits_follow_the_least_number_of_units():
    assert limits(PRESET)["recovery"] == pytest.approx(0.1)
    assert limits(PRESET)["membership"] == pytest.approx(0.124 + 0.08, abs=0.001)
    assert limits(UNPROTECTED)["recovery"] == pytest.approx(0.1)


def test_nothing_can_be_followed_where_identifiers_rotate(con):
    target = release(con, lone_travelers())
    assert attacks.run("trajectory", replace(target, truth=None), seed=1).reason == "input-needed"
    rotating = replace(SPEC, presence="simultaneous", count_rows_as="present")
    assert attacks.run("trajectory", replace(target, spec=rotating), seed=1).reason == "identifiers-rotate"
