"""Adaptive roll-up: at which level a row appears, what a rest covers, when a sibling joins, what is withheld."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from rollup_world import SPEC, WITH_KM, at, least, load, made, short, town, trips

from disclosure.engine import connect
from disclosure.errors import DisclosureRefused, GateRefused, SpecInvalid
from disclosure.policies import policy_dict, policy_from
from disclosure.policies.rollup import Rollup
from disclosure.protect import explain, protect
from disclosure.rollup.ladder import Level
from disclosure.site import SiteRules
from disclosure.space import Grid
from disclosure.spec import Measure

FOUR = least(4)
RIDERS = [f"r{number}" for number in range(40)]


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("rollup"), "300MB", threads=2) as connection:
        yield connection


def test_cell_with_enough_riders_is_published_at_the_finest_level(con):
    result = made(con, trips("A0", 8, RIDERS[:4], each=3), town(), FOUR)
    assert short(result) == [("zone-PT1H", "A0", 8, 4, 12, 0)]


def test_rows_are_not_riders(con):
    """Three riders with thirty rows each are three riders, wherever they end up."""
    result = made(con, trips("A0", 8, RIDERS[:4]) + trips("A1", 9, RIDERS[:3], each=30), town(), FOUR)
    assert all(row[3] >= 4 for row in short(result))
    assert ("zone-PT1H", "A1", 9, 3, 90, 0) not in short(result)


def test_leftovers_of_a_cell_are_shown_together_less_what_is_shown_already(con):
    rows = trips("A0", 6, RIDERS[:5])
    for place, hour in enumerate((7, 8, 9, 10)):
        rows += trips("A0", hour, RIDERS[10 + place : 11 + place])
    result = made(con, rows, town(), FOUR)
    assert short(result) == [("zone-PT1H", "A0", 6, 5, 5, 0), ("zone-PT6H", "A0", 6, 4, 4, 1)]
    assert [row["is_rest"] for row in result.table.to_pylist()] == [False, True]


def test_every_published_row_says_how_long_its_period_is(con):
    rows = [row for hour in range(24) for row in trips("A0", hour, RIDERS[hour : hour + 1], each=2)]
    result = made(con, rows, town(("zone", "PT1H"), ("zone", "P1D")), FOUR)
    assert [(row["level"], row["period"]) for row in result.table.to_pylist()] == [("zone-P1D", "P1D")]


def test_rest_of_two_open_cells_is_not_shown_because_both_would_be_nonempty(con):
    """Six riders in two cells of at most three each: an intruder would know that there are three in both."""
    ladder = (("zone", "PT6H"), ("district", "PT6H"), ("district", "P1D"))
    # A2 and A3 are shown, A0 and A1 are open and hold three riders each.
    rows = trips("A0", 1, RIDERS[:3]) + trips("A1", 1, RIDERS[3:6])
    rows += trips("A2", 1, RIDERS[10:20], each=2) + trips("A3", 1, RIDERS[20:30])
    shown = short(made(con, rows, town(*ladder), FOUR))
    assert all(row[:3] != ("district-PT6H", "A", 0) or row[5] < 2 for row in shown)


def test_smallest_sibling_joins_where_that_makes_the_rest_safe(con):
    """The sibling's riders are those of the rest: the bin covers one cell more and has no rider more."""
    ladder = (("zone", "PT6H"), ("district", "PT6H"))
    rows = trips("A0", 1, RIDERS[:3]) + trips("A1", 1, RIDERS[2:5])
    rows += trips("A2", 1, RIDERS[:4]) + trips("A3", 1, RIDERS[20:30])
    shown = short(made(con, rows, town(*ladder), FOUR))
    assert shown == [("district-PT6H", "A", 0, 5, 10, 1), ("zone-PT6H", "A3", 0, 10, 10, 0)]


