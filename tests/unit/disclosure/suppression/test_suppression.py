"""Exact totals: an intruder of another make (scipy) finds nothing, and what cannot be protected is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from generators.companies import SECTORS, companies, districts
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from disclosure import DisclosureRefused, Measure, Spec, SpecInvalid, load_preset, protect
from disclosure.engine import connect
from disclosure.errors import GateRefused
from disclosure.policies.suppression import Suppression
from disclosure.site import SiteRules
from disclosure.suppression import primary
from disclosure.suppression.audit import Audited
from disclosure.suppression.lattice import Dimension, build

BUSINESS = load_preset("house-business")
SITE = SiteRules(p_percent=10)
COUNTS = Spec(unit="company", zone=("activity", "place"))
TURNOVER = replace(COUNTS, measures={"turnover": Measure()})
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("work"), "300MB", threads=2) as connection:
        yield connection


def load(con, counts, amount=10, holdings=None):
    """Companies by (activity, place): ``counts[activity][place]``, each with a turnover of `amount` and a bit."""
    rows = []
    for a, line in enumerate(counts):
        for p, count in enumerate(line):
            rows += [(f"c{a}-{p}-{n}", f"a{a}", f"p{p}", Decimal(amount + n % 3)) for n in range(count)]
    table = pa.table(
        {
            "company": [row[0] for row in rows],
            "holding": [(holdings or {}).get(row[0], row[0]) for row in rows],
            "activity": [row[1] for row in rows],
            "place": [row[2] for row in rows],
            "turnover": pa.array([row[3] for row in rows], pa.decimal128(18, 6)),
        }
    )
    con.register("rows_in", table)
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def made(con, spec=COUNTS, policy=None, site=SITE, preset=BUSINESS):
    """Protect, and let the gate's other code count and attack it."""
    policy = policy or Suppression()
    result = protect(con, "input", spec, preset, policy, site)
    policy.recount(con, "input", result, spec, preset, site)
    return {tuple(row[name] for name in spec.zones): row for row in result.table.to_pylist()}


def intervals(rows, column, groups=((), ())):
    """Least and greatest value of each withheld cell, by scipy, from nothing but the published rows."""
    hidden = [key for key, row in rows.items() if row["status"] == "withheld"]
    place = {key: number for number, key in enumerate(hidden)}
    matrix, right = [], []
    for axis in (0, 1):
        parents = dict(groups[axis])
        for key in rows:
            parts = [
                each
                for each in rows
                if each[1 - axis] == key[1 - axis]
                and each[axis] != "Total"
                and parents.get(each[axis], "Total") == key[axis]
            ]
            if not parts:
                continue
            line, rest = np.zeros(len(hidden)), 0.0
            for each, sign in [(key, -1.0), *((part, 1.0) for part in parts)]:
                if each in place:
                    line[place[each]] += sign
                else:
                    rest -= sign * float(rows[each][column])
            matrix.append(line)
            right.append(rest)
    found = {}
    for key in hidden:
        ends = []
        for way in (1.0, -1.0):
            goal = np.zeros(len(hidden))
            goal[place[key]] = way
            solved = linprog(goal, A_eq=np.array(matrix), b_eq=right, bounds=(0, None), method="highs")
            assert solved.status in (0, 3)
            ends.append(way * solved.fun if solved.status == 0 else np.inf)
        found[key] = tuple(ends)
    return found


def test_one_small_cell_takes_three_others_with_it(con):
    load(con, [[2, 20, 20], [20, 30, 20], [20, 20, 20]])
    rows = made(con)
    hidden = {key for key, row in rows.items() if row["status"] == "withheld"}
    assert len(hidden) == 4
    assert ("a0", "p0") in hidden
    assert {row["units"] for key, row in rows.items() if key in hidden} == {None}


def test_primary_and_secondary_cells_look_alike(con):
    load(con, [[2, 20, 20], [20, 30, 20], [20, 20, 20]])
    assert len({(row["status"], row["units"]) for row in made(con).values() if row["status"] != "shown"}) == 1


