"""Differential privacy: what one unit can change is bounded, the price is OpenDP's, nothing is computed from data.

The noise source is replaced where exact figures are needed; production code has no way to do that.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disclosure import gate, passes, release, verify
from disclosure.engine import connect
from disclosure.errors import DisclosureRefused, GateRefused, SpecInvalid
from disclosure.policies import policy_dict, policy_from
from disclosure.policies.dp import DifferentialPrivacy
from disclosure.presets import load_preset
from disclosure.privacy_budget import bounds as bounding
from disclosure.privacy_budget import mechanism
from disclosure.privacy_budget.account import epsilon
from disclosure.privacy_budget.bounds import Bounds
from disclosure.privacy_budget.mechanism import Kind, Sensitivity, loss, scale_for, tail
from disclosure.privacy_budget.sqlite_store import SqliteStore
from disclosure.protect import explain, protect
from disclosure.recheck import verify_against
from disclosure.site import SiteRules
from disclosure.spec import Measure, Spec

SITE = SiteRules(key=b"0123456789abcdef0123456789abcdef")
PRESET = load_preset("house-personal")
SPEC = Spec(
    unit="person",
    zone="zone",
    time="ts",
    measures={"kwh": Measure(decimals=1, unit="kWh")},
    count_rows_as="trips",
    timezone="Europe/Ljubljana",
)
START = datetime(2026, 10, 24, 22, tzinfo=UTC)
ZONES = tuple((f"z{n}",) for n in range(-2, 4))
BOUNDS = Bounds(
    zones=ZONES,
    start=START,
    end=START + timedelta(hours=5),
    max_cells=4,
    max_rows=2,
    measures={"kwh": (Decimal(-3), Decimal(8))},
)
POLICY = DifferentialPrivacy(
    delivery="october",
    rho=Decimal("0.5"),
    bounds=BOUNDS,
    rho_total=Decimal(1),
    window_start=datetime(2026, 1, 1, tzinfo=UTC),
    window_end=datetime(2027, 1, 1, tzinfo=UTC),
)
NAMES = ("person", "zone", "ts", "kwh")


@pytest.fixture
def con(tmp_path):
    with connect(tmp_path, "500MB") as connection:
        yield connection


@pytest.fixture
def policy(tmp_path):
    return POLICY.with_store(SqliteStore(tmp_path / "budget.sqlite"))


def load(con, rows):
    types = (pa.string(), pa.string(), pa.timestamp("us", "UTC"), pa.float64())
    columns = {name: pa.array([row[i] for row in rows], types[i]) for i, name in enumerate(NAMES)}
    con.register("rows_in", pa.table(columns))
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def town(seed=1, rows=4000, people=300):
    chance = random.Random(seed)
    return [
        (
            f"p{chance.randrange(people)}" if chance.random() > 0.01 else None,
            f"z{chance.randrange(-4, 4)}",
            START + timedelta(seconds=chance.randrange(-3600, 7 * 3600)),
            round(chance.random() * 10 - 2, 3) if chance.random() > 0.1 else None,
        )
        for _ in range(rows)
    ]


def vectors(con, rows, bounds=BOUNDS, key=SITE.key):
    """Exact bounded figures by cell."""
    load(con, rows)
    try:
        bounding.make_keys(con, SPEC, bounds)
        table = bounding.bounded_vectors(con, "input", SPEC, bounds, key).to_pylist()
    finally:
        bounding.drop(con)
    return {(row["zone"], row["period_start"]): (row["__one"], row["__rows"], row["__m0"]) for row in table}


readings = st.tuples(
    st.sampled_from(["p1", " P1", "p2", "p3", "", None]),
    st.sampled_from(["z-2", "z0", "z1", "z2", "z3", "elsewhere", None]),
    st.integers(-2000, 20000).map(lambda seconds: START + timedelta(seconds=seconds)),
    st.one_of(st.none(), st.floats(), st.sampled_from([0.05, -0.05, 1e300, float("nan"), float("-inf")])),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(readings, max_size=25), st.integers(1, 3))
def test_removing_any_unit_changes_the_table_by_at_most_the_stated_sensitivity(con, rows, max_cells):
    """By brute force over all neighbors, whatever the values are."""
    bounds = replace(BOUNDS, max_cells=max_cells)
    whole = vectors(con, rows, bounds)
    noise = replace(POLICY, bounds=bounds).noise(SPEC)
    for unit in {"P1", "P2", "P3", ""}:
        without = vectors(con, [row for row in rows if (row[0] or "").strip().upper() != unit], bounds)
        assert without.keys() == whole.keys()
        for column, (sensitivity, _) in enumerate(noise.values()):
            changes = [whole[cell][column] - without[cell][column] for cell in whole]
            assert sum(change != 0 for change in changes) <= max_cells
            assert sum(map(abs, changes)) <= sensitivity.l1
            assert sum(change**2 for change in changes) <= sensitivity.l2_squared


def test_cells_are_all_declared_ones_whatever_the_data(con):
    full, empty = vectors(con, town()), vectors(con, [])
    assert full.keys() == empty.keys()
    assert len(full) == len(ZONES) * 5
    assert set(empty.values()) == {(0, 0, 0)}


def test_which_cells_of_a_unit_count_depends_on_nobody_else_and_not_on_chance(con):
    rows = [("p1", zone, START + timedelta(hours=h), 1.0) for (zone,) in ZONES for h in range(5)]
    alone = vectors(con, rows)
    others = [(f"q{n}", zone, START, 1.0) for n in range(50) for (zone,) in ZONES]
    together, only_others = vectors(con, rows + others), vectors(con, others)
    kept = {cell for cell, (units, *_) in alone.items() if units}
    assert len(kept) == BOUNDS.max_cells
    assert {cell for cell in together if together[cell] != only_others[cell]} == kept
    elsewhere = vectors(con, rows, key=b"another key of thirty-two bytes!")
    assert {cell for cell, (units, *_) in elsewhere.items() if units} != kept


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("rho", ["0.001", "0.1", "1.5"])
@pytest.mark.parametrize("sensitivity", [Sensitivity(cells=1, per_cell=1), Sensitivity(cells=48, per_cell=30_000)])
def test_price_is_what_opendp_certifies_and_no_noise_is_wasted(kind, rho, sensitivity):
    scale = scale_for(kind, sensitivity, Decimal(rho))
    assert loss(kind, sensitivity, scale) <= float(rho)
    assert loss(kind, sensitivity, scale * (1 - 1e-9)) > float(rho)


@pytest.mark.parametrize("rho", ["1", "0.1", "0.000001", "0.333333333333333333"])
def test_columns_together_cost_no_more_than_is_charged(rho):
    policy = replace(POLICY, rho=Decimal(rho))
    assert mechanism.total_loss(policy.kind, policy.noise(SPEC).values()) <= Decimal(rho)


def test_noise_is_drawn_anew_and_has_the_stated_size():
    """20,000 draws of scale 6: the mean square of discrete Gaussian noise is 36 to within five standard errors."""
    for kind, variance in ((Kind.GAUSSIAN, 36.0), (Kind.LAPLACE, 72.0)):
        drawn = mechanism.noisy(kind, [0] * 20_000, 6.0)
        assert drawn != mechanism.noisy(kind, [0] * 20_000, 6.0)
        spread = variance * ((2 if kind is Kind.GAUSSIAN else 5) / len(drawn)) ** 0.5
        assert abs(sum(value**2 for value in drawn) / len(drawn) - variance) < 6 * spread
        assert max(map(abs, drawn)) <= tail(kind, 6.0, len(drawn))


def test_release_passes_the_gate_and_a_retry_gives_the_same_bytes(con, policy):
    load(con, town())
    first = protect(con, "input", SPEC, PRESET, policy, SITE)
    policy.recount(con, "input", first, SPEC, PRESET, SITE)
    again = protect(con, "input", SPEC, PRESET, policy, SITE)
    assert first.table.equals(again.table)
    assert first.table.num_rows
    assert policy.store.spent(policy.account(PRESET)) == Decimal("0.5")
    assert not con.execute("SELECT * FROM duckdb_tables() WHERE temporary").fetchall()


def test_written_release_is_checked_with_its_store_and_undecided_without(con, policy, tmp_path):
    load(con, town())
    protected = protect(con, "input", SPEC, PRESET, policy, SITE)
    cleared = gate(con, "input", protected, SPEC, PRESET, SITE)
    folder = tmp_path / "release"
    release.write(folder, cleared, SPEC, PRESET, release_id="r", input_hmac="0" * 64, extra={})
    assert passes(verify(folder))
    for store, status in ((policy.store, "holds"), (None, "cannot-be-recomputed")):
        answers = verify_against(folder, con, "input", SITE, budget=store)
        assert {each.name: str(each.status) for each in answers}["independent-recount"] == status
    other = SqliteStore(tmp_path / "other.sqlite")
    assert not passes(verify_against(folder, con, "input", SITE, budget=other))
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    assert (proof["budget"]["rho"], proof["achieved"]["min_units"], proof["input"]["hmac_sha256"]) == (
        "0.5",
        None,
        None,
    )


def test_retry_after_the_input_changed_gives_the_first_output(con, policy):
    load(con, town())
    first = protect(con, "input", SPEC, PRESET, policy, SITE)
    load(con, town(2))
    assert protect(con, "input", SPEC, PRESET, policy, SITE).table.equals(first.table)


def test_without_noise_the_table_is_the_bounded_truth(con, policy, monkeypatch):
    """Shows that the figures are the right ones: the only place where the noise source is a fake."""
    monkeypatch.setattr(mechanism, "noisy", lambda kind, values, scale: list(values))
    rows = town()
    exact = vectors(con, rows)
    load(con, rows)
    protected = protect(con, "input", SPEC, PRESET, policy, SITE)
    shown = {
        (row["zone"], row["period_start"]): (row["units"], row["trips"], int(row["kwh"] * 10))
        for row in protected.table.to_pylist()
    }
    assert shown == {cell: figures for cell, figures in exact.items() if figures[0] >= PRESET.min_units}
    policy.recount(con, "input", protected, SPEC, PRESET, SITE)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_gate_sees_figures_that_are_not_the_bounded_ones(con, policy, monkeypatch, column):
    """Here one column was summed over something else; the distance is more than noise can explain."""
    far = [tail(policy.kind, scale, 30) + 10_000 for _, scale in policy.noise(SPEC).values()]
    columns = iter(range(3))

    def off(kind, values, scale):
        return [value + (far[column] if next_column == column else 0) for value in values]

    def fake(kind, values, scale):
        nonlocal next_column
        next_column = next(columns)
        return off(kind, values, scale)

    next_column = 0
    monkeypatch.setattr(mechanism, "noisy", fake)
    load(con, town())
    protected = protect(con, "input", SPEC, PRESET, policy, SITE)
    with pytest.raises(GateRefused, match="dp-figures-off"):
        policy.recount(con, "input", protected, SPEC, PRESET, SITE)


def test_gate_refuses_what_the_store_does_not_hold(con, policy, tmp_path):
    load(con, town())
    protected = protect(con, "input", SPEC, PRESET, policy, SITE)
    empty = policy.with_store(SqliteStore(tmp_path / "other.sqlite"))
    cases = {
        "dp-not-charged": replace(protected, policy=empty),
        "budget-store-missing": replace(protected, policy=POLICY),
        "dp-output-differs": replace(protected, table=protected.table.slice(1)),
        "statement-differs": replace(protected, public_facts={}),
    }
    for code, candidate in cases.items():
        with pytest.raises(GateRefused, match=code):
            candidate.policy.recount(con, "input", candidate, SPEC, PRESET, SITE)


def test_budget_that_is_used_up_refuses_before_the_input_is_read(con, policy):
    load(con, town())
    for delivery in ("october", "november"):
        protect(con, "input", SPEC, PRESET, replace(policy, delivery=delivery), SITE)
    con.execute("DELETE FROM input")
    with pytest.raises(DisclosureRefused, match="dp-budget-exhausted"):
        protect(con, "input", SPEC, PRESET, replace(policy, delivery="december", rho=Decimal("0.01")), SITE)


def test_statement_plan_and_refusals_are_the_same_for_any_data(con, tmp_path):
    """Two inputs that have nothing in common, one of them empty."""
    stated, plans = [], []
    for number, rows in enumerate((town(), [])):
        policy = POLICY.with_store(SqliteStore(tmp_path / f"{number}.sqlite"))
        load(con, rows)
        plans.append(explain(con, "input", SPEC, PRESET, policy, SITE))
        protected = protect(con, "input", SPEC, PRESET, policy, SITE)
        stated.append((protected.public_facts, protected.withheld, protected.achieved_min, protected.confidential))
    assert stated[0] == stated[1]
    assert plans[0] == plans[1]
    json.dumps(stated[0][0])


def test_parameters_survive_being_stated(policy):
    assert policy_from(json.loads(json.dumps(policy_dict(policy), sort_keys=True))) == policy
    assert "store" not in policy.public()


def test_what_it_cannot_protect_is_refused(con, policy):
    load(con, town(rows=10))
    cases = {
        "policy-refuses-means": replace(SPEC, measures={"kwh": Measure(kind="mean", decimals=1)}),
        "dp-one-unit-only": replace(SPEC, also_units=("household",)),
        "dp-bounds-do-not-fit": replace(SPEC, measures={}),
        "zone-and-time-needed": replace(SPEC, time=""),
    }
    for code, spec in cases.items():
        with pytest.raises(DisclosureRefused, match=code):
            protect(con, "input", spec, PRESET, policy, SITE)
    with pytest.raises(DisclosureRefused, match="budget-store-missing"):
        protect(con, "input", SPEC, PRESET, POLICY, SITE)


@pytest.mark.parametrize(
    "change",
    [
        {"max_cells": 0},
        {"zones": ()},
        {"zones": (("a",), ("a",))},
        {"end": START},
        {"measures": {"kwh": (Decimal(1), Decimal(2))}},
        {"measures": {"kwh": (Decimal(0), Decimal("1e12"))}},
    ],
)
def test_bounds_that_make_no_sense_are_refused(change):
    with pytest.raises(SpecInvalid, match="dp-bounds-malformed"):
        replace(BOUNDS, **change)


def test_release_outside_its_budget_window_is_refused():
    with pytest.raises(SpecInvalid, match="dp-outside-window"):
        replace(POLICY, window_end=BOUNDS.start + timedelta(hours=1))


def test_examples_in_the_documentation_are_policies(project_root):
    """And the figures beside them are right: errors to expect, and the ε of two budgets."""
    page = (project_root / "docs" / "noise.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block)["policy"] for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    assert [policy_from(block).name for block in blocks] == ["cell-key", "dp"]
    for rho in ("0.1", "1"):
        stated = epsilon(Decimal(rho), Decimal("1e-9")).quantize(Decimal("0.01"), rounding=ROUND_CEILING)
        assert f"ρ = {rho} is ε = {stated}" in page
    policy = policy_from(blocks[1])
    columns = policy.noise(replace(SPEC, measures={"km": Measure()}))
    expected = (policy.bounds.max_cells * len(columns) / (2 * float(policy.rho))) ** 0.5
    assert columns["units"][1] == pytest.approx(expected, rel=1e-6)
