"""Possible tables by linear programming with HiGHS: many cells moved at once, or one cell at the least cost.

Boundary: proposes displacements in floating point; whoever uses one turns it into whole numbers and checks it
(``disclosure.suppression.problem``). One thread and no time limit, so that the same input gives the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np
import numpy.typing as npt

from disclosure.linear import quiet
from disclosure.suppression.lattice import Ints
from disclosure.suppression.problem import Flags, Problem, Witness, whole

Floats = npt.NDArray[np.float64]
Target = tuple[int, int, int]
"""Cell, direction (+1 or −1), distance."""

LARGEST_NEED = 10**6
"""Distances are measured in steps so long that none is above this: the solver works with small numbers only."""

SEED = 20260101
"""Seed of prices and directions: the same table gives the same suppression."""

_FREE = 1e-3
_CORNERS = 6
_NODES = 100


def step_of(problem: Problem) -> int:
    """Length of the solver's step, in whole steps of the values; one for counts."""
    greatest = int(max(problem.up.max(initial=0), problem.down.max(initial=0)))
    step = 1
    while greatest > LARGEST_NEED * step:
        step *= 10
    return step


class Mover:
    """A linear program over displacements of some cells: ``y = rise − fall``, both at a price.

    Args:
        problem: what is asked.
        movable: cells that may be displaced.
        prices: price of a unit of displacement by cell.
    """

    def __init__(self, problem: Problem, movable: Flags, prices: Floats) -> None:
        self.problem = problem
        self.step = step_of(problem)
        self.cells: Ints = np.flatnonzero(movable)
        self._place = np.full(len(problem.values), -1, np.int64)
        self._place[self.cells] = np.arange(len(self.cells))
        self._rise, self._fall = self._rooms()
        self._prices = prices.copy()
        self._generator = np.random.default_rng(SEED)
        self._model = quiet(mip_max_nodes=_NODES, mip_max_improving_sols=1)

    def _rooms(self) -> tuple[Floats, Floats]:
        values = self.problem.values[self.cells]
        rise = (self.problem.upper[self.cells] - values) // self.step
        fall = (values - self.problem.lower[self.cells]) // self.step
        far = np.int64(LARGEST_NEED * 100)
        return np.minimum(rise, far).astype(float), np.minimum(fall, far).astype(float)

    def _matrix(self, targets: Sequence[Target]) -> tuple[Ints, Ints, Floats]:
        """Rows of the sums over movable cells, then one row ``z ≤ direction · y`` for each target; by row."""
        equations, count = self.problem.equations, len(self.cells)
        column = self._place[equations.cell]
        inside = column >= 0
        row, column, sign = equations.row_of()[inside], column[inside], equations.sign[inside].astype(float)
        every_row = np.repeat(row, 2)
        every_column = np.column_stack([column, column + count]).ravel()
        every_sign = np.column_stack([sign, -sign]).ravel()
        _, every_row = np.unique(every_row, return_inverse=True)
        rows = int(every_row.max(initial=-1)) + 1
        if targets:
            cell = self._place[[each[0] for each in targets]]
            way = np.array([each[1] for each in targets], float)
            own = np.arange(len(targets))
            every_row = np.concatenate([every_row, np.repeat(rows + own, 3)])
            extra = np.column_stack([2 * count + own, cell, cell + count]).ravel()
            every_column = np.concatenate([every_column, extra])
            every_sign = np.concatenate([every_sign, np.column_stack([np.ones(len(targets)), -way, way]).ravel()])
            rows += len(targets)
        start = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(every_row, minlength=rows))])
        return start, every_column, every_sign

    def load(self, targets: Sequence[Target] = ()) -> None:
        """Give the program to the solver; with targets it moves as many of them as far as it can."""
        start, column, sign = self._matrix(targets)
        count, rows = len(self.cells), len(start) - 1
        needs = np.array([self.need(each) for each in targets], float)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = 2 * count + len(targets), rows
        price = self._prices[self.cells]
        program.col_cost_ = np.concatenate([price, price, -1.0 / np.maximum(needs, 1.0)])
        program.col_lower_ = np.zeros(program.num_col_)
        program.col_upper_ = np.concatenate([self._rise, self._fall, needs])
        lower = np.zeros(rows)
        lower[rows - len(targets) :] = -highspy.kHighsInf
        program.row_lower_, program.row_upper_ = lower, np.zeros(rows)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_, program.a_matrix_.index_, program.a_matrix_.value_ = start, column, sign
        self._model.passModel(program)

    def need(self, target: Target) -> int:
        """The distance in steps, rounded up."""
        return -(-target[2] // self.step)

    def solve(self) -> Witness | None:
        """The displacement that is found, None where there is none."""
        self._model.run()
        if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        found = whole(self._moves(), integral=self.problem.integral)
        return Witness(shift=found.shift * self.step, scale=found.scale)

    def _moves(self) -> Floats:
        count = len(self.cells)
        solution = np.asarray(self._model.getSolution().col_value, float)
        moves = np.zeros(len(self.problem.values))
        moves[self.cells] = solution[:count] - solution[count : 2 * count]
        return moves

    def move(self, target: Target) -> Witness | None:
        """Move one cell by its distance at the least price; the program must be loaded without targets.

        The solution of the last call is where the solver starts. Where fractions cannot be used, whole numbers are
        asked for.
        """
        place, count, need = int(self._place[target[0]]), len(self.cells), float(self.need(target))
        rise, fall = (need, 0.0) if target[1] > 0 else (0.0, need)
        if rise > self._rise[place] or fall > self._fall[place]:
            return None
        self._model.changeColBounds(place, rise, rise)
        self._model.changeColBounds(place + count, fall, fall)
        found = self.solve()
        if found is not None and self.problem.equations.balance(found.shift).any():
            found = self._solve_whole()
        self._model.changeColBounds(place, 0.0, self._rise[place])
        self._model.changeColBounds(place + count, 0.0, self._fall[place])
        return found

    def _solve_whole(self) -> Witness | None:
        """Look for whole numbers: other prices lead to other corners; then by branching, to the first that is found."""
        every = np.arange(2 * len(self.cells), dtype=np.int32)
        found: Witness | None = None
        for _ in range(_CORNERS):
            factors = self._generator.uniform(0.5, 2.0, len(every))
            self._model.changeColsCost(len(every), every, np.tile(self._prices[self.cells], 2) * factors)
            found = self.solve()
            if found is None or not self.problem.equations.balance(found.shift).any():
                break
        else:
            found = self._branch(every)
        self._model.changeColsCost(len(every), every, np.tile(self._prices[self.cells], 2))
        return found

    def _branch(self, every: npt.NDArray[np.int32]) -> Witness | None:
        self._model.changeColsIntegrality(len(every), every, np.full(len(every), highspy.HighsVarType.kInteger))
        self._model.run()
        known = self._model.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        found = whole(self._moves(), integral=True) if known else None
        self._model.changeColsIntegrality(len(every), every, np.full(len(every), highspy.HighsVarType.kContinuous))
        return None if found is None else Witness(shift=found.shift * self.step)

    def reprice(self, cells: Ints, price: float) -> None:
        """Change the price of cells, as when they have become withheld."""
        self._prices[cells] = price
        for cell in cells:
            place = int(self._place[cell])
            self._model.changeColCost(place, price)
            self._model.changeColCost(place + len(self.cells), price)


def free_prices(size: int) -> Floats:
    """Hardly a price at all: displacement of withheld cells costs nothing but is kept short."""
    return np.full(size, _FREE)


def spread(
    problem: Problem, withheld: Flags, targets: Sequence[Target], generator: np.random.Generator
) -> Witness | None:
    """One possible table that moves as many of the targets as it can, over withheld cells only."""
    prices = free_prices(len(problem.values)) * generator.uniform(0.5e-3, 2e-3, len(problem.values))
    mover = Mover(problem, withheld, prices)
    mover.load(targets)
    return mover.solve()
