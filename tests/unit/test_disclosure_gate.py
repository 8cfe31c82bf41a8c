"""The gate recounts for itself: whatever is changed in a protected table, it does not pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from disclosure import Cleared, GateRefused, Measure, Spec, gate, load_preset, protect
from disclosure.engine import connect

PRESET = load_preset("house-personal")
SPEC = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(decimals=1)}, count_rows_as="readings")
START = datetime(2026, 10, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("gate"), "500MB") as connection:
        sizes = {"a": 10, "b": 12, "small": 4}
        rows = [
            (f"{zone}{m}", zone, START + timedelta(hours=h), 1.5 + m)
            for zone, size in sizes.items()
            for m in range(size)
            for h in range(3)
        ]
        names = ("meter", "zone", "ts", "kwh")
        table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
        connection.register("rows_in", table)
        connection.execute("CREATE TABLE input AS SELECT * FROM rows_in")
        yield connection


@pytest.fixture
def candidate(con):
    return protect(con, "input", SPEC, PRESET)


def changed(candidate, edit):
    rows = candidate.table.to_pylist()
    edit(rows)
    return replace(candidate, table=pa.Table.from_pylist(rows, schema=candidate.table.schema))


def small_cell(rows):
    rows.append({"zone": "small", "period_start": START, "units": 10, "readings": 4, "kwh": Decimal("12.0")})


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda rows: rows[0].update(kwh=rows[0]["kwh"] + Decimal("0.1")), "figure-differs"),
        (lambda rows: rows[0].update(units=rows[0]["units"] + 1), "count-differs"),
        (lambda rows: rows[0].update(readings=rows[0]["readings"] + 1), "count-differs"),
        (lambda rows: rows[0].update(kwh=None), "figure-differs"),
        (lambda rows: rows.pop(), "cell-missing"),
        (lambda rows: rows.append(dict(rows[0])), "cell-repeated"),
        (small_cell, "cell-below-minimum"),
        (lambda rows: rows[0].update(zone="Total"), "cell-below-minimum"),
        (lambda rows: rows[0].update(period_start=START - timedelta(days=1)), "cell-below-minimum"),
    ],
)
def test_changed_table_does_not_pass(con, candidate, edit, code):
    with pytest.raises(GateRefused) as refusal:
        gate(con, "input", changed(candidate, edit), SPEC, PRESET)
    assert refusal.value.code == code


def test_untouched_table_passes(con, candidate):
    assert gate(con, "input", candidate, SPEC, PRESET).protected is candidate


def test_stated_minimum_must_be_the_real_one(con, candidate):
    with pytest.raises(GateRefused) as refusal:
        gate(con, "input", replace(candidate, achieved_min=11), SPEC, PRESET)
    assert refusal.value.code == "minimum-differs"


def test_extra_column_does_not_pass(con, candidate):
    table = candidate.table.append_column("note", pa.array(["x"] * candidate.table.num_rows))
    with pytest.raises(GateRefused) as refusal:
        gate(con, "input", replace(candidate, table=table), SPEC, PRESET)
    assert refusal.value.code == "columns-differ"


def test_table_made_under_a_laxer_rule_does_not_pass_a_stricter_one(con, candidate):
    with pytest.raises(GateRefused) as refusal:
        gate(con, "input", candidate, SPEC, PRESET.tightened(min_units=11))
    assert refusal.value.code == "cell-below-minimum"


def test_vehicles_that_were_not_present_at_once_do_not_pass(con):
    """Nine vehicles in one of two snapshots, offered as if ten had always been there."""
    spec = Spec(unit="vehicle", zone="zone", time="ts", presence="simultaneous", count_rows_as="vehicles")
    preset = load_preset("gbfs-free-floating")
    rows = [(f"v{s}-{v}", "a", START + timedelta(minutes=s)) for s, count in enumerate((10, 9)) for v in range(count)]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(("vehicle", "zone", "ts"))}
    con.register("rows_in", pa.table(columns))
    con.execute("CREATE OR REPLACE TABLE floating AS SELECT * FROM rows_in")
    honest = protect(con, "floating", spec, preset)
    row = {"zone": "a", "period_start": START, "units": 10, "vehicles": Decimal("9.5")}
    forged = replace(honest, table=pa.Table.from_pylist([row], schema=honest.table.schema), achieved_min=10)
    with pytest.raises(GateRefused) as refusal:
        gate(con, "floating", forged, spec, preset)
    assert (honest.table.num_rows, refusal.value.code) == (0, "cell-below-minimum")


def test_clearance_cannot_be_made_by_hand(candidate):
    with pytest.raises(GateRefused) as refusal:
        Cleared(protected=candidate, spec=SPEC, preset=PRESET, key=object())
    assert refusal.value.code == "gate-not-passed"


def test_refusal_says_how_many_cells_and_never_which(con, candidate):
    with pytest.raises(GateRefused) as refusal:
        gate(con, "input", changed(candidate, small_cell), SPEC, PRESET)
    assert refusal.value.params == {"cells": 1}


def test_wrong_date_in_the_input_is_named_and_not_computed_for_hours(con):
    con.execute("CREATE OR REPLACE TABLE odd AS SELECT * FROM input")
    con.execute("INSERT INTO odd VALUES ('a0', 'a', TIMESTAMPTZ '1900-01-01 00:00:00+00', 1.0)")
    with pytest.raises(GateRefused) as refusal:
        gate(con, "odd", protect(con, "odd", SPEC, PRESET), SPEC, PRESET)
    assert refusal.value.code == "span-too-long"
