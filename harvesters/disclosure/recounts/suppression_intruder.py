"""An intruder against a table with withheld cells: the least and the greatest value that each can have.

Boundary: a linear program over unknown cells, written apart from the one that protects; it knows the published sums,
that nothing is negative, what it believes beforehand, and what an insider contributed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt

from disclosure.linear import quiet
from disclosure.recounts.suppression_sums import Equation, Key

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How far above and below its value a cell must be possible."""

    up: Decimal
    down: Decimal


def open_cells(
    equations: Sequence[Equation],
    values: Mapping[Key, Decimal],
    needs: Mapping[Key, Need],
    own: Mapping[Key, tuple[Decimal, bool]],
    beliefs: Mapping[Key, Decimal | None],
) -> list[Key]:
    """Cells that this intruder can narrow more than is allowed.

    Args:
        equations: a total and its parts.
        values: true values of the withheld cells.
        needs: what is asked, by cell.
        own: an insider's contribution by cell, and whether it is the whole cell.
        beliefs: how far from its value a cell is held possible beforehand; None for no belief.
    """
    asked = {key: need for key, need in needs.items() if not own.get(key, (None, False))[1]}
    if not asked:
        return []
    room = {key: _room(value, own.get(key), beliefs[key]) for key, value in values.items()}
    model = _Intruder(equations, room, scale=max(*(float(need.up) for need in asked.values()), 1.0))
    return [key for key, need in asked.items() if _is_narrow(model, key, need, room[key])]


def _room(value: Decimal, own: tuple[Decimal, bool] | None, belief: Decimal | None) -> tuple[Decimal, Decimal | None]:
    """How far down and up the intruder thinks that the cell can be."""
    if own is not None and own[1]:
        return Decimal(0), Decimal(0)
    down = value - (own[0] if own is not None else 0)
    return max(down if belief is None else min(down, belief), Decimal(0)), belief


def _is_narrow(model: _Intruder, key: Key, need: Need, room: tuple[Decimal, Decimal | None]) -> bool:
    """Whether the cell cannot move as far as it must; what the intruder knew before is not asked for."""
    up = need.up if room[1] is None else min(need.up, room[1])
    return not (model.reaches(key, 1.0, up) and model.reaches(key, -1.0, min(need.down, room[0])))


class _Intruder:
    """One program over displacements of the withheld cells; what one answer shows of other cells is kept."""

    def __init__(
        self, equations: Sequence[Equation], room: Mapping[Key, tuple[Decimal, Decimal | None]], *, scale: float
    ) -> None:
        self._place = {key: number for number, key in enumerate(sorted(room))}
        self._scale = scale
        self._bounds = [(-float(room[key][0]) / scale, _above(room[key][1], scale)) for key in self._place]
        self._seen: npt.NDArray[np.float64] = np.zeros((2, len(room)))
        self._model: Any = quiet()
        for lower, upper in self._bounds:
            self._model.addVar(lower, upper)
        for total, parts in equations:
            inside = [(self._place[key], -1.0 if key == total else 1.0) for key in (total, *parts) if key in room]
            if inside:
                self._model.addRow(0.0, 0.0, len(inside), [each[0] for each in inside], [each[1] for each in inside])

    def reaches(self, key: Key, way: float, distance: Decimal) -> bool:
        """Whether the cell can be so far above (+1) or below (−1) its value."""
        place, wanted = self._place[key], float(distance) / self._scale
        if way * self._seen[0 if way > 0 else 1][place] >= wanted - TOLERANCE:
            return True
        # The cell need not go further than asked, so the program has an end.
        lower, upper = self._bounds[place]
        self._model.changeColBounds(place, max(lower, -wanted), min(upper, wanted))
        self._model.changeColCost(place, -way)
        self._model.run()
        is_solved = self._model.getModelStatus() == highspy.HighsModelStatus.kOptimal
        moves = np.asarray(self._model.getSolution().col_value) if is_solved else np.zeros(len(self._place))
        self._model.changeColCost(place, 0.0)
        self._model.changeColBounds(place, lower, upper)
        self._seen = np.array([np.maximum(self._seen[0], moves), np.minimum(self._seen[1], moves)])
        return bool(way * moves[place] >= wanted - TOLERANCE)


def _above(room: Decimal | None, scale: float) -> float:
    return highspy.kHighsInf if room is None else float(room) / scale
