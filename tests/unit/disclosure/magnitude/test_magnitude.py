"""Areas and totals: a full total only where what it leaves open may be read, else a labelled partial one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from disclosure import DisclosureRefused, Measure, Spec, gate, load_preset, protect
from disclosure.engine import connect
from disclosure.errors import GateRefused
from disclosure.policies.magnitude import Magnitude
from disclosure.site import SiteRules

BUSINESS = load_preset("house-business")
SITE = SiteRules(p_percent=10)
START = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = Spec(unit="company", zone=("region", "area"), measures={"kwh": Measure()})
POLICY = Magnitude(area="area", groups=("region",))


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("work"), "300MB", threads=2) as connection:
        yield connection


def load(con, rows):
    """Rows of (company, region, area, kwh)."""
    names = ("company", "region", "area", "kwh")
    types = (pa.string(), pa.string(), pa.string(), pa.decimal128(18, 6))
    table = {name: pa.array([row[i] for row in rows], types[i]) for i, name in enumerate(names)}
    table["ts"] = pa.array([START + timedelta(minutes=i % 50) for i in range(len(rows))], pa.timestamp("us", "UTC"))
    con.register("rows_in", pa.table(table))
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def area(region, name, amounts):
    return [(f"{name}{i}", region, name, Decimal(amount)) for i, amount in enumerate(amounts)]


def shown(con, spec=SPEC, policy=POLICY, site=SITE, preset=BUSINESS):
    """Protect, count again, and return kind, units and kWh by area or total."""
    made = protect(con, "input", spec, preset, policy, site)
    made.policy.recount(con, "input", made, spec, preset, site)
    return {
        tuple(row[name] for name in spec.zones): (row["kind"], row["units"], int(row["kwh"] or 0))
        for row in made.table.to_pylist()
    }


def test_a_region_without_withheld_areas_has_its_full_total(con):
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [6, 6, 6]))
    rows = shown(con)
    assert rows["R", "Total"] == ("total", 6, 33)


def test_one_withheld_area_makes_the_total_partial(con):
    """The full total less the shown areas would be the withheld one."""
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [6, 6]))
    rows = shown(con)
    assert rows["R", "Total"] == ("partial-total", 3, 15)
    assert rows["Total", "Total"][0] == "partial-total"
    assert ("R", "b") not in rows


def test_withheld_areas_that_are_safe_together_allow_the_full_total(con):
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [6, 6]) + area("R", "c", [7, 7]))
    assert shown(con)["R", "Total"] == ("total", 7, 41)


def test_nobody_is_left_alone_with_one_withheld_area(con):
    """Two areas of two and one companies hold three together, but the one could read the two."""
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [6, 6]) + area("R", "c", [7]))
    assert shown(con)["R", "Total"] == ("partial-total", 3, 15)


def test_a_remainder_must_keep_p_percent(con):
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [900, 50]) + area("R", "c", [7, 7]))
    assert shown(con)["R", "Total"][0] == "partial-total"


def test_partial_regions_that_are_safe_together_allow_the_total_above(con):
    load(
        con,
        area("R", "a", [5, 5, 5])
        + area("R", "b", [6, 6])
        + area("S", "c", [7, 7])
        + area("S", "d", [8, 8, 8])
        + area("T", "e", [9, 9, 9]),
    )
    rows = shown(con)
    assert [rows[each, "Total"][0] for each in "RST"] == ["partial-total", "partial-total", "total"]
    assert rows["Total", "Total"] == ("total", 13, 92)


def test_a_group_never_has_both_totals(con):
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [6, 6]) + area("S", "c", [7]))
    made = protect(con, "input", SPEC, BUSINESS, POLICY, SITE)
    totals = [row["region"] for row in made.table.to_pylist() if row["kind"] != "aggregate"]
    assert len(totals) == len(set(totals))


def test_a_region_with_nothing_to_show_has_no_row(con):
    load(con, area("R", "a", [5, 5, 5]) + area("S", "c", [7]))
    assert not [key for key in shown(con) if key[0] == "S"]


def test_an_area_in_two_regions_is_refused(con):
    load(con, area("R", "a", [5, 5, 5]) + area("S", "a", [5, 5]))
    with pytest.raises(DisclosureRefused) as refused:
        protect(con, "input", SPEC, BUSINESS, POLICY, SITE)
    assert refused.value.code == "area-in-several-groups"


def test_a_company_in_two_areas_is_refused(con):
    load(con, [*area("R", "a", [5, 5, 5]), ("a0", "R", "b", Decimal(5))])
    with pytest.raises(DisclosureRefused) as refused:
        protect(con, "input", SPEC, BUSINESS, POLICY, SITE)
    assert refused.value.code == "units-not-additive"


def test_data_with_the_code_of_totals_are_refused(con):
    load(con, area("R", "Total", [5, 5, 5]))
    with pytest.raises(DisclosureRefused) as refused:
        protect(con, "input", SPEC, BUSINESS, POLICY, SITE)
    assert refused.value.code == "total-code-in-data"


def test_areas_without_groups_have_one_total(con):
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [6, 6]))
    rows = shown(con, replace(SPEC, zone="area"), Magnitude(area="area"))
    assert rows == {("a",): ("aggregate", 3, 15), ("Total",): ("partial-total", 3, 15)}


def test_periods_have_totals_of_their_own(con):
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [6, 6]))
    made = protect(con, "input", replace(SPEC, time="ts"), BUSINESS, POLICY, SITE)
    made.policy.recount(con, "input", made, replace(SPEC, time="ts"), BUSINESS, SITE)
    assert {row["period_start"] for row in made.table.to_pylist()} == {START}


def test_the_gate_finds_a_full_total_that_was_written_over_a_partial_one(con):
    load(con, area("R", "a", [5, 5, 5]) + area("R", "b", [6, 6]))
    made = protect(con, "input", SPEC, BUSINESS, POLICY, SITE)
    rows = made.table.to_pylist()
    for row in rows:
        if row["kind"] == "partial-total":
            row.update(kind="total", units=5, kwh=Decimal(27))
    forged = replace(made, table=pa.Table.from_pylist(rows, schema=made.table.schema))
    with pytest.raises(GateRefused) as refused:
        gate(con, "input", forged, SPEC, BUSINESS, SITE)
    assert refused.value.code == "total-label-differs"


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 40)), min_size=1, max_size=40))
def test_what_a_full_total_leaves_open_holds_the_minimum(con, rows):
    """Oracle: subtract what is shown from every full total; nobody's sum below three companies appears."""
    table = [(f"c{unit}-{place}", f"R{place // 3}", f"a{place}", Decimal(kwh)) for unit, place, kwh in rows]
    load(con, table)
    try:
        found = shown(con)
    except DisclosureRefused as refused:
        assert refused.code == "unit-looks-like-row-id"
        return
    for (region, name), (kind, _, kwh) in found.items():
        if name != "Total" or kind != "total" or region == "Total":
            continue
        hidden = {row[2] for row in table if row[1] == region} - {key[1] for key in found if key[0] == region}
        units = {row[0] for row in table if row[2] in hidden}
        assert len(units) == 0 or len(units) >= 3
        assert kwh == sum(row[3] for row in table if row[1] == region)