def test_single_open_cell_is_never_shown_through_its_rest(con):
    ladder = (("zone", "PT6H"), ("district", "PT6H"))
    rows = trips("A0", 1, RIDERS[:3])
    for number in (1, 2, 3):
        rows += trips(f"A{number}", 1, RIDERS[10 * number : 10 * number + 5 + number], each=2)
    result = made(con, rows, town(*ladder), FOUR)
    assert not [row for row in short(result) if row[5] == 3]


def test_impossible_cells_do_not_hide_anybody(con):
    """With the lakes A1, A2, A3 declared, the district is one zone: its rest would be that zone."""
    ladder = (("zone", "PT1H"), ("district", "PT1H"))
    rows = trips("A0", 1, RIDERS[:4]) + trips("B0", 1, RIDERS[10:12]) + trips("B1", 1, RIDERS[12:14])
    lakes = frozenset({"B2", "B3"})
    with_lakes = made(con, rows, town(*ladder, impossible=lakes), FOUR)
    without = made(con, rows, town(*ladder), FOUR)
    assert ("district-PT1H", "B", 1, 4, 4, 0) in short(without)
    assert ("district-PT1H", "B", 1, 4, 4, 0) not in short(with_lakes)


def test_rows_in_a_cell_declared_impossible_are_refused(con):
    load(con, trips("A1", 1, RIDERS[:9]))
    with pytest.raises(DisclosureRefused, match="impossible-cell-has-rows"):
        protect(con, "input", SPEC, FOUR, town(impossible=frozenset({"A1"})))
    with pytest.raises(DisclosureRefused, match="impossible-cell-has-rows"):
        protect(con, "input", SPEC, FOUR, town(closed_hours=frozenset({0, 1, 2})))


def test_closed_hours_leave_fewer_cells_open(con):
    """Six hours, of which four are closed: two open cells, so a rest of them tells too much."""
    ladder = (("zone", "PT1H"), ("zone", "PT6H"))
    rows = trips("A0", 4, RIDERS[:2]) + trips("A0", 5, RIDERS[2:4]) + trips("B0", 12, RIDERS[10:20])
    assert ("zone-PT6H", "A0", 0, 4, 4, 0) in short(made(con, rows, town(*ladder), FOUR))
    shut = town(*ladder, closed_hours=frozenset({0, 1, 2, 3}))
    assert not [row for row in short(made(con, rows, shut, FOUR)) if row[1] == "A0"]


def test_remainder_of_few_riders_takes_the_smallest_bin_with_it(con):
    ladder = (("zone", "PT1H"), ("zone", "PT6H"))
    rows = trips("A0", 1, RIDERS[:9]) + trips("A1", 1, RIDERS[10:15]) + trips("B0", 3, RIDERS[20:22])
    result = made(con, rows, town(*ladder), FOUR)
    assert short(result) == [("zone-PT1H", "A0", 1, 9, 9, 0)]
    assert result.confidential["rows_in"] - result.confidential["rows_published"] == 7
    assert result.confidential["by_reason"] == {"rollup-withdrawn-for-remainder": 1}


def test_table_whose_rows_can_never_be_enough_is_refused(con):
    load(con, trips("A0", 1, RIDERS[:3]))
    with pytest.raises(DisclosureRefused, match="remainder-unsafe"):
        protect(con, "input", SPEC, FOUR, town())


def test_rows_without_a_zone_or_outside_the_days_are_withheld_with_the_remainder(con):
    rows = trips("A0", 1, RIDERS[:9]) + trips(None, 1, RIDERS[10:15]) + trips("A0", 200, RIDERS[15:20])
    result = made(con, rows, town(), FOUR)
    assert short(result) == [("zone-PT1H", "A0", 1, 9, 9, 0)]
    assert result.confidential["rows_published"] == 9


