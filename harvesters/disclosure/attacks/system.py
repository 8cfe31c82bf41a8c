"""What an attacker can conclude from additive figures: iterated substitution, then linear or integer programs.

Boundary: pure; knows variables, equations and bounds, and nothing of tables. Every published total is an equation
over unpublished figures; the attacker adds what is public (figures are not negative, counts are whole numbers) and
what he knows himself. `Intervals` are what no attacker with that knowledge can narrow further, as far as the solver
proves it: a solution found for one variable is kept as a witness for all others, so most need no solving of their own.
Source: Fischetti and Salazar, Management Science 47 (2001), the attacker's subproblems.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from disclosure.linear import quiet

Name = Hashable
EPSILON: Final = 1e-6
MOST_INTEGER_VARIABLES: Final = 150
"""Above this, the relaxation is solved and its ends are rounded inward to whole numbers."""
_SECONDS: Final = 5.0
_SOLVED: Final = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kUnbounded)


@dataclass(frozen=True, slots=True)
class Interval:
    """What the attacker knows about a figure; infinite ends mean that nothing bounds it."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """Length of the interval."""
        return self.high - self.low


@dataclass(slots=True)
class LinearSystem:
    """Unknown figures with bounds, and equations over them."""

    integer: bool = True
    lower: dict[Name, float] = field(default_factory=dict)
    upper: dict[Name, float] = field(default_factory=dict)
    equations: list[tuple[dict[Name, float], float, float]] = field(default_factory=list)

    def unknown(self, name: Name, low: float = 0, high: float = math.inf) -> None:
        """Add a figure, or narrow one that is there."""
        self.lower[name] = max(low, self.lower.get(name, -math.inf))
        self.upper[name] = min(high, self.upper.get(name, math.inf))

    def equal(self, terms: Mapping[Name, float], value: float, slack: float = 0) -> None:
        """Add an equation; `slack` is the most that rounding can hide."""
        self.equations.append((dict(terms), value - slack, value + slack))

    def known(self, values: Mapping[Name, float]) -> LinearSystem:
        """The same system for an attacker who knows these figures exactly."""
        other = LinearSystem(self.integer, dict(self.lower), dict(self.upper), list(self.equations))
        for name, value in values.items():
            other.lower[name] = other.upper[name] = value
        return other

    def substituted(self) -> dict[Name, float]:
        """Figures that follow by subtraction alone, one equation after the other until nothing new follows.

        Raises:
            ContradictionError: if a figure follows that its bounds forbid.
        """
        found = {name: low for name, low in self.lower.items() if low == self.upper[name]}
        changed = True
        while changed:
            changed = False
            for terms, low, high in self.equations:
                left = [name for name in terms if name not in found]
                if len(left) != 1 or high - low > EPSILON:
                    continue
                rest = sum(factor * found[name] for name, factor in terms.items() if name in found)
                value = (low - rest) / terms[left[0]]
                if not self.lower[left[0]] - EPSILON <= value <= self.upper[left[0]] + EPSILON:
                    raise ContradictionError
                found[left[0]] = value
                changed = True
        return found

    def intervals(self, wanted: Iterable[Name]) -> dict[Name, Interval]:
        """The exact interval of each wanted figure: two solves for each.

        Raises:
            ContradictionError: if no figures satisfy the system.
        """
        solver = _Solver(self)
        return {name: solver.interval(name) for name in wanted}

    def narrow(self, needed: Mapping[Name, tuple[float, float]]) -> dict[Name, Interval]:
        """The figures whose interval does not hold the needed one, with what is left of it.

        Raises:
            ContradictionError: if no figures satisfy the system.
        """
        solver, found = _Solver(self), {}
        for name, (low, high) in needed.items():
            if solver.reaches(name, low, high):
                continue
            interval = solver.interval(name)
            if interval.low > low + EPSILON or interval.high < high - EPSILON:
                found[name] = interval
        return found

    def solution(self, costs: Mapping[Name, float]) -> dict[Name, float]:
        """Figures that satisfy the system, the cheapest under these costs.

        Raises:
            ContradictionError: if there are none.
        """
        return _Solver(self).solution(costs)


class ContradictionError(ValueError):
    """No figures satisfy the equations: what the attacker believes is not how the table was made."""


class _Solver:
    """One model in the solver; only the objective changes between solves."""

    def __init__(self, system: LinearSystem) -> None:
        self._names = list(system.lower)
        self._place = {name: number for number, name in enumerate(self._names)}
        self._integer = system.integer
        self._model = _model(system, self._names, self._place)
        if self._model.getNumRow() and self._solve() not in _SOLVED:
            raise ContradictionError
        values = np.array([float(system.lower[name]) for name in self._names])
        if self._model.getNumRow():
            values = self._values()
        self._lows, self._highs = values.copy(), values.copy()

    def reaches(self, name: Name, low: float, high: float) -> bool:
        """Whether solutions that were found for others already show both ends."""
        place = self._place[name]
        return bool(self._lows[place] <= low + EPSILON and self._highs[place] >= high - EPSILON)

    def interval(self, name: Name) -> Interval:
        """Both ends, rounded inward for whole numbers."""
        low, high = self._end(name, 1), self._end(name, -1)
        if self._integer:
            low = math.ceil(low - EPSILON) if math.isfinite(low) else low
            high = math.floor(high + EPSILON) if math.isfinite(high) else high
        return Interval(low, high)

    def solution(self, costs: Mapping[Name, float]) -> dict[Name, float]:
        """The cheapest figures under these costs."""
        for name, cost in costs.items():
            self._model.changeColCost(self._place[name], cost)
        self._solve()
        return dict(zip(self._names, self._values().tolist(), strict=True))

    def _end(self, name: Name, sign: int) -> float:
        place = self._place[name]
        self._model.changeColCost(place, float(sign))
        status = self._solve()
        self._model.changeColCost(place, 0.0)
        if status != highspy.HighsModelStatus.kOptimal:
            # Nothing bounds it, or the solver ran out of time: then the attacker did as well.
            return -math.inf * sign
        values = self._values()
        np.minimum(self._lows, values, out=self._lows)
        np.maximum(self._highs, values, out=self._highs)
        return float(values[place])

    def _solve(self) -> highspy.HighsModelStatus:
        self._model.run()
        return self._model.getModelStatus()

    def _values(self) -> NDArray[np.float64]:
        return np.array(self._model.getSolution().col_value, dtype=np.float64)


def _model(system: LinearSystem, names: list[Name], place: Mapping[Name, int]) -> highspy.Highs:
    """The feasible set in the solver, without an objective."""
    model: highspy.Highs = quiet(time_limit=_SECONDS)
    for name in names:
        model.addVar(system.lower[name], system.upper[name])
    if system.integer and len(names) <= MOST_INTEGER_VARIABLES:
        places = np.arange(len(names), dtype=np.int32)
        model.changeColsIntegrality(len(names), places, np.full(len(names), highspy.HighsVarType.kInteger))
    for terms, low, high in system.equations:
        columns = np.array([place[name] for name in terms], dtype=np.int32)
        model.addRow(low, high, len(terms), columns, np.array(list(terms.values()), dtype=np.float64))
    return model
