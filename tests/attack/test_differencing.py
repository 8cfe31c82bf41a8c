"""Differencing: two releases, and what is left when one is subtracted from the other."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.compute as pc
import pytest
from history_world import PRESET, SPEC, load, meters

from disclosure import TimeBin, attacks, changes, protect, safe_correction
from disclosure.attacks import Truth, Verdict, target_of
from disclosure.engine import connect
from disclosure.policies.cell_key import CellKey
from disclosure.site import SiteRules

SITE = SiteRules(key=bytes(range(32)))
DISTRICTS, CITY = replace(SPEC, zone="district"), replace(SPEC, zone="city")


@pytest.fixture
def con(tmp_path):
    """In memory, and blind to every folder but the test's own."""
    with connect(tmp_path, "500MB") as connection:
        yield connection


def release(con, relation, spec=SPEC, **other):
    made = protect(con, relation, spec, PRESET)
    return target_of(made, spec, PRESET, truth=Truth(con=con, relation=relation), **other)


def attacked(target):
    return attacks.run("differencing", target, seed=1)


def test_correction_under_a_union_of_suppressions_is_caught(con):
    """Version 2 withholds all that either version withholds; the unit that left is seen in what both print."""
    load(con, "first", meters("a", 20) + meters("b", 12, first=100))
    load(con, "second", meters("a", 19) + meters("b", 9, first=100))
    earlier = release(con, "first")
    second = release(con, "second", earlier=(earlier,))
    united = replace(second, table=second.table.filter(pc.equal(second.table.column("zone"), "a")))
    assert attacked(united).verdict is Verdict.BROKEN
    assert not safe_correction(con, "first", "second", SPEC, PRESET).safe


def test_correction_that_the_house_lets_through_survives(con):
    load(con, "first", meters("a", 30))
    load(con, "second", meters("a", 30, kwh=2.0))
    assert safe_correction(con, "first", "second", SPEC, PRESET).safe
    assert attacked(release(con, "second", earlier=(release(con, "first"),))).verdict is Verdict.SURVIVED


def test_union_of_two_cells_between_which_units_moved_is_caught(con):
    movers = meters("a", 12, first=100)
    moved = [(unit, "b", hour, kwh) for unit, _, hour, kwh in movers]
    stay = meters("a", 20) + meters("b", 20, first=50)
    changed = [(unit, zone, hour, 9.0 if unit == "m050" else kwh) for unit, zone, hour, kwh in stay]
    load(con, "first", stay + movers)
    load(con, "second", changed + moved)
    assert attacked(release(con, "second", earlier=(release(con, "first"),))).verdict is Verdict.BROKEN
    load(con, "second", stay + moved)
    assert attacked(release(con, "second", earlier=(release(con, "first"),))).verdict is Verdict.SURVIVED


@pytest.mark.parametrize(("small", "verdict"), [(3, Verdict.BROKEN), (13, Verdict.SURVIVED)])
def test_overlapping_zones_are_subtracted(con, small, verdict):
    rows = [
        row
        for number, count in enumerate((20, small))
        for row in meters((f"d{number}", "c"), count, first=100 * number)
    ]
    load(con, "data", rows, ("district", "city"))
    assert attacked(release(con, "data", CITY, linked=(release(con, "data", DISTRICTS),))).verdict is verdict


def test_shifted_hours_are_subtracted(con):
    """Hours of a clock half an hour away: the ends hold the two who came early."""
    shifted = replace(SPEC, timezone="Asia/Kolkata")
    many = meters("a", 30, hours=(0.75, 1.25))
    load(con, "data", many + [(f"e{n}", "a", hour, 1.0) for n in range(2) for hour in (0.1, 0.2)])
    assert attacked(release(con, "data", shifted, linked=(release(con, "data"),))).verdict is Verdict.BROKEN
    load(con, "data", many)
    day = replace(SPEC, time_bin=TimeBin.DAY)
    assert attacked(release(con, "data", day, linked=(release(con, "data"),))).verdict is Verdict.SURVIVED


def test_first_release_is_attacked_through_the_answer_of_the_house(con, monkeypatch):
    load(con, "data", meters("a", 30) + meters("b", 14, first=100))
    target = release(con, "data")
    assert attacked(target).verdict is Verdict.SURVIVED
    monkeypatch.setattr(changes, "difference_fault", lambda *_: None)
    assert attacked(target).verdict is Verdict.BROKEN


def test_without_the_input_nothing_is_known_to_be_left(con):
    load(con, "data", meters("a", 30))
    assert attacked(replace(release(con, "data"), truth=None)).reason == "input-needed"


def test_a_table_in_which_nothing_is_published_survives(con):
    load(con, "data", meters("a", 4))
    empty = release(con, "data")
    assert not empty.table.num_rows
    for attack in ("differencing", "averaging", "trajectory", "joiner-leaver"):
        assert not attacks.run(attack, empty, seed=1).broken


@pytest.mark.parametrize("first", ["exact", "noisy"])
def test_a_table_without_noise_beside_one_with_noise_is_caught(con, first):
    """Whoever moves to noise after the first release has published the noise."""
    load(con, "data", meters("a", 30) + meters("b", 25, first=100))
    counts = replace(SPEC, measures={})
    exact = release(con, "data", counts)
    noisy = target_of(
        protect(con, "data", counts, PRESET, CellKey(), SITE), counts, PRESET, site=SITE, truth=exact.truth
    )
    both = {"exact": replace(noisy, earlier=(exact,)), "noisy": replace(exact, earlier=(noisy,))}
    assert attacked(both[first]).reason == "exact-table-beside-noise"