def test_rider_with_most_of_the_trips_keeps_a_cell_from_the_fine_level(con):
    rows = trips("A0", 1, RIDERS[:4]) + trips("A0", 1, RIDERS[:1], each=10)
    rows += [row for hour in (2, 3, 4) for row in trips("A0", hour, RIDERS[10 + hour : 13 + hour], each=2)]
    generous, strict = town(max_share_percent=100), town(max_share_percent=40)
    assert ("zone-PT1H", "A0", 1, 4, 14, 0) in short(made(con, rows, generous, FOUR))
    assert ("zone-PT1H", "A0", 1, 4, 14, 0) not in short(made(con, rows, strict, FOUR))


def test_p_percent_of_the_site_is_asked_of_each_bin(con):
    rows = trips("A0", 1, RIDERS[:1], km=50.0) + trips("A0", 1, RIDERS[1:6])
    rows += trips("B0", 1, RIDERS[10:20], each=2) + trips("B1", 1, RIDERS[20:31], each=2)
    site = SiteRules(p_percent=10)
    shown = made(con, rows, town(), FOUR, WITH_KM, site)
    assert not [row for row in short(shown) if row[:3] == ("zone-PT1H", "A0", 1)]
    assert ("zone-PT1H", "A0", 1, 6, 6, 0) in short(made(con, rows, town(max_share_percent=95), FOUR, WITH_KM))
    assert shown.public_facts["rules"] == ["p-percent", "max-share"]


def test_every_kind_of_unit_must_be_enough_on_its_own(con):
    """Nine riders in two vehicles: enough of the ones, too few of the others."""
    spec = replace(SPEC, also_units=("car",))
    load(con, trips("A0", 1, RIDERS[:9]) + trips("B0", 1, RIDERS[10:19]))
    con.execute(
        "CREATE OR REPLACE TABLE cars AS SELECT *, CASE WHEN zone = 'A0' THEN rider[-1:] ~ '[0-4]' ELSE NULL END"
        "::VARCHAR AS half, rider AS car FROM input"
    )
    con.execute("UPDATE cars SET car = half WHERE zone = 'A0'")
    result = protect(con, "cars", spec, FOUR, town())
    town().recount(con, "cars", result, spec, FOUR, SiteRules())
    assert short(result) == [("zone-PT1H", "B0", 1, 9, 9, 0)] or all(row[1] != "A0" for row in short(result))


def test_missing_riders_count_together_as_one_and_spelling_does_not_matter(con):
    rows = trips("A0", 1, [None, "", "  ", "r1", " R1", "r2"]) + trips("B0", 1, RIDERS[10:20])
    assert not [row for row in short(made(con, rows, town(), FOUR)) if row[:2] == ("zone-PT1H", "A0")]


def test_sums_and_means_are_exact(con):
    spec = replace(SPEC, measures={"km": Measure(kind="mean", decimals=2, unit="km")})
    rows = [(f"r{number}", "A0", at(1), 0.1 * number) for number in range(1, 8)]
    result = made(con, rows, town(), FOUR, spec)
    assert result.table.column("km").to_pylist() == [Decimal("0.40")]


def test_figure_of_zero_is_small(con):
    rows = trips("A0", 1, RIDERS[:9], km=0.0) + trips("B0", 1, RIDERS[10:19])
    assert [row[1] for row in short(made(con, rows, town(), FOUR, WITH_KM))] == ["B0"]


def test_riders_numbered_anew_each_day_are_no_unit(con):
    rows = [
        (f"d{day}-{rider}", "A0", at(24 * day + hour), 1.0)
        for day in range(5)
        for rider in range(12)
        for hour in (8, 17)
    ]
    load(con, rows)
    with pytest.raises(DisclosureRefused, match="unit-looks-rekeyed"):
        protect(con, "input", SPEC, FOUR, town(("zone", "PT1H"), covers=None))
    load(con, [(f"trip{number}", "A0", at(8), 1.0) for number in range(40)])
    with pytest.raises(DisclosureRefused, match="unit-looks-like-row-id"):
        protect(con, "input", SPEC, FOUR, town())


