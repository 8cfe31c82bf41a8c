"""Possible tables are checked in whole numbers: what a solver proposes counts only if an intruder cannot exclude it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclosure.errors import DisclosureRefused
from disclosure.suppression.audit import audit
from disclosure.suppression.lattice import Dimension, build
from disclosure.suppression.primary import Request
from disclosure.suppression.problem import FAR, Insider, Ledger, Problem, Witness, pieces, whole
from disclosure.suppression.settle import settle

LATTICE = build((Dimension(column="a"), Dimension(column="b")), ("xyz", "012"))
INNER = np.array([[2, 20, 20], [20, 30, 20], [20, 20, 20]])


def filled(inner):
    """Values of all cells, in the order of the lattice."""
    table = np.concatenate([inner.sum(axis=0, keepdims=True), inner], axis=0)
    return np.concatenate([table.sum(axis=1, keepdims=True), table], axis=1).ravel().astype(np.int64)


def problem(inner=INNER, *, integral=True):
    values = filled(np.asarray(inner))
    small = (values > 0) & (values < 3)
    return Problem(
        equations=LATTICE.equations,
        values=values,
        up=np.where(small, 3 - values, 0),
        down=np.where(small, values, 0),
        lower=np.zeros_like(values),
        upper=np.full_like(values, FAR),
        integral=integral,
    )


def at(a, b):
    return LATTICE.place((a, b))


def corners(*keys):
    flags = np.zeros(len(LATTICE.cells), bool)
    flags[[at(*key) for key in keys]] = True
    return flags


SQUARE = corners(("x", "0"), ("x", "1"), ("y", "0"), ("y", "1"))


def swap(amount):
    """Move an amount around the square."""
    shift = np.zeros(len(LATTICE.cells), np.int64)
    for key, sign in ((("x", "0"), 1), (("x", "1"), -1), (("y", "0"), -1), (("y", "1"), 1)):
        shift[at(*key)] = sign * amount
    return Witness(shift=shift)


def test_a_swap_around_withheld_cells_is_possible():
    assert swap(1).is_possible(problem(), SQUARE)


def test_a_swap_over_a_shown_cell_is_not():
    assert not swap(1).is_possible(problem(), SQUARE & ~corners(("y", "1")))


def test_a_value_below_zero_is_not_possible():
    assert not swap(-3).is_possible(problem(), SQUARE)


def test_sums_must_stay():
    shift = np.zeros(len(LATTICE.cells), np.int64)
    shift[at("x", "0")] = 1
    assert not Witness(shift=shift).is_possible(problem(), SQUARE)


def test_counts_have_no_fractions_and_amounts_do():
    half = replace(swap(1), scale=2)
    assert not half.is_possible(problem(), SQUARE)
    assert half.is_possible(problem(integral=False), SQUARE)


def test_half_a_step_does_not_protect_by_a_whole_one():
    ledger = Ledger(problem(integral=False), SQUARE)
    assert ledger.accept(replace(swap(1), scale=2))
    assert ledger.highest[at("x", "0")] == 0


def test_an_insider_cannot_be_surprised_by_their_own_cell():
    insider = Insider(known=(at("x", "1"),), cells=(), own=())
    assert not swap(1).is_possible(problem().seen_by(insider), SQUARE)


def test_who_is_alone_in_a_group_knows_that_the_rest_of_it_is_empty():
    inner = [[1, 0, 0], [20, 20, 20], [20, 20, 20]]
    seen = problem(inner).seen_by(Insider(known=(at("x", "Total"),), cells=(), own=()))
    assert seen.upper[at("x", "1")] == 0


def test_settle_finds_the_square_and_not_less():
    assert settle(problem(), SQUARE).open_count == 0
    assert settle(problem(), SQUARE & ~corners(("y", "1"))).open_count == 2


def test_the_audit_refuses_an_unprotected_pattern_and_a_shown_primary_cell():
    asked = problem()
    primary = corners(("x", "0"))
    request = Request(quantities=(), problems=(asked,), insiders=((),), primary=primary, zeros=~primary, reasons={})
    assert audit(request, SQUARE).withheld is SQUARE
    for pattern, code in ((primary, "suppression-open"), (np.zeros_like(primary), "primary-shown")):
        with pytest.raises(DisclosureRefused) as refused:
            audit(request, pattern)
        assert refused.value.code == code


@given(st.integers(1, 9), st.integers(1, 9))
def test_two_swaps_that_share_no_sum_are_two_pieces(one, two):
    lattice = build((Dimension(column="a"), Dimension(column="b")), ("wxyz", "0123"))
    shift = np.zeros(len(lattice.cells), np.int64)
    for amount, rows, columns in ((one, "wx", "01"), (two, "yz", "23")):
        for row, column, sign in ((0, 0, 1), (0, 1, -1), (1, 0, -1), (1, 1, 1)):
            shift[lattice.place((rows[row], columns[column]))] = sign * amount
    parts = pieces(Witness(shift=shift), lattice.equations)
    assert len(parts) == 2
    assert (sum(each.shift for each in parts) == shift).all()


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=8), st.sampled_from([1, 2, 3, 4, 6]))
def test_fractions_of_a_solver_become_whole_numbers_with_a_scale(numbers, scale):
    found = whole(np.array(numbers) / scale, integral=False)
    assert (found.shift * scale == np.array(numbers) * found.scale).all()
