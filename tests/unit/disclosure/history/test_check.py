"""A candidate beside earlier releases: other zones, other hours, other levels, other methods, raw data gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from history_world import PRESET, SPEC, START, load, meters, published

from disclosure import DisclosureRefused, TimeBin, protect
from disclosure.history import MemoryLedger, PublishedRelease, check_against_history
from disclosure.site import SiteRules

DISTRICTS = replace(SPEC, zone="district")
CITY = replace(SPEC, zone="city")


def code(con, relation, candidate, earlier, spec, **options):
    try:
        check_against_history(con, relation, candidate, earlier, spec, PRESET, **options)
    except DisclosureRefused as refused:
        return refused.code
    return None


def districts(*counts):
    rows = []
    for number, count in enumerate(counts):
        rows += meters((f"d{number}", "city"), count, first=1000 * number)
    return rows


def test_city_less_its_districts_must_not_leave_a_few(con):
    """The withheld district of three meters is the city less the others."""
    load(con, "data", districts(20, 15, 3), ("district", "city"))
    first = published(con, "data", DISTRICTS)
    assert code(con, "data", published(con, "data", CITY, release_id="r2"), [first], CITY) == (
        "difference-rests-on-few-units"
    )
    load(con, "data", districts(20, 15, 13), ("district", "city"))
    first = published(con, "data", DISTRICTS)
    assert code(con, "data", published(con, "data", CITY, release_id="r2"), [first], CITY) is None


def test_hours_shifted_by_a_quarter_are_checked_for_their_ends(con):
    """Hours on the local clock against hours of a clock half an hour away: the ends hold the few who came early."""
    spec = replace(SPEC, timezone="Asia/Kolkata")
    many = meters("a", 30, hours=(0.25, 0.75, 1.25))
    few = [(f"e{n}", "a", 0.1, 1.0) for n in range(2)]
    load(con, "data", many + few)
    first = published(con, "data")
    assert code(con, "data", published(con, "data", spec, release_id="r2"), [first], spec) is not None
    load(con, "data", meters("a", 30, hours=(0.75, 1.75), first=0) + meters("a", 30, hours=(0.25,), first=100))
    first = published(con, "data")
    assert code(con, "data", published(con, "data", spec, release_id="r2"), [first], spec) is None


def test_dominance_of_a_difference_is_judged(con):
    rows = [(unit, place, hour, 5000.0 if unit == "m2000" else kwh) for unit, place, hour, kwh in districts(20, 15, 13)]
    load(con, "data", rows, ("district", "city"))
    coarse = replace(CITY, measures={})
    first, second = published(con, "data", DISTRICTS), published(con, "data", CITY, release_id="r2")
    assert code(con, "data", second, [first], CITY) is None
    house = SiteRules(p_percent=10)
    assert code(con, "data", second, [first], CITY, site=house, inputs={"r1": "data"}) == "difference-is-dominated"
    assert code(con, "data", published(con, "data", coarse, release_id="r3"), [first], coarse) is None


def test_a_longer_period_over_hours_is_safe_where_all_hours_were_shown(con):
    day = replace(SPEC, time_bin=TimeBin.DAY)
    load(con, "data", meters("a", 15, hours=range(4)))
    first = published(con, "data")
    assert code(con, "data", published(con, "data", day, release_id="r2"), [first], day) is None
    load(con, "data", meters("a", 15, hours=range(4)) + meters("a", 4, hours=(9,)))
    first = published(con, "data")
    assert code(con, "data", published(con, "data", day, release_id="r2"), [first], day) is not None


def test_the_input_of_an_earlier_release_is_recognized_by_its_table(con):
    """A correction needs the earlier input by name; otherwise only what adds up printed cells may follow."""
    load(con, "first", meters("a", 20))
    load(con, "second", meters("a", 20, kwh=2.0))
    earlier, candidate = published(con, "first"), published(con, "second", release_id="r2")
    assert code(con, "second", candidate, [earlier], SPEC) == "raw-purged"
    assert code(con, "second", candidate, [earlier], SPEC, inputs={"r1": "first"}) is None


def test_a_neighbor_with_the_same_people_is_compared(con):
    """Two mandates publish the same trips, one of them also those that end abroad (two people)."""
    load(con, "data", meters("a", 20) + meters("a", 2, first=700))
    con.execute("CREATE TABLE mine AS SELECT * FROM data WHERE meter < 'm7'")
    neighbor = published(con, "mine", subject="neighbor")
    assert code(con, "data", published(con, "data", release_id="r2"), [neighbor], SPEC, inputs={"r1": "mine"}) == (
        "difference-rests-on-few-units"
    )


def entry(name, *, key=None, release_id="r1", period="2026-10", base):
    policy = {"name": name, "parameters": {}}
    facts = {"cell_key": {"key_id": key, "table_id": "t", "magnitude_id": "m"}} if key else {}
    return replace(base, policy=policy, facts=facts, release_id=release_id, period=period)


def test_noise_is_chosen_before_the_first_release(con):
    load(con, "data", meters("a", 20))
    base = published(con, "data")
    exact, noisy = entry("threshold", base=base), entry("cell-key", key="k1", release_id="r2", base=base)
    assert code(con, "data", noisy, [exact], SPEC) == "method-chosen-late"
    assert code(con, "data", entry("dp", release_id="r3", base=base), [exact], SPEC) == "method-chosen-late"
    assert code(con, "data", replace(exact, release_id="r9"), [noisy], SPEC) == "method-changed"
    later = entry("cell-key", key="k1", release_id="r4", period="2026-11", base=base)
    assert code(con, "data", later, [exact], SPEC) is None


def test_the_key_of_a_subject_is_never_rotated(con):
    load(con, "data", meters("a", 20))
    base = published(con, "data")
    first = entry("cell-key", key="k1", base=base)
    other_period = entry("cell-key", key="k2", release_id="r2", period="2026-11", base=base)
    assert code(con, "data", other_period, [first], SPEC) == "cell-key-rotated"
    same_key = entry("cell-key", key="k1", release_id="r2", period="2026-11", base=base)
    assert code(con, "data", same_key, [first], SPEC) is None


def test_codes_name_the_release_and_no_cell(con):
    load(con, "data", districts(20, 15, 3), ("district", "city"))
    first, second = published(con, "data", DISTRICTS), published(con, "data", CITY, release_id="r2")
    with pytest.raises(DisclosureRefused) as refused:
        check_against_history(con, "data", second, [first], CITY, PRESET)
    assert refused.value.params == {"release": "r1"}


def test_whoever_gets_a_release_from_the_ledger_can_check_with_it(con):
    load(con, "data", districts(20, 15, 3), ("district", "city"))
    ledger = MemoryLedger([PublishedRelease.from_json(published(con, "data", DISTRICTS).to_json())])
    candidate = published(con, "data", CITY, release_id="r2")
    assert code(con, "data", candidate, ledger.earlier("meters"), CITY) == "difference-rests-on-few-units"
    assert protect(con, "data", CITY, PRESET).table.column("period_start").to_pylist()[0] == START
