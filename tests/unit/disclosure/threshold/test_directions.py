"""Prosumers: what is taken and what is fed in are two measures, each judged by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from disclosure import DisclosureRefused, Measure, Spec, load_preset, protect
from disclosure.directions import split_directions
from disclosure.engine import connect
from disclosure.site import SiteRules

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
SPEC = Spec(unit="meter", zone="zone", time="ts", measures={"taken": Measure(), "fed": Measure()})
PRESET, SITE = load_preset("house-business"), SiteRules(p_percent=15)


@pytest.fixture
def con(tmp_path):
    with connect(tmp_path, "200MB", threads=1) as connection:
        yield connection


def load(con, zones):
    rows = [(f"{zone}{n}", zone, Decimal(kwh)) for zone, amounts in zones.items() for n, kwh in enumerate(amounts)]
    table = pa.table(
        {
            "meter": [row[0] for row in rows],
            "zone": [row[1] for row in rows],
            "ts": pa.array([START] * len(rows), pa.timestamp("us", "UTC")),
            "net": pa.array([row[2] for row in rows], pa.decimal128(18, 3)),
        }
    )
    con.register("rows_in", table)
    con.execute("CREATE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")
    split_directions(con, "input", "net", taken="taken", fed_in="fed", view="split")


def test_both_directions_are_published_and_net_amounts_are_gone(con):
    load(con, {"a": [10, 12, 11, -5, -6, -7]})
    made = protect(con, "split", SPEC, PRESET, site=SITE)
    made.policy.recount(con, "split", made, SPEC, PRESET, SITE)
    assert [(row["taken"], row["fed"]) for row in made.table.to_pylist()] == [(33, 18)]
    assert "net" not in con.sql("SELECT * FROM split").columns


def test_one_large_plant_among_small_ones_is_seen_although_consumption_is_even(con):
    load(con, {"a": [10, 12, 11, -500, -1, -1], "b": [10, 12, 11, -5, -6, -7]})
    made = protect(con, "split", SPEC, PRESET, site=SITE)
    assert [row["zone"] for row in made.table.to_pylist()] == ["b"]


def test_a_name_that_is_in_use_is_refused(con):
    load(con, {"a": [1]})
    with pytest.raises(DisclosureRefused) as refused:
        split_directions(con, "input", "net", taken="zone", fed_in="fed", view="other")
    assert refused.value.code == "column-exists"
