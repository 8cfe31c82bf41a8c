"""Properties that hold for every small table: what protect publishes is safe, and the gate agrees with it."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from disclosure import DisclosureRefused, Measure, Spec, gate, load_preset, protect
from disclosure.engine import connect
from disclosure.tables import csv_bytes

PRESET = load_preset("house-personal")
SPEC = Spec(
    unit="meter",
    zone="zone",
    time="ts",
    measures={"kwh": Measure(decimals=2), "volt": Measure(kind="mean", decimals=1)},
    timezone="Europe/Ljubljana",
    count_rows_as="readings",
)
CHANGE = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # one hour before summer time ends
NAMES = ("meter", "zone", "ts", "kwh", "volt")
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

values = st.one_of(st.none(), st.floats(-50, 50, allow_nan=False), st.just(0.0))
units = st.one_of(
    st.none(), st.just(""), st.integers(0, 13).map(lambda n: f"m{n}"), st.integers(0, 13).map(lambda n: f" M{n}")
)
row = st.tuples(
    units,
    st.sampled_from(["a", "b", None]),
    st.integers(0, 11).map(lambda q: CHANGE + timedelta(minutes=15 * q)),
    values,
    values,
)
# Whole groups of units, so that cells around the threshold of ten are common.
group = st.tuples(
    st.integers(8, 12), st.sampled_from(["a", "b"]), st.integers(0, 11), values.filter(lambda v: v is not None)
)
tables = st.tuples(st.lists(row, max_size=25), st.lists(group, max_size=4)).map(
    lambda parts: (
        parts[0]
        + [
            (f"m{m}", zone, CHANGE + timedelta(minutes=15 * q), v, 230.0)
            for n, zone, q, v in parts[1]
            for m in range(n)
        ]
    )
)


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("properties"), "300MB", threads=2) as connection:
        yield connection


def load(con, rows):
    kinds = (pa.string(), pa.string(), pa.timestamp("us", "UTC"), pa.float64(), pa.float64())
    table = pa.table({name: pa.array([r[i] for r in rows], kinds[i]) for i, name in enumerate(NAMES)})
    con.register("rows_in", table)
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def protected(con, rows):
    """Protect, or give up on a table whose unit column looks like a row id."""
    load(con, rows)
    try:
        return protect(con, "input", SPEC, PRESET)
    except DisclosureRefused as refusal:
        assume(refusal.code != "unit-looks-like-row-id")
        raise


def distinct_units(rows):
    """A count in plain Python: units per zone and UTC hour, for each measure; both hours of the clock change."""
    seen = defaultdict(lambda: (set(), set()))
    for meter, zone, ts, *measures in rows:
        name = (meter or "").strip().upper()
        for place, value in enumerate(measures):
            if value is not None and zone is not None:
                seen[zone, ts.replace(minute=0)][place].add(name)
    return {cell: min(map(len, sets)) for cell, sets in seen.items()}


@FEW
@given(tables)
def test_no_published_cell_has_fewer_units_than_the_minimum(con, rows):
    result = protected(con, rows)
    counted = distinct_units(rows)
    for cell in result.table.to_pylist():
        assert cell["units"] == counted[cell["zone"], cell["period_start"]] >= PRESET.min_units
        assert cell["kwh"] != 0
        assert cell["volt"] != 0


@FEW
@given(tables)
def test_gate_agrees_with_every_protected_table(con, rows):
    result = protected(con, rows)
    assert gate(con, "input", result, SPEC, PRESET).protected is result


@FEW
@given(tables, st.randoms(use_true_random=False))
def test_order_of_rows_never_changes_the_result(con, rows, shuffle: random.Random):
    first = csv_bytes(protected(con, rows).table)
    mixed = list(rows)
    shuffle.shuffle(mixed)
    assert csv_bytes(protected(con, mixed).table) == first


@FEW
@given(st.integers(10, 14), st.floats(0.01, 50), st.data())
def test_cell_of_ten_vanishes_when_any_one_unit_leaves(con, extra, kwh, data):
    rows = [(f"m{m}", "a", CHANGE + timedelta(minutes=15 * q), kwh, 230.0) for m in range(10) for q in range(4)]
    rows += [(f"m{m}", "b", CHANGE + timedelta(minutes=15 * q), kwh, 230.0) for m in range(extra) for q in range(4)]
    leaver = data.draw(st.sampled_from([f"m{m}" for m in range(10)]))
    assert {cell["zone"] for cell in protected(con, rows).table.to_pylist()} == {"a", "b"}
    rest = [r for r in rows if (r[0], r[1]) != (leaver, "a")]
    assert {cell["zone"] for cell in protected(con, rest).table.to_pylist()} == {"b"}
