"""Corrections of rolled-up tables: bins of both versions, other levels, rests and the remainder."""

from __future__ import annotations

from dataclasses import replace

from rollup_world import SPEC, least, load, town
from rollup_world import trips as trips_of

from disclosure import protect, safe_correction
from disclosure.changes import Reason
from disclosure.errors import DisclosureRefused
from disclosure.history import PublishedRelease, check_against_history

PRESET = least(5)
POLICY = town(("zone", "PT1H"), ("district", "P1D"), ("all", "all"))


def riders(first, count):
    return [f"r{number}" for number in range(first, first + count)]


def trips(zone, hour, who, each=2):
    return trips_of(zone, hour, who, each)


def judge(con, old, new):
    load(con, old, "first")
    load(con, new, "second")
    return safe_correction(con, "first", "second", SPEC, PRESET, POLICY)


BUSY = [*trips("A0", 8, riders(0, 20)), *trips("A1", 8, riders(100, 20)), *trips("B0", 9, riders(200, 20))]
FEW = trips("A2", 8, riders(300, 8))


def test_a_bin_that_one_rider_leaves_stays_as_it_was_published(con):
    change = judge(con, BUSY + FEW, BUSY + FEW[:-2])
    assert (change.safe, change.reason) == (False, Reason.TOO_FEW_UNITS_CHANGED)


def test_a_bin_that_many_riders_join_may_be_corrected(con):
    assert judge(con, BUSY + FEW, BUSY + FEW + trips("A2", 8, riders(400, 9))).safe


def test_a_bin_that_falls_into_a_rest_shows_who_is_left_in_it(con):
    """Eight riders have a bin; of four the rest of the district says how many trips they made."""
    elsewhere = trips("A3", 9, riders(500, 4)) + trips("A3", 10, riders(520, 4))
    change = judge(con, BUSY + FEW + elsewhere, BUSY + FEW[:8] + elsewhere)
    assert not change.safe
    assert change.reason is Reason.PATTERN_DIFFERS


def test_other_levels_of_the_same_input_are_subtracted(con):
    """Hours first, then days: four trips of two riders at another hour are the difference."""
    load(con, BUSY + FEW + trips("B0", 11, riders(600, 2)), "data")
    coarse = town(("zone", "P1D"), ("all", "all"))
    made = [protect(con, "data", SPEC, PRESET, policy) for policy in (town(("zone", "PT1H"), ("all", "all")), coarse)]
    first, second = (
        PublishedRelease.of(each, SPEC, PRESET, release_id=f"r{n}", subject="trips", period="2026-10")
        for n, each in enumerate(made)
    )
    try:
        check_against_history(con, "data", second, [first], SPEC, PRESET, inputs={"r0": "data"})
        code = None
    except DisclosureRefused as refused:
        code = refused.code
    assert code == "difference-rests-on-few-units"


def test_the_number_of_trips_is_compared_also_where_it_has_no_name(con):
    unnamed = replace(SPEC, count_rows_as=None)
    load(con, BUSY + FEW, "first")
    load(con, BUSY + FEW + trips("A0", 8, riders(0, 1)), "second")
    assert not safe_correction(con, "first", "second", unnamed, PRESET, POLICY).safe