def test_a_safe_table_is_shown_whole_with_totals(con):
    load(con, [[5, 6], [7, 8]])
    rows = made(con)
    assert {row["status"] for row in rows.values()} == {"shown"}
    assert rows["Total", "Total"]["units"] == 26
    assert rows["a1", "Total"]["units"] == 15


@FEW
@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=4, max_size=4))
def test_another_intruder_cannot_narrow_a_small_count(con, counts):
    load(con, counts)
    if not any(map(sum, counts)):
        return
    try:
        rows = made(con)
    except DisclosureRefused as refused:
        assert refused.code == "suppression-infeasible"
        return
    true = {(f"a{a}", f"p{p}"): counts[a][p] for a in range(4) for p in range(4)}
    for key, (least, most) in intervals(rows, "units").items():
        if true.get(key, 99) < 3:
            assert least <= 1e-6
            assert most >= 3 - 1e-6


def test_companies_with_hierarchies_holdings_and_turnover_pass_both_audits(con):
    con.register("rows_in", companies(400, seed=5, municipalities=4))
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")
    spec = Spec(
        unit="company",
        zone=("activity", "municipality"),
        measures={"turnover": Measure()},
        contributor="holding",
        count_rows_as="rows",
    )
    trees = (
        Dimension(column="activity", trees=(SECTORS,)),
        Dimension(column="municipality", trees=(districts(4, 2),)),
    )
    rows = made(con, spec, Suppression(dimensions=trees))
    found = intervals(rows, "turnover", (SECTORS, districts(4, 2)))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE one AS SELECT activity, municipality, max(turnover) AS most,"
        " sum(turnover) AS total FROM input GROUP BY ALL HAVING count(*) < 3"
    )
    small = con.execute("SELECT * FROM one").fetchall()
    assert small
    for activity, municipality, largest, total in small:
        _, most = found[activity, municipality]
        assert most >= float(total) + 0.1 * float(largest) - 1e-3


def test_two_companies_that_are_alone_do_not_learn_each_other(con):
    """Both cells of a row hidden and each with one company: the other would be the total less its own."""
    load(con, [[1, 1, 20, 20], [20, 20, 20, 20], [20, 20, 20, 20]])
    rows = made(con, TURNOVER)
    line = [key for key, row in rows.items() if key[0] == "a0" and row["status"] == "withheld"]
    assert len(line) > 2


def test_the_gate_refuses_a_pattern_that_only_a_public_audit_would_allow(con):
    """The same table with the two lone companies and nothing else hidden in their row."""
    load(con, [[1, 1, 20, 20], [20, 20, 20, 20], [20, 20, 20, 20]])
    policy = Suppression()
    result = protect(con, "input", TURNOVER, BUSINESS, policy, SITE)
    hidden = {("a0", "p0"), ("a0", "p1"), ("a1", "p0"), ("a1", "p1")}
    true = {
        tuple(row[:2]): row[2:]
        for row in con.execute(
            "SELECT coalesce(activity, 'Total'), coalesce(place, 'Total'), count(*), sum(turnover)"
            " FROM input GROUP BY CUBE (activity, place)"
        ).fetchall()
    }
    rows = []
    for row in result.table.to_pylist():
        key = (row["activity"], row["place"])
        shown = key not in hidden
        figures = {"units": true[key][0], "turnover": true[key][1]} if shown else {"units": None, "turnover": None}
        rows.append({**row, "status": "shown" if shown else "withheld", **figures})
    forged = replace(
        result,
        table=pa.Table.from_pylist(
            [{**row, "turnover": None if row["turnover"] is None else round(row["turnover"])} for row in rows],
            schema=result.table.schema,
        ),
        achieved_min=20,
    )
    with pytest.raises(GateRefused) as refused:
        policy.recount(con, "input", forged, TURNOVER, BUSINESS, SITE)
    assert refused.value.code == "cell-exposed"


def test_output_without_an_audit_is_impossible(con):
    with pytest.raises(DisclosureRefused) as refused:
        Audited(request=None, withheld=None, key=object())  # type: ignore[arg-type]
    assert refused.value.code == "suppression-not-audited"


