"""Controlled rounding of frequency tables: every count a multiple of the base, and every total still the sum.

Rounding each cell alone breaks the totals; here all cells, inner ones and totals alike, are rounded together (Cox,
1987). Three properties are kept and checked on the result in whole numbers, whatever the solver said:

- *additive*: each total is the sum of its parts;
- *base*: each count is a multiple of the base;
- *near*: each count is one of the two multiples next to the true one, and a multiple of the base stays as it is
  (zero-restricted). In one and two dimensions such a table always exists, because the constraints are a network flow.
  In three and more it may not; then counts may move up to one base further, and the result says so.

Among these tables the one with the least sum of distances is taken. What a reader learns: the true count differs from
the published one by less than the base (or twice the base where the result is widened). This is a presentation of
counts that are already allowed to leave, or the second step after a threshold; alone it does not hide that a cell of
base 3 holds one or two people rather than none.

Boundary: numbers in, numbers out. HiGHS proposes, `_check` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from disclosure.errors import DisclosureRefused
from disclosure.linear import quiet

Ints = NDArray[np.int64]
LARGEST_COUNT = 10**9
"""Counts above this are no counts of people; below it the solver's numbers are exact enough to be made whole."""


@dataclass(frozen=True)
class RoundedTable:
    """A rounded table with its totals: the last place of every axis is the total over that axis.

    Attributes:
        counts: the counts, one place longer than the input on every axis.
        base: the base.
        widened: whether some count had to move further than to the next multiple.
    """

    counts: Ints
    base: int
    widened: bool


def round_table(inner: Ints, base: int) -> RoundedTable:
    """Round a table of counts without its totals.

    Args:
        inner: whole numbers from 0 on, of any number of dimensions.
        base: at least 2.

    Raises:
        DisclosureRefused: codes ``rounding-input`` (not counts, or no base) and ``rounding-impossible``.
    """
    table = np.asarray(inner)
    if base < 2 or not table.size or not np.issubdtype(table.dtype, np.integer):
        raise DisclosureRefused("rounding-input", base=base)
    if int(table.min()) < 0 or int(table.sum()) > LARGEST_COUNT:
        raise DisclosureRefused("rounding-input", base=base)
    full = with_totals(table.astype(np.int64))
    for widened in (False, True):
        if (steps := _steps(full, base, spread=int(widened))) is not None:
            counts = full // base * base + steps.reshape(full.shape) * base
            _check(counts, full, base, limit=base * (1 + widened))
            return RoundedTable(counts=counts, base=base, widened=widened)
    raise DisclosureRefused("rounding-impossible", base=base)


def with_totals(inner: Ints) -> Ints:
    """The table with the total of each axis behind its last place."""
    full = inner
    for axis in range(inner.ndim):
        full = np.concatenate((full, full.sum(axis=axis, keepdims=True)), axis=axis)
    return full


def is_additive(full: Ints) -> bool:
    """Whether on every axis the last place is the sum of the others, everywhere."""
    return all(
        bool((np.delete(full, -1, axis=axis).sum(axis=axis) == np.take(full, -1, axis=axis)).all())
        for axis in range(full.ndim)
    )


def _steps(full: Ints, base: int, *, spread: int) -> Ints | None:
    """How many bases each count is raised above the multiple below it; None where no such table exists.

    A count between two multiples goes up 0 or 1 steps. With `spread` it may go one further each way, at a cost that
    grows with the distance; below zero never.
    """
    below, rest = (full // base).ravel(), (full % base).ravel()
    moves = rest > 0
    lower = np.where(moves, -np.minimum(spread, below), 0).astype(float)
    upper = np.where(moves, 1 + spread, 0).astype(float)
    model = quiet()
    count = full.size
    # The distance |step * base - rest|, as a variable of its own above both lines.
    model.addVars(
        2 * count, np.concatenate((lower, np.zeros(count))), np.concatenate((upper, np.full(count, 3.0 * base)))
    )
    model.changeColsCost(count, np.arange(count, 2 * count, dtype=np.int32), np.ones(count))
    kinds = np.full(count, highspy.HighsVarType.kInteger.value, dtype=np.uint8)
    model.changeColsIntegrality(count, np.arange(count, dtype=np.int32), kinds)
    for cell in np.flatnonzero(moves).tolist():
        places = np.array([cell, count + cell], dtype=np.int32)
        model.addRow(-float(rest[cell]), highspy.kHighsInf, 2, places, np.array([-float(base), 1.0]))
        model.addRow(float(rest[cell]), highspy.kHighsInf, 2, places, np.array([float(base), 1.0]))
    _add_sums(model, full.shape, below)
    model.run()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution: Ints = np.rint(np.array(model.getSolution().col_value[:count])).astype(np.int64)
    return solution


def _add_sums(model: Any, shape: tuple[int, ...], below: Ints) -> None:
    """One equation for each total over each axis: steps of the parts minus the step of the total."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    for axis in range(len(shape)):
        others = [range(length) for place, length in enumerate(shape) if place != axis]
        lines = np.moveaxis(numbers, axis, -1)
        for at in product(*others):
            cells = lines[at].astype(np.int32)
            right = float(below[cells[-1]] - below[cells[:-1]].sum())
            signs = np.append(np.ones(len(cells) - 1), -1.0)
            model.addRow(right, right, len(cells), cells, signs)


def _check(counts: Ints, full: Ints, base: int, *, limit: int) -> None:
    """Refuse a result that lacks one of the three properties, by whole numbers alone."""
    fixed = full % base == 0
    near = (np.abs(counts - full) < limit) & (~fixed | (counts == full)) & (counts >= 0)
    if not (near.all() and is_additive(counts) and bool((counts % base == 0).all())):
        raise DisclosureRefused("rounding-impossible", base=base)
