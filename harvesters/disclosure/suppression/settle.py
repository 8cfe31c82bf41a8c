"""Showing protection with few linear programs: one possible table is a witness for every cell that it moves.

Rounds of programs move all open cells at once, each in a direction drawn from a seeded generator; what stays open is
asked one by one. A direction that even the single program cannot move is open for good: the cell is not protected.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from disclosure.suppression.problem import Flags, Ledger, Problem, Witness, pieces
from disclosure.suppression.solver import SEED, Mover, Target, free_prices, spread

ROUNDS = 60
IDLE = 6
"""After so many rounds without news the rest is asked one by one."""

FEW = 4
"""So few open directions are asked one by one at once."""


def settle(problem: Problem, withheld: Flags, hints: Iterable[Witness] = (), *, alone: bool = True) -> Ledger:
    """Find witnesses for every direction that is asked.

    Args:
        problem: what is asked.
        withheld: the cells that are not published.
        hints: possible tables from before; each is checked again.
        alone: whether to ask what the rounds leave open one by one, which decides it.
    """
    ledger = Ledger(problem, withheld)
    ledger.accept_all(hints)
    rounds(ledger)
    if alone and ledger.open_count:
        _one_by_one(ledger)
    return ledger


def rounds(ledger: Ledger, most: int = ROUNDS, idle_most: int = IDLE) -> None:
    """Move many open cells at once, until nothing new is shown."""
    generator = np.random.default_rng(SEED + ledger.open_count)
    idle = 0
    for _ in range(most):
        if ledger.open_count <= FEW or idle == idle_most:
            break
        before = ledger.open_count
        chosen = _one_way(ledger.targets(), generator)
        found = spread(ledger.problem, ledger.withheld, chosen, generator)
        if found is not None and not ledger.accept(found):
            ledger.accept_all(pieces(found, ledger.problem.equations))
        idle = idle + 1 if ledger.open_count == before else 0


def _one_way(targets: list[Target], generator: np.random.Generator) -> list[Target]:
    """One direction for each open cell."""
    by_cell: dict[int, list[Target]] = {}
    for each in targets:
        by_cell.setdefault(each[0], []).append(each)
    return [each[int(generator.integers(len(each)))] for each in by_cell.values()]


def _one_by_one(ledger: Ledger) -> None:
    mover = Mover(ledger.problem, ledger.withheld, free_prices(len(ledger.problem.values)))
    mover.load()
    for target in ledger.targets():
        cell, way, distance = target
        moved = ledger.highest[cell] if way > 0 else -ledger.lowest[cell]
        if moved >= distance:
            continue
        found = mover.move(target)
        if found is not None and not ledger.accept(found):
            ledger.accept_all(pieces(found, ledger.problem.equations))