def test_what_must_be_shown_is_shown(con):
    load(con, [[2, 20, 20], [20, 30, 20], [20, 20, 20]])
    keep = (("a1", "p0"), ("a0", "p1"))
    rows = made(con, policy=Suppression(must_show=keep))
    assert {rows[key]["status"] for key in keep} == {"shown"}


def test_an_unsafe_cell_that_must_be_shown_is_refused(con):
    load(con, [[2, 20], [20, 30]])
    with pytest.raises(DisclosureRefused) as refused:
        made(con, policy=Suppression(must_show=(("a0", "p0"),)))
    assert refused.value.code == "must-show-unsafe"


def test_a_table_that_cannot_be_protected_is_refused(con):
    load(con, [[2, 20], [20, 30]])
    keep = (("a0", "p1"), ("a0", "Total"))
    with pytest.raises(DisclosureRefused) as refused:
        made(con, policy=Suppression(must_show=keep))
    assert refused.value.code == "suppression-infeasible"


def test_cells_frozen_by_an_earlier_release_stay_as_they_were(con):
    load(con, [[2, 20, 20], [20, 30, 20], [20, 20, 20]])
    rows = made(con, policy=Suppression(frozen={("a0", "p1"): True, ("a2", "p2"): False}))
    assert rows["a0", "p1"]["status"] == "shown"
    assert rows["a2", "p2"]["status"] == "withheld"


def test_a_dear_cell_is_spared(con):
    load(con, [[2, 20, 20], [20, 30, 20], [20, 20, 20]])
    hidden = [key for key, row in made(con).items() if row["status"] == "withheld" and key != ("a0", "p0")]
    rows = made(con, policy=Suppression(weights={hidden[0]: 1000}))
    assert rows[hidden[0]]["status"] == "shown"


def test_structural_zeros_are_shown_and_others_are_small(con):
    load(con, [[0, 9, 9], [9, 0, 9], [9, 9, 9]])
    rows = made(con, policy=Suppression(structural_zeros=(("a0", "p0"),)))
    assert rows["a0", "p0"]["units"] == 0
    assert rows["a1", "p1"]["status"] == "withheld"


def test_a_structural_zero_with_somebody_in_it_is_refused(con):
    load(con, [[1, 9], [9, 9]])
    with pytest.raises(DisclosureRefused) as refused:
        made(con, policy=Suppression(structural_zeros=(("a0", "p0"),)))
    assert refused.value.code == "structural-zero-filled"


def test_a_group_in_one_cell_is_not_told(con):
    """Where zeros are harmless, a row with one filled cell still says of everybody where they are."""
    zeros = replace(BUSINESS.parameters["zero_is_small"], value=False, law=False)
    preset = replace(BUSINESS, parameters={**BUSINESS.parameters, "zero_is_small": zeros})
    load(con, [[9, 0, 0], [9, 9, 9], [9, 9, 9]])
    rows = made(con, preset=preset)
    assert "withheld" in {rows["a0", "p1"]["status"], rows["a0", "p2"]["status"]}
    _, most = max(
        (ends for key, ends in intervals(rows, "units").items() if key in {("a0", "p1"), ("a0", "p2")}),
        key=lambda ends: ends[1],
    )
    assert most >= 1


def test_the_gate_refuses_a_group_that_is_told_to_be_in_one_cell(con, monkeypatch):
    zeros = replace(BUSINESS.parameters["zero_is_small"], value=False, law=False)
    preset = replace(BUSINESS, parameters={**BUSINESS.parameters, "zero_is_small": zeros})
    load(con, [[9, 0, 0], [9, 9, 9], [9, 9, 9]])
    monkeypatch.setattr(primary, "one_destination", lambda *arguments: [])
    with pytest.raises(GateRefused) as refused:
        made(con, preset=preset)
    assert refused.value.code == "group-exposed"


def test_linked_tables_are_protected_as_one(con):
    """Zones by district and by police area: what one table hides, the other must not give away."""
    load(con, [[2, 20, 20, 20], [20, 20, 20, 20]])
    trees = ({"p0": "north", "p1": "north", "p2": "south", "p3": "south"}, {"p0": "x", "p2": "x", "p1": "y", "p3": "y"})
    policy = Suppression(dimensions=(Dimension(column="place", trees=trees),))
    rows = made(con, policy=policy)
    assert rows["a0", "p0"]["status"] == "withheld"
    assert {"north", "south", "x", "y"} <= {key[1] for key in rows}


