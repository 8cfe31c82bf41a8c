"""A household that moves in between two periods, and what the totals tell about it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from history_world import PRESET, SPEC, load

from disclosure import attacks, protect
from disclosure.attacks import Truth, Verdict, target_of
from disclosure.engine import connect
from disclosure.policies.cell_key import CellKey
from disclosure.policies.threshold import Threshold
from disclosure.site import SiteRules

SITE = SiteRules(key=bytes(range(32)))
ZONES, HOURS = 8, 12


@pytest.fixture
def con(tmp_path):
    """In memory, and blind to every folder but the test's own."""
    with connect(tmp_path, "500MB") as connection:
        yield connection


def fixed_fees(meter, hour):
    """The same every hour, but different for each meter."""
    return round(random.Random(meter).uniform(1, 100), 2)


def readings(meter, hour):
    """Consumption that goes up and down from hour to hour."""
    return round(fixed_fees(meter, hour) * random.Random(f"{meter}-{hour}").uniform(0.2, 1.8), 2)


def attacked(con, value, policy):
    rows = [
        (f"m{zone:02}-{number:02}", f"z{zone}", hour, value(f"m{zone:02}-{number:02}", hour))
        for zone in range(ZONES)
        for number in range(20)
        for hour in range(HOURS)
    ]
    load(con, "data", rows)
    made = protect(con, "data", SPEC, PRESET, policy, SITE)
    target = target_of(made, SPEC, PRESET, site=SITE, truth=Truth(con=con, relation="data"))
    return attacks.run("joiner-leaver", target, seed=1)


def test_amounts_that_never_vary_give_a_joiner_away(con):
    result = attacked(con, fixed_fees, Threshold())
    assert (result.verdict, result.reason) == (Verdict.BROKEN, "joiner-is-estimated")


def test_the_same_amounts_under_a_cell_key_do_not(con):
    assert attacked(con, fixed_fees, CellKey()).verdict is Verdict.SURVIVED


def test_readings_that_vary_hide_a_joiner_by_themselves(con):
    assert attacked(con, readings, Threshold()).verdict is Verdict.SURVIVED


def test_without_an_amount_or_a_second_period_there_is_nothing_to_estimate(con):
    load(con, "data", [(f"m{n}", "a", hour, 1.0) for n in range(20) for hour in (0, 0.25)])
    made = protect(con, "data", SPEC, PRESET)
    target = target_of(made, SPEC, PRESET, truth=Truth(con=con, relation="data"))
    assert attacks.run("joiner-leaver", target, seed=1).reason == "too-few-periods"
    counts = replace(SPEC, measures={})
    target = replace(target, table=protect(con, "data", counts, PRESET).table, spec=counts)
    assert attacks.run("joiner-leaver", target, seed=1).reason == "no-totals-in-sequence"
