"""Flat tables under the rules of concentration: who dominates a cell, by unit, further unit and holding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disclosure import DisclosureRefused, Measure, Spec, gate, load_preset, protect
from disclosure.engine import connect
from disclosure.errors import GateRefused
from disclosure.presets import Parameter, Stricter
from disclosure.rules import Rules, judge
from disclosure.site import NO_SITE, SiteRules

BUSINESS = load_preset("house-business")
START = datetime(2026, 10, 1, 6, tzinfo=UTC)
SITE = SiteRules(p_percent=15)
SPEC = Spec(unit="company", zone="zone", time="ts", measures={"kwh": Measure(decimals=3)})
NAMES = ("company", "holding", "zone", "ts", "kwh")


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("work"), "300MB", threads=2) as connection:
        yield connection


def load(con, rows):
    types = (pa.string(), pa.string(), pa.string(), pa.timestamp("us", "UTC"), pa.decimal128(18, 6))
    arrays = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(types)]
    con.register("rows_in", pa.table(dict(zip(NAMES, arrays, strict=True))))
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def cell(zone, amounts, holdings=None):
    """One reading a company, so that rows are few and contributions plain."""
    return [
        (f"{zone}{i}", (holdings or {}).get(i, f"h-{zone}{i}"), zone, START + timedelta(minutes=i), Decimal(amount))
        for i, amount in enumerate(amounts)
    ]


def shown(con, spec=SPEC, site=SITE, preset=BUSINESS):
    made = protect(con, "input", spec, preset, site=site)
    made.policy.recount(con, "input", made, spec, preset, site)
    return {row["zone"] for row in made.table.to_pylist()}


def test_house_business_is_refused_without_a_p_percent_of_the_site(con):
    load(con, cell("a", [5, 5, 5]))
    with pytest.raises(DisclosureRefused) as refused:
        protect(con, "input", SPEC, BUSINESS, site=NO_SITE)
    assert refused.value.code == "site-rule-missing"


def test_a_cell_that_breaks_p_percent_looks_like_one_that_is_too_small(con):
    load(
        con, cell("safe", [5, 5, 5]) + cell("close", [100, 50, 14]) + cell("even", [100, 50, 15]) + cell("two", [5, 5])
    )
    assert shown(con) == {"safe", "even"}


def test_readings_are_summed_per_company_before_the_rule(con):
    """Many small readings of one company are one contribution."""
    many = [("big", "h", "a", START + timedelta(seconds=i), Decimal(1)) for i in range(50)]
    load(con, many + cell("a", [2, 2, 2]) + cell("b", [9, 9, 9]))
    assert shown(con) == {"b"}


def test_companies_of_one_holding_are_one_contributor(con):
    load(con, cell("a", [5, 5, 5, 1], {0: "h", 1: "h", 2: "h"}) + cell("b", [5, 5, 5, 5]))
    assert shown(con) == {"a", "b"}
    assert shown(con, replace(SPEC, contributor="holding")) == {"b"}


def test_a_further_unit_must_reach_the_minimum_on_its_own(con):
    load(con, cell("a", [5, 5, 5, 5], {0: "h", 1: "h", 2: "g", 3: "g"}) + cell("b", [5, 5, 5, 5]))
    assert shown(con, replace(SPEC, also_units=("holding",))) == {"b"}


def test_dominance_at_equality_is_shown(con):
    site = SiteRules(p_percent=1, dominance_n=1, dominance_percent=50)
    load(con, cell("a", [10, 5, 5]) + cell("b", [Decimal("10.000001"), 5, 5]))
    assert shown(con, site=site) == {"a"}


def test_a_statutory_share_of_the_preset_is_kept(con):
    share = Parameter(value=60, law=85, stricter=Stricter.LOWER)
    preset = replace(BUSINESS, parameters={**BUSINESS.parameters, "max_share_percent": share})
    load(con, cell("a", [70, 20, 20, 5]) + cell("b", [60, 20, 15, 5]))
    assert shown(con, preset=preset, site=SiteRules(p_percent=1)) == {"b"}


def test_injection_and_withdrawal_do_not_hide_each_other(con):
    load(con, cell("a", [90, -80, 2, 1]) + cell("b", [-40, 40, 35, 30]))
    assert shown(con) == {"b"}


def test_readings_of_missing_companies_do_not_cancel_out(con):
    nobody = [(None, None, "a", START, Decimal(500)), (None, None, "a", START, Decimal(-499))]
    load(con, cell("a", [5, 5, 5]) + nobody + cell("b", [5, 5, 5]))
    assert shown(con) == {"b"}


def test_a_mean_is_judged_by_its_sum(con):
    spec = replace(SPEC, measures={"kwh": Measure(kind="mean", decimals=3)})
    load(con, cell("a", [100, 50, 14]) + cell("b", [5, 5, 5]))
    assert shown(con, spec) == {"b"}


def test_a_row_count_is_judged_where_it_is_shown(con):
    """One company makes nearly all trips of the cell."""
    many = [("big", "h", "a", START + timedelta(seconds=i), Decimal(1)) for i in range(60)]
    load(con, many + cell("a", [1, 1, 1]) + cell("b", [1, 1, 1]))
    assert shown(con, replace(SPEC, measures={}, count_rows_as="trips")) == {"b"}
    assert shown(con, replace(SPEC, measures={})) == {"a", "b"}


def test_the_gate_finds_a_concentrated_cell_by_its_own_code(con):
    """The same table, protected without the dominance rule, is refused by a gate that knows the rule."""
    load(con, cell("a", [100, 50, 15]) + cell("b", [5, 5, 5]))
    made = protect(con, "input", SPEC, BUSINESS, site=SITE)
    assert made.table.num_rows == 2
    with pytest.raises(GateRefused) as refused:
        gate(con, "input", made, SPEC, BUSINESS, site=SiteRules(p_percent=15, dominance_n=1, dominance_percent=60))
    assert refused.value.code == "cell-concentrated"


def test_the_proof_is_told_the_rules_but_not_their_parameters(con):
    load(con, cell("a", [5, 5, 5]))
    facts = protect(con, "input", SPEC, BUSINESS, site=SITE).public_facts
    assert facts["rules"] == ["p-percent", "max-share"]
    assert "15" not in str(facts)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 2), st.sampled_from("ab"), st.integers(-60, 60)),
        min_size=3,
        max_size=40,
    ),
    st.integers(1, 60),
    st.integers(1, 3),
    st.integers(30, 99),
)
def test_shown_cells_are_exactly_those_that_a_plain_count_allows(con, rows, p, n, k):
    """Oracle in plain Python: companies per cell, sums per company and per holding, rules on both."""
    load(con, [(f"c{c}", f"h{h}", z, START, Decimal(v)) for c, h, z, v in rows])
    spec = replace(SPEC, contributor="holding")
    wanted = set()
    for zone in "ab":
        here = [row for row in rows if row[2] == zone]
        by = [{who: sum(r[3] for r in here if r[i] == who) for who in {r[i] for r in here}} for i in (0, 1)]
        broken = [judge(list(sums.values()), Rules(p_percent=p, dominance=(n, k))) for sums in by]
        if len(by[0]) >= 3 and not any(broken) and sum(r[3] for r in here):
            wanted.add(zone)
    site = SiteRules(p_percent=p, dominance_n=n, dominance_percent=k)
    try:
        assert shown(con, spec, site) == wanted
    except DisclosureRefused as refused:
        assert refused.code == "unit-looks-like-row-id"