def test_counts_that_do_not_add_up_are_refused(con):
    load(con, [[5, 5], [5, 5]])
    con.execute("INSERT INTO input SELECT company, holding, activity, 'p1', turnover FROM input WHERE place = 'p0'")
    with pytest.raises(DisclosureRefused) as refused:
        made(con)
    assert refused.value.code == "units-not-additive"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE input SET turnover = -5 WHERE company = 'c0-0-0'", "negative-needs-split"),
        ("UPDATE input SET turnover = 5.5 WHERE company = 'c0-0-0'", "measure-not-exact"),
    ],
)
def test_sums_that_cannot_be_exact_are_refused(con, change, code):
    load(con, [[5, 5], [5, 5]])
    con.execute(change)
    with pytest.raises(DisclosureRefused) as refused:
        made(con, TURNOVER)
    assert refused.value.code == code


def test_means_and_periods_have_no_exact_totals(con):
    load(con, [[5, 5], [5, 5]])
    for spec, code in (
        (replace(COUNTS, measures={"turnover": Measure(kind="mean")}), "measure-kind-not-additive"),
        (replace(COUNTS, time="company"), "time-not-in-totals"),
    ):
        with pytest.raises(DisclosureRefused) as refused:
            made(con, spec)
        assert refused.value.code == code


def test_prior_knowledge_needs_more_cells(con):
    """Somebody who knows each turnover to within 5 % narrows cells that would hide others."""
    load(con, [[2, 20, 20, 20], [20, 20, 20, 20], [20, 20, 20, 20]], amount=1000)
    plain = sum(row["status"] == "withheld" for row in made(con, TURNOVER).values())
    known = sum(
        row["status"] == "withheld"
        for row in made(con, TURNOVER, site=SiteRules(p_percent=10, prior_percent=5)).values()
    )
    assert known >= plain


def test_order_of_rows_never_changes_the_table(con):
    load(con, [[2, 20, 3], [20, 30, 20], [4, 20, 20]])
    one = protect(con, "input", TURNOVER, BUSINESS, Suppression(), SITE).table
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM input ORDER BY hash(company)")
    assert protect(con, "input", TURNOVER, BUSINESS, Suppression(), SITE).table.equals(one)


def test_policy_survives_its_public_form():
    policy = Suppression(
        dimensions=(Dimension(column="activity", trees=({"a0": "x"},)),),
        tables=(("activity",), ("place",)),
        must_show=(("a0", "p0"),),
        frozen={("a1", "p1"): True},
        weights={("a0", "p1"): 3},
    )
    assert Suppression.from_public(policy.public()) == policy


@pytest.mark.parametrize(
    ("trees", "code"),
    [
        (({"a": "b", "b": "a"},), "hierarchy-cycle"),
        (({"Total": "a"},), "hierarchy-total"),
        (({"a": "g"}, {"b": "a"}), "hierarchy-leaf-differs"),
    ],
)
def test_broken_hierarchies_are_refused(trees, code):
    with pytest.raises(SpecInvalid) as refused:
        Dimension(column="c", trees=trees)
    assert refused.value.code == code


@given(st.lists(st.integers(0, 50), min_size=12, max_size=12))
def test_every_sum_of_a_lattice_holds_for_true_totals(inner):
    table = np.array(inner).reshape(3, 4)
    lattice = build((Dimension(column="a"), Dimension(column="b", trees=({"0": "g", "1": "g"},))), ("xyz", "0123"))
    values = np.zeros(len(lattice.cells), np.int64)
    parents = {"Total": range(4), "g": (0, 1), **{str(n): (n,) for n in range(4)}}
    for place in range(len(values)):
        row, column = lattice.key(place)
        lines = range(3) if row == "Total" else ["xyz".index(row)]
        values[place] = sum(table[line][each] for line in lines for each in parents[column])
    assert not lattice.equations.balance(values).any()
