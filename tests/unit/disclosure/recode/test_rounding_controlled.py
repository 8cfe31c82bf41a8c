"""Controlled rounding: totals stay sums, counts stay near, and nearer tables do not exist."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure import DisclosureRefused
from disclosure.rounding_controlled import is_additive, round_table, with_totals


def tables(shapes):
    return st.sampled_from(shapes).flatmap(
        lambda shape: st.lists(st.integers(0, 40), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
            lambda values: np.array(values).reshape(shape)
        )
    )


@settings(max_examples=40, deadline=None)
@given(inner=tables([(1,), (5,), (2, 3), (4, 4), (1, 6)]), base=st.sampled_from([2, 3, 5, 10]))
def test_in_two_dimensions_totals_agree_and_no_count_moves_a_whole_base(inner, base):
    rounded, true = round_table(inner, base), with_totals(inner)
    assert not rounded.widened
    assert is_additive(rounded.counts)
    assert (rounded.counts % base == 0).all()
    assert (np.abs(rounded.counts - true) < base).all()
    assert (rounded.counts[true % base == 0] == true[true % base == 0]).all()


@settings(max_examples=15, deadline=None)
@given(inner=tables([(2, 2, 2), (3, 2, 3)]), base=st.sampled_from([3, 5]))
def test_in_three_dimensions_totals_agree_and_a_wider_move_is_said(inner, base):
    rounded, true = round_table(inner, base), with_totals(inner)
    assert is_additive(rounded.counts)
    assert (np.abs(rounded.counts - true) < base * (1 + rounded.widened)).all()


@settings(max_examples=15, deadline=None)
@given(inner=tables([(2, 2)]))
def test_no_other_rounding_is_nearer_by_trying_all(inner):
    base, true = 5, with_totals(inner)
    best = min(
        int(np.abs(full - true).sum())
        for cells in product(*({n // base * base, -(-n // base) * base} for n in inner.ravel().tolist()))
        if (np.abs((full := with_totals(np.array(cells).reshape(2, 2))) - true) < base).all()
        and (full[true % base == 0] == true[true % base == 0]).all()
    )
    assert int(np.abs(round_table(inner, base).counts - true).sum()) == best


def test_rounding_each_cell_alone_would_break_the_total():
    inner = np.array([2, 2, 2])
    assert (np.rint(with_totals(inner) / 5) * 5).tolist() == [0, 0, 0, 5]
    counts = round_table(inner, 5).counts
    assert sorted(counts[:-1].tolist()) == [0, 0, 5]
    assert counts[-1] == 5


def test_same_table_gives_the_same_rounding():
    inner = np.random.default_rng(3).integers(0, 9, (8, 9))
    assert (round_table(inner, 5).counts == round_table(inner.copy(), 5).counts).all()


@pytest.mark.parametrize("inner", [np.array([-1, 2]), np.array([0.5]), np.array([], dtype=int), np.array([10**10])])
def test_what_is_no_table_of_counts_is_refused(inner):
    with pytest.raises(DisclosureRefused, match="rounding-input"):
        round_table(inner, 5)


def test_a_base_of_one_is_no_rounding():
    with pytest.raises(DisclosureRefused, match="rounding-input"):
        round_table(np.array([1]), 1)
