"""What is asked of a suppression: the values, what an intruder knows of them, and how unsure they must be left.

Boundary: values and exact checks, no solver. All values are whole numbers (of a stated step of the published figure),
and everything that decides about a release is decided in whole numbers.

*Argument.* An intruder sees the published cells, so their possible tables differ from the true one only in withheld
cells, by a displacement d with A·d = 0 that keeps each withheld value between the bounds they know. A cell is
protected upward when a possible table has it at least `up` above its value, and downward likewise. A `Witness` is such
a table. It is checked here in whole numbers, so no tolerance of a solver can let a cell pass that is not protected; at
worst a protected cell is not recognized, and more is withheld.

*Public threshold.* Primary and secondary cells look alike, so an intruder who knows the least count k learns only that
some withheld cell is small. Every possible table in which the cell itself is below k agrees with that, so a cell that
is protected from 0 to k keeps all of 0 … k−1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from disclosure.suppression.lattice import Equations, Ints

Flags = npt.NDArray[np.bool_]

FAR = 2**53
"""An upper bound that nobody knows; far above any total and still exact in floating point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One published quantity over all cells.

    Attributes:
        equations: the sums.
        values: the true values.
        up: how far above its value each cell must be able to be; 0 where nothing is asked.
        down: the same below.
        lower: what the intruder knows as the least value.
        upper: what the intruder knows as the greatest value.
        integral: whether the intruder knows that values are whole numbers, as counts are.
    """

    equations: Equations
    values: Ints
    up: Ints
    down: Ints
    lower: Ints
    upper: Ints
    integral: bool

    def seen_by(self, insider: Insider) -> Self:
        """The same problem for somebody who knows contributions of their own.

        What they know for sure needs no protection from them, and below their own contribution no cell can be.
        """
        lower, upper = self.lower.copy(), self.upper.copy()
        known, cells, own = (np.array(each, np.int64) for each in (insider.known, insider.cells, insider.own))
        lower[cells] = np.maximum(lower[cells], own)
        known = self._with_parts(known)
        lower[known] = upper[known] = self.values[known]
        lower = self._carried_up(lower)
        up, down = self.up.copy(), np.minimum(self.down, self.values - lower)
        up[known] = 0
        return replace(self, up=up, down=down, lower=lower, upper=upper)

    def _carried_up(self, lower: Ints) -> Ints:
        """A group is at least what its parts are known to be at least."""
        equations, row = self.equations, self.equations.row_of()
        heads = equations.cell[equations.start]
        while True:
            sums = np.bincount(row, weights=np.where(equations.sign > 0, lower[equations.cell], 0)).astype(np.int64)
            raised = lower.copy()
            np.maximum.at(raised, heads, np.minimum(sums, self.values[heads]))
            if (raised == lower).all():
                return raised
            lower = raised

    def _with_parts(self, known: Ints) -> Ints:
        """Known cells with all their parts: who is alone in a group knows that the rest of it is empty."""
        equations, row = self.equations, self.equations.row_of()
        heads = equations.cell[equations.start]
        whole = np.zeros(len(self.values), bool)
        whole[known] = True
        before = -1
        while before != int(whole.sum()):
            before = int(whole.sum())
            whole[equations.cell[whole[heads][row]]] = True
        return np.flatnonzero(whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insider:
    """A contributor or holding with what they know: cells that are wholly theirs, and their part of others."""

    known: tuple[int, ...]
    cells: tuple[int, ...]
    own: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A possible table, as displacement from the true one: ``shift / scale``."""

    shift: Ints
    scale: int = 1

    def is_possible(self, problem: Problem, withheld: Flags) -> bool:
        """Whether an intruder cannot exclude it, in whole numbers."""
        if problem.integral and self.scale != 1:
            return False
        moved = np.flatnonzero(self.shift)
        if not withheld[moved].all() or problem.equations.balance(self.shift).any():
            return False
        room_down = (problem.values[moved] - problem.lower[moved]) * self.scale
        room_up = (problem.upper[moved] - problem.values[moved]) * self.scale
        return bool((self.shift[moved] >= -room_down).all() and (self.shift[moved] <= room_up).all())


class Ledger:
    """How far each cell has been shown to be movable; grows with every witness."""

    def __init__(self, problem: Problem, withheld: Flags) -> None:
        self.problem = problem
        self.withheld = withheld
        self.highest: Ints = np.zeros_like(problem.values)
        self.lowest: Ints = np.zeros_like(problem.values)
        self.kept: list[Witness] = []

    def accept(self, witness: Witness) -> bool:
        """Take a witness in if it is one, and say so."""
        if not witness.is_possible(self.problem, self.withheld):
            return False
        before = self.open_count
        np.maximum(self.highest, witness.shift // witness.scale, out=self.highest)
        np.minimum(self.lowest, -(-witness.shift // witness.scale), out=self.lowest)
        if self.open_count < before:
            self.kept.append(witness)
        return True

    def accept_all(self, witnesses: Iterable[Witness]) -> None:
        """Take in whatever holds."""
        for witness in witnesses:
            if not self.open_count:
                return
            self.accept(witness)

    @property
    def open_up(self) -> Ints:
        """Cells that are not yet shown to be protected upward."""
        return np.flatnonzero(self.highest < self.problem.up)

    @property
    def open_down(self) -> Ints:
        """Cells that are not yet shown to be protected downward."""
        return np.flatnonzero(-self.lowest < self.problem.down)

    @property
    def open_count(self) -> int:
        """How many directions are not yet shown."""
        return int((self.highest < self.problem.up).sum() + (-self.lowest < self.problem.down).sum())

    def targets(self) -> list[tuple[int, int, int]]:
        """What is open: cell, direction (+1 or −1), distance."""
        ups = [(int(each), 1, int(self.problem.up[each])) for each in self.open_up]
        return ups + [(int(each), -1, int(self.problem.down[each])) for each in self.open_down]


def whole(moves: npt.NDArray[np.float64], *, integral: bool, most_scale: int = 12) -> Witness:
    """The nearest witness to what a solver found: whole numbers, or fractions with a small denominator."""
    for scale in range(1, 2 if integral else most_scale + 1):
        scaled = moves * scale
        shift = np.rint(scaled)
        if np.abs(scaled - shift).max(initial=0.0) < 1e-5 * scale:
            break
    else:
        scale, shift = 1, np.rint(moves)
    return Witness(shift=shift.astype(np.int64), scale=scale)


def pieces(witness: Witness, equations: Equations) -> Sequence[Witness]:
    """The parts of a displacement that share no equation: each is a displacement of its own."""
    label = np.arange(len(witness.shift))
    entries = np.flatnonzero(witness.shift[equations.cell])
    cell, row = equations.cell[entries], equations.row_of()[entries]
    while True:
        least = np.full(len(equations.start), len(label))
        np.minimum.at(least, row, label[cell])
        joined = label.copy()
        np.minimum.at(joined, cell, least[row])
        if (joined == label).all():
            break
        label = joined
    moved = np.flatnonzero(witness.shift)
    roots = np.unique(label[moved])
    if len(roots) <= 1:
        return (witness,)
    parts = []
    for root in roots:
        shift = np.zeros_like(witness.shift)
        inside = moved[label[moved] == root]
        shift[inside] = witness.shift[inside]
        parts.append(Witness(shift=shift, scale=witness.scale))
    return parts
