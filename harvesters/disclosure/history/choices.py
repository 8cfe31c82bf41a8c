"""Every choice of cells of a small cluster, and what each leaves of every unit: a product of two matrices."""

from __future__ import annotations

import numpy as np

from disclosure.history.amounts import Integers
from disclosure.history.contributions import Contributions, Flags

Groups = list[tuple[int, int]]
"""For each component its numbers of earlier and later cells; one column that stands for both counts as earlier."""


def left_over(data: Contributions, component: Integers, one_to_one: Flags) -> list[Integers]:
    """For each figure a matrix unit × choice: the later cells less the earlier ones."""
    matrices, groups = _matrices(data, component, one_to_one)
    choices = _choices(groups)
    return [matrix @ choices for matrix in matrices]


def _matrices(data: Contributions, component: Integers, one_to_one: Flags) -> tuple[list[Integers], Groups]:
    """One matrix (unit × free cell) for each figure, and for each component its numbers of earlier and later cells."""
    _, unit = np.unique(data.unit, return_inverse=True)
    units = int(unit.max()) + 1
    figures = data.before.shape[1] + (1 if data.counted else 0)
    stacked: list[list[Integers]] = [[] for _ in range(figures)]
    groups: Groups = []
    for number in range(len(one_to_one)):
        rows = component == number
        signed = ((data.old, data.before, data.here_before, -1), (data.new, data.after, data.here_after, 1))
        sides = [_cells(rows, unit, units, *side) for side in signed]
        if one_to_one[number]:
            sides = [[old + new for old, new in zip(*sides, strict=True)], []]
        groups.append((sides[0][0].shape[1], sides[1][0].shape[1] if sides[1] else 0))
        for figure in range(figures):
            stacked[figure].extend(side[figure] for side in sides if side)
    return [np.hstack(parts) for parts in stacked][:figures], groups


def _cells(
    rows: Flags, unit: Integers, units: int, cell: Integers, value: Integers, here: Flags, sign: int
) -> list[Integers]:
    """For each figure a matrix unit × cell of one table; the last one holds who is counted in which cell."""
    names, place = np.unique(cell[rows], return_inverse=True)
    shape = (units, len(names))
    found = []
    for column in value[rows].T:
        matrix = np.zeros(shape, dtype=np.int64)
        np.add.at(matrix, (unit[rows], place), sign * column)
        found.append(matrix)
    present = np.zeros(shape, dtype=np.int64)
    present[unit[rows][here[rows]], place[here[rows]]] = sign
    return [*found, present]


def _choices(groups: Groups) -> Integers:
    """Every choice (a column of 0 and 1): from each component nothing, or cells of both tables, or its one column."""
    count = sum(old + new for old, new in groups)
    choices = (np.arange(1, 2**count)[None, :] >> np.arange(count)[:, None]) & 1
    start = 0
    for old, new in groups:
        if new:
            earlier, later = choices[start : start + old], choices[start + old : start + old + new]
            choices = choices[:, earlier.any(axis=0) == later.any(axis=0)]
        start += old + new
    return np.asarray(choices, dtype=np.int64)
