"""Sets of stops: up to two known stops never lead to fewer than k units."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure import DisclosureRefused
from disclosure.engine import connect
from disclosure.recoding.hierarchy import Hierarchy
from disclosure.recoding.sets import is_protected, protect_sets

STOPS = Hierarchy("stop", tuple((f"s{n}", f"district {n // 3}", f"side {n // 6}", "*") for n in range(12)))
K = 4


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("sets"), "500MB") as connection:
        yield connection


def load(con, rows):
    con.register("rows_in", pa.table({"rider": [row[0] for row in rows], "stop": [row[1] for row in rows]}))
    con.execute("CREATE OR REPLACE TABLE stops AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def sets_of(table):
    found = {}
    for record, item in zip(table.column("record").to_pylist(), table.column("item").to_pylist(), strict=True):
        found.setdefault(record, []).append(item)
    return list(found.values())


def protected(con, rows, m=2, k=K):
    load(con, rows)
    return protect_sets(con, "stops", unit="rider", item="stop", hierarchy=STOPS, k=k, m=m)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), riders=st.integers(K, 40), m=st.sampled_from([1, 2]))
def test_every_combination_that_occurs_occurs_for_k_units(con, seed, riders, m):
    chance = random.Random(seed)
    rows = [(f"r{n}", f"s{chance.choice(range(12))}") for n in range(riders) for _ in range(chance.randint(1, 4))]
    result = protected(con, rows, m)
    published = sets_of(result.table)
    assert is_protected(published, K, m)
    assert len(published) == riders


def test_a_pair_of_one_rider_is_generalized_and_what_many_share_stays(con):
    rows = [(f"a{n}", stop) for n in range(6) for stop in ("s0", "s9")] + [("rare", "s0"), ("rare", "s4")]
    rows += [(f"b{n}", "s4") for n in range(6)]
    assert not is_protected([["s0", "s9"]] * 6 + [["s0", "s4"]] + [["s4"]] * 6, K, 2)
    result = protected(con, rows)
    labels = set(result.table.column("item").to_pylist())
    assert "s9" in labels
    assert is_protected(sets_of(result.table), K, 2)


def test_knowing_one_stop_is_a_weaker_promise_that_changes_less(con):
    rows = [(f"a{n}", stop) for n in range(6) for stop in ("s0", "s9")] + [("rare", "s0"), ("rare", "s4")]
    rows += [(f"b{n}", "s4") for n in range(6)]
    assert set(protected(con, rows, 1).levels) == {0}


def test_order_of_rows_changes_no_byte_and_no_rider_is_published(con):
    chance = random.Random(5)
    rows = [(f"r{n}", f"s{chance.choice(range(12))}") for n in range(30) for _ in range(3)]
    first = protected(con, rows).table
    chance.shuffle(rows)
    assert protected(con, rows).table.equals(first)
    assert first.column_names == ["record", "item"]


@pytest.mark.parametrize(
    ("rows", "m", "code"),
    [
        ([("a", "s0")] * 9, 3, "sets-known-items"),
        ([(f"r{n}", "s0") for n in range(K - 1)], 2, "table-too-small"),
        ([(f"r{n}", "s99") for n in range(K)], 2, "value-not-in-hierarchy"),
    ],
)
def test_what_cannot_be_protected_is_refused(con, rows, m, code):
    with pytest.raises(DisclosureRefused, match=code):
        protected(con, rows, m)