def test_table_without_a_unit_column_is_refused(con):
    load(con, trips("A0", 1, RIDERS[:9]))
    with pytest.raises(DisclosureRefused, match="unit-missing"):
        protect(con, "input", replace(SPEC, unit=None), FOUR, town())


def test_plan_says_what_each_level_keeps_and_adds_up(con):
    rows = trips("A0", 1, RIDERS[:9]) + trips("A1", 1, RIDERS[10:12]) + trips("A2", 2, RIDERS[12:14])
    load(con, rows)
    plan = explain(con, "input", SPEC, FOUR, town())
    result = protect(con, "input", SPEC, FOUR, town())
    assert sum(step.rows for step in plan.steps) == sum(row[4] for row in short(result)) == plan.rows == 13
    assert [step.level for step in plan.steps] == [level.slug for level in town().levels]


def test_nothing_of_a_run_stays_behind(con):
    load(con, trips("A0", 1, RIDERS[:9]))
    protect(con, "input", SPEC, FOUR, town())
    load(con, trips("A0", 1, RIDERS[:2]))
    with pytest.raises(DisclosureRefused):
        protect(con, "input", SPEC, FOUR, town())
    assert (
        con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '\\_rollup%' ESCAPE '\\'").fetchall()
        == []
    )


def test_policy_survives_its_public_form():
    grid = Rollup(
        space=Grid(
            of={"origin": ("o_x", "o_y"), "destination": ("d_x", "d_y")},
            area=(0, 0, 4000, 4000),
            impossible=frozenset({"1kmN0E0"}),
        ),
        levels=(Level(space="1km", time="PT1H"), Level(space="2km", time="PT3H")),
        closed_hours=frozenset({3}),
    )
    for policy in (town(), grid):
        stored = json.loads(json.dumps(policy_dict(policy), sort_keys=True))
        assert policy_from(stored) == policy
        assert policy_from(stored).shape(SPEC) == policy.shape(SPEC)


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ((), "ladder-empty"),
        ((("zone", "PT1H"), ("zone", "PT2H")), "ladder-step-too-narrow"),
        ((("zone", "PT3H"), ("zone", "PT4H")), "levels-do-not-nest"),
        ((("zone", "P7D"), ("zone", "P1M")), "levels-do-not-nest"),
        ((("zone", "PT5H"),), "time-length-unknown"),
        ((("district", "PT1H"),), "zones-level-unknown"),
        ((("zone", "PT1H"), ("zone", "PT1H")), "level-repeated"),
    ],
)
def test_ladder_that_does_not_nest_is_refused(levels, code):
    space = town().space
    with pytest.raises(SpecInvalid, match=code):
        Rollup(space=space, levels=tuple(Level(space=a, time=b) for a, b in levels))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("trips", 13, "count-differs"),
        ("units", 8, "count-differs"),
        ("subtracted", 1, "footprint-differs"),
        ("zone", "A3", "cell-unknown"),
        ("level", "zone-PT9H", "cell-unknown"),
    ],
)
def test_gate_refuses_a_table_changed_in_one_cell(con, column, value, code):
    rows = trips("A0", 1, RIDERS[:9]) + trips("A1", 1, RIDERS[10:20])
    result = made(con, rows, town(), FOUR)
    index = result.table.column_names.index(column)
    values = [value, *result.table.column(column).to_pylist()[1:]]
    forged = result.table.set_column(index, column, pa.array(values, result.table.schema.field(column).type))
    with pytest.raises(GateRefused, match=code):
        town().recount(con, "input", replace(result, table=forged), SPEC, FOUR, SiteRules())


def test_gate_refuses_a_remainder_of_few(con):
    load(con, trips("A0", 1, RIDERS[:9]))
    result = protect(con, "input", SPEC, FOUR, town())
    load(con, trips("A0", 1, RIDERS[:9]) + trips(None, 1, RIDERS[20:22]))
    with pytest.raises(GateRefused, match="remainder-small"):
        town().recount(con, "input", result, SPEC, FOUR, SiteRules())
