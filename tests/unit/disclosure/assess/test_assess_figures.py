"""Every figure equals a second implementation by the definitions, whichever kernel, row order and thread count."""

from __future__ import annotations

import math

import assess_oracle as oracle
import pytest
from assess_tables import QUASI, ROWS, relation
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.assess import Kernel, Questions, assess
from disclosure.spec import Spec

TREE = {"flu": ("lung", "any"), "asthma": ("lung", "any"), "hiv": ("blood", "any")}
ORDER = ("hiv", "flu", "asthma", "none of these")
KERNELS = [Kernel.SQL, Kernel.PACKED]


def _questions(kernel, small_sets):
    rows = [(value, *path) for value, path in TREE.items()]
    return Questions(kernel=kernel, min_units=3, orders={"s": ORDER}, hierarchies={"s": rows}, small_sets=small_sets)


def _spec(**roles):
    return Spec(**{"unit": "u", "also_units": ("v",), "quasi": QUASI, "sensitive": ("s", "n"), **roles})


def _assess(rows, kernel, *, threads=2, small_sets=False, **roles):
    with relation(rows, threads=threads) as con:
        return assess(con, "data", _spec(**roles), _questions(kernel, small_sets))


@pytest.mark.parametrize("kernel", KERNELS)
@given(rows=ROWS)
@settings(max_examples=5, deadline=None)
def test_classes_count_distinct_units_and_a_missing_value_is_a_class(kernel, rows):
    risk = _assess(rows, kernel)
    assert list(risk.row_classes.sizes) == oracle.histogram(rows, QUASI)
    by_unit = [oracle.histogram(rows, QUASI, unit) for unit in ("u", "v")]
    assert [list(each.histogram.sizes) for each in risk.units] == by_unit
    assert risk.k == min(sizes[0][0] for sizes in by_unit)


@pytest.mark.parametrize("kernel", KERNELS)
@given(rows=ROWS)
@settings(max_examples=5, deadline=None)
def test_diversity_and_closeness_follow_the_definitions(kernel, rows):
    risk = _assess(rows, kernel)
    for found in risk.sensitive:
        counted, every = oracle.shares(rows, QUASI, found.column, found.unit)
        if not every:
            assert found.diversity is None
            assert found.closeness is None
            continue
        assert found.diversity.distinct == oracle.distinct_l(counted)
        assert math.isclose(found.diversity.entropy_l, oracle.entropy_l(counted), rel_tol=1e-6)
        for level, bound in found.diversity.recursive.items():
            assert bound == oracle.recursive_c(counted, level)
        order = sorted(every) if found.column == "n" else [value for value in ORDER if value in every]
        assert found.closeness.equal == oracle.equal_t(counted, every)
        assert found.closeness.ordered == oracle.ordered_t(counted, every, order)
        if found.column == "s":
            paths = {value: path for value, path in TREE.items() if value in every}
            assert found.closeness.hierarchical == oracle.hierarchical_t(counted, every, paths)


@pytest.mark.parametrize("kernel", KERNELS)
@given(rows=ROWS, without_unit=st.booleans())
@settings(max_examples=5, deadline=None)
def test_combinations_and_minimal_uniques_are_exhaustive(kernel, rows, without_unit):
    unit = None if without_unit else "u"
    found = _assess(rows, kernel, small_sets=True, unit=unit, also_units=(), sensitive=()).units[0].small_sets
    expected, singled = oracle.small_sets(rows, QUASI, unit)
    got = {each.columns: (each.classes, each.k, each.uniques, each.minimal_uniques) for each in found.sets}
    assert got == expected
    assert found.singled_out == singled


@given(rows=ROWS, order=st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_neither_row_order_nor_threads_nor_kernel_change_anything(rows, order):
    shuffled = list(rows)
    order.shuffle(shuffled)
    first = _assess(rows, Kernel.SQL, threads=1)
    assert _assess(shuffled, Kernel.SQL, threads=4) == first
    assert _assess(shuffled, Kernel.PACKED, threads=2) == first


def test_rows_of_one_person_do_not_make_a_class_larger():
    rows = [{"a": "x", "b": 1, "c": 0.0, "d": True, "s": "flu", "n": 1, "u": "p1", "v": 1}] * 30
    risk = _assess(rows, Kernel.AUTO)
    assert (risk.rows_k, risk.k) == (30, 1)


def test_weakest_unit_decides():
    rows = [
        {"a": "x", "b": 1, "c": 0.0, "d": True, "s": "flu", "n": 1, "u": f"guest {number}", "v": 7}
        for number in range(12)
    ]
    risk = _assess(rows, Kernel.AUTO)
    assert risk.k == 1
    assert risk.weakest_unit.column == "v"


def test_missing_sensitive_value_never_makes_a_class_more_diverse():
    rows = [{"a": "x", "b": 1, "c": 0.0, "d": True, "s": s, "n": 1, "u": str(s), "v": 1} for s in ("flu", "flu", None)]
    found = _assess(rows, Kernel.SQL, sensitive=("s",), also_units=()).sensitive[0]
    assert found.diversity.distinct == 1
    assert found.missing == 1


@pytest.mark.parametrize("kernel", KERNELS)
def test_empty_table_has_no_classes(kernel):
    risk = _assess([], kernel)
    assert (risk.rows, risk.k, risk.row_classes.classes) == (0, 0, 0)
    assert all(each.diversity is None for each in risk.sensitive)


def test_result_shows_no_figure_when_printed():
    rows = [{"a": "x", "b": 1, "c": 0.0, "d": True, "s": "flu", "n": 1, "u": "p1", "v": 1}] * 37
    assert "37" not in repr(_assess(rows, Kernel.AUTO))


@pytest.mark.parametrize("kernel", KERNELS)
def test_column_may_be_known_and_sensitive_at_once(kernel):
    rows = [{"a": "x", "b": 1, "c": 0.0, "d": True, "s": s, "n": 1, "u": s, "v": 1} for s in ("flu", "hiv")]
    found = _assess(rows, kernel, quasi=("a", "s"), sensitive=("s",)).sensitive[0]
    assert found.diversity.distinct == 1
