"""Packed keys tell the same rows apart as the values do, however many bits they need and however Arrow holds them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.assess import closeness, diversity, encode, packed
from disclosure.assess.closeness import Metric
from disclosure.assess.metrics import metric_of
from disclosure.assess.packed import KeyTooWideError, Packed, read_parquet
from disclosure.assess.runs import Runs, relabeled


def _sizes(table, names):
    rows = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    return sorted(Counter(Counter(rows).values()).items())


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2, None, 2**62, -(2**62), 2]),
        pa.array([255, 0, 7, None, 0, 128], pa.uint8()),
        pa.array([-128, 127, None, 0, 1, -128], pa.int8()),
        pa.array(["a", "", None, "a", "b", ""]),
        pa.array([0.0, -0.0, 1.5, None, 1.5, 2.0]),
        pa.array([Decimal("1.10"), Decimal("1.1"), None, Decimal(2), Decimal(0), Decimal(0)]),
        pa.array([None] * 6, pa.int32()),
        pa.DictionaryArray.from_arrays([0, 1, 2, None, 3, 0], ["a", "b", "a", None]),
        pa.DictionaryArray.from_arrays([0, 1, 1, 0, None, 1], ["a", "b"]),
    ],
    ids=["wide", "unsigned", "narrow", "text", "zeros", "decimals", "missing", "unclean-dictionary", "dictionary"],
)
def test_column_of_any_type_keeps_its_values_apart(column):
    table = pa.table({"x": pa.chunked_array([column.slice(0, 4), column.slice(4)])})
    assert list(Packed(table, ["x"]).class_sizes().sizes) == _sizes(table, ["x"])


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=30), st.sampled_from([1 << 64, 16, 40]))
def test_keys_wider_than_the_machine_give_the_same_classes(rows, space):
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate("abc")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encode, "KEY_SPACE", space)
        found = Packed(table, "abc").class_sizes()
    assert list(found.sizes) == _sizes(table, "abc")


def test_eight_columns_of_a_million_values_each_are_told_apart():
    random = np.random.default_rng(1)
    names = [f"q{number}" for number in range(8)]
    half = {name: random.integers(0, 1_000_000, 500) for name in names}
    table = pa.table({name: np.concatenate([values, values]) for name, values in half.items()})
    assert Packed(table, names).class_sizes().sizes == ((2, 500),)


def test_value_that_fits_into_no_key_is_refused(monkeypatch):
    monkeypatch.setattr(packed, "KEY_SPACE", 64)
    table = pa.table({"q": range(40), "s": range(40)})
    with pytest.raises(KeyTooWideError):
        Packed(table, ["q"]).values("s")


def test_parquet_is_read_into_the_same_classes(tmp_path):
    table = pa.table({"a": ["x", None, "y", "x"] * 50, "b": [1, 2, 3, 1] * 50})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=7)
    assert Packed(read_parquet(tmp_path / "t.parquet", ["a", "b"]), ["a", "b"]).class_sizes().sizes == (
        (50, 2),
        (100, 1),
    )
    assert read_parquet(tmp_path / "t.parquet", ["a", "none"]) is None


RUNS = st.lists(st.dictionaries(st.integers(0, 4), st.integers(1, 9), min_size=1, max_size=5), min_size=1, max_size=12)


def _runs(classes):
    pairs = [sorted(counts.items()) for counts in classes]
    lengths = [len(each) for each in pairs]
    flat = [pair for each in pairs for pair in each]
    return Runs(
        starts=np.cumsum([0, *lengths[:-1]]),
        codes=np.array([code for code, _ in flat], dtype=np.int64),
        counts=np.array([count for _, count in flat], dtype=np.int64),
    )


def _dense(classes):
    """The same classes with codes that all occur, and their totals."""
    used = sorted({code for counts in classes for code in counts})
    dense = [{used.index(code): count for code, count in counts.items()} for counts in classes]
    totals = Counter()
    for counts in dense:
        totals.update(counts)
    return _runs(dense), np.array([totals[code] for code in range(len(used))], dtype=np.int64)


@given(RUNS)
@settings(max_examples=25, deadline=None)
def test_sums_beyond_64_bits_give_the_same_fractions(classes):
    runs, totals = _dense(classes)
    nodes = np.arange(len(totals)) // 2
    metric = Metric(ranks=np.arange(len(totals))[::-1], levels=(np.arange(len(totals)), nodes))
    expected = closeness.closeness(runs, totals, metric)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closeness, "ROOM", 0)
        assert closeness.closeness(runs, totals, metric) == expected


@given(RUNS, st.integers(1, 4))
def test_pieces_hold_whole_classes_and_lose_none(classes, most):
    runs = _runs(classes)
    pieces = list(runs.pieces(most))
    assert [each for piece in pieces for each in piece.sizes()] == list(runs.sizes())
    whole = diversity.diversity(runs)
    for piece in pieces[:1]:
        joined = diversity.diversity(piece)
    for piece in pieces[1:]:
        joined = joined.weaker(diversity.diversity(piece))
    assert joined == whole


@pytest.mark.parametrize(
    ("labels", "order", "ranks"),
    [
        ((5, 7, 100), None, [0, 1, 2]),
        (("100", "5", "7.5"), None, [2, 0, 1]),
        (("-1", "-10", "0"), None, [1, 0, 2]),
        (("007", "1"), None, None),
        (("high", "low"), None, None),
        (("high", "low", "middle"), ("low", "middle", "high", "none"), [2, 0, 1]),
    ],
    ids=["numbers", "text-numbers", "negative", "codes", "words", "given"],
)
def test_values_have_the_order_of_numbers_or_the_one_that_is_given(labels, order, ranks):
    found = metric_of("x", labels, order).ranks
    assert (None if found is None else list(found)) == ranks


def test_relabeling_adds_up_values_that_become_one():
    runs = relabeled(_runs([{0: 2, 1: 3, 2: 1}, {2: 4}]), np.array([1, 0, 1]))
    assert (list(runs.starts), list(runs.codes), list(runs.counts)) == ([0, 2], [0, 1, 1], [3, 3, 4])
