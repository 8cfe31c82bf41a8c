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
    keys = sorted(values)
    place = {key: number for number, key in enumerate(keys)}
    scale = max(max((float(need.up) for need in asked.values()), default=1.0), 1.0)
    model = quiet()
    room = {key: _room(values[key], own.get(key), beliefs[key]) for key in keys}
    for key in keys:
        down, up = room[key]
        model.addVar(-float(down) / scale, highspy.kHighsInf if up is None else float(up) / scale)
    for total, parts in equations:
        inside = [(place[key], -1.0 if key == total else 1.0) for key in (total, *parts) if key in place]
        if inside:
            model.addRow(0.0, 0.0, len(inside), [each[0] for each in inside], [each[1] for each in inside])
    return [key for key, need in asked.items() if _narrow(model, place[key], need, room[key], scale)]


def _room(value: Decimal, own: tuple[Decimal, bool] | None, belief: Decimal | None) -> tuple[Decimal, Decimal | None]:
    """How far down and up the intruder thinks that the cell can be."""
    if own is not None and own[1]:
        return Decimal(0), Decimal(0)
    down = value - (own[0] if own is not None else 0)
    return max(down if belief is None else min(down, belief), Decimal(0)), belief


def _narrow(model: Any, place: int, need: Need, room: tuple[Decimal, Decimal | None], scale: float) -> bool:
    """Whether the cell cannot move as far as it must; what the intruder knew before is not asked for."""
    up = need.up if room[1] is None else min(need.up, room[1])
    down = min(need.down, room[0])
    return _reach(model, place, 1.0, float(up) / scale) or _reach(model, place, -1.0, float(down) / scale)


def _reach(model: Any, place: int, way: float, distance: float) -> bool:
    if distance <= TOLERANCE:
        return False
    model.changeColCost(place, -way)
    model.run()
    status = model.getModelStatus()
    reached = -model.getInfo().objective_function_value
    model.changeColCost(place, 0.0)
    # The true table is always possible, so a program without an optimum has no bound.
    return bool(status == highspy.HighsModelStatus.kOptimal and reached < distance - TOLERANCE)
