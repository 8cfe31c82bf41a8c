"""What every unit gives to every pair of cells (one of the earlier table, one of the later), before and after.

Two tables about the same world are compared through the rows of their inputs: each row lies in one cell of the
earlier table and in one of the later, so the pairs that occur are exactly the pieces ("atoms") into which the two
tables cut the world. No geometry is needed: a piece without rows has nothing to tell.

Boundary: arrays and what follows from them by sorting and adding; where they come from is ``history.rows``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from disclosure.history.amounts import Integers

MOST = 2**62
"""Sums beyond this could leave 64 bits; such figures are not compared but refused."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """One row for each unit and atom; cells and units are numbered from 0, the two tables' cells separately.

    Attributes:
        old, new: the cell of the earlier and of the later table.
        unit: whose contribution it is.
        before, after: what the unit gave in each version, one column for each published figure (micro-units).
        here_before, here_after: whether the unit occurs at all.
        counted: whether both tables print the number of units.
        amounts: for each figure whether the magnitude rules apply to it (sums and rows do, numbers of values do not).
    """

    old: Integers
    new: Integers
    unit: Integers
    before: Integers
    after: Integers
    here_before: Flags
    here_after: Flags
    counted: bool
    amounts: tuple[bool, ...]

    @property
    def changed(self) -> Flags:
        """Rows in which the two versions differ."""
        differs = (self.before != self.after).any(axis=1)
        return np.asarray(differs | (self.here_before != self.here_after))

    def of(self, chosen: Flags | Integers) -> Contributions:
        """Only the chosen rows."""
        return Contributions(
            old=self.old[chosen],
            new=self.new[chosen],
            unit=self.unit[chosen],
            before=self.before[chosen],
            after=self.after[chosen],
            here_before=self.here_before[chosen],
            here_after=self.here_after[chosen],
            counted=self.counted,
            amounts=self.amounts,
        )


def joined(count: int, pairs: Iterable[tuple[int, int]]) -> Integers:
    """For each of `count` things the number of the group that the pairs join it to."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for left, right in pairs:
        parent[root(left)] = root(right)
    _, groups = np.unique([root(item) for item in range(count)], return_inverse=True)
    return np.asarray(groups, dtype=np.int64)


def summed(keys: Integers, values: Integers) -> tuple[Integers, Integers]:
    """The distinct keys in order, and the sum of the rows of `values` for each."""
    found, place = np.unique(keys, return_inverse=True)
    totals = np.zeros((len(found), values.shape[1]), dtype=np.int64)
    np.add.at(totals, place, values)
    return found, totals


def components(data: Contributions) -> tuple[Integers, Flags]:
    """For each row the component of overlapping cells it lies in; for each component whether it is one pair of cells.

    A one-to-one component is the ordinary case of a correction: the same cell in both versions.
    """
    olds, old = np.unique(data.old, return_inverse=True)
    news, new = np.unique(data.new, return_inverse=True)
    pairs = np.unique(np.stack([old, new], axis=1), axis=0)
    groups = joined(len(olds) + len(news), ((int(a), len(olds) + int(b)) for a, b in pairs))
    return groups[old], np.bincount(groups[pairs[:, 0]]) == 1


def positions(labels: Integers) -> dict[int, Integers]:
    """Positions of each label."""
    order = np.argsort(labels, kind="stable")
    names, starts = np.unique(labels[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True)) if len(names) else {}
