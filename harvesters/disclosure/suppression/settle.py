"""Showing protection with few linear programs: one possible table is a witness for every cell that it moves.

Rounds of programs move all open cells at once, each in a direction drawn from a seeded generator; what stays open is
asked one by one. A direction that even the single program cannot move is open for good: the cell is not protected.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from disclosure.suppression.problem import Flags, Ledger, Problem, Witness, pieces
from disclosure.suppression.solver import SEED, Mover, Target, free_prices, spread

ROUNDS = 200
IDLE = 8
"""After so many rounds without news the rest is asked one by one."""

SMALLER = 0.6
"""By this factor fewer cells are moved together after a round without news."""

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
        one_by_one(ledger)
    return ledger


def rounds(ledger: Ledger, most: int = ROUNDS, idle_most: int = IDLE) -> None:
    """Move many open cells at once, until nothing new is shown."""
    generator = np.random.default_rng(SEED + ledger.open_count)
    idle, share = 0, 1.0
    for _ in range(most):
        if ledger.open_count <= FEW or idle == idle_most:
            break
        before = ledger.open_count
        chosen = _one_way(ledger.targets(), generator)
        # Joint programs of many cells end in fractions more often, which counts cannot use.
        size = max(round(share * len(chosen)), min(FEW, len(chosen)))
        chosen = [chosen[place] for place in sorted(generator.permutation(len(chosen))[:size])]
        found = spread(ledger.problem, ledger.withheld, chosen, generator)
        if found is not None and not ledger.accept(found):
            ledger.accept_all(pieces(found, ledger.problem.equations))
        is_idle = ledger.open_count == before
        idle, share = (idle + 1, share * SMALLER) if is_idle else (0, share)


def _one_way(targets: list[Target], generator: np.random.Generator) -> list[Target]:
    """One direction for each open cell."""
    by_cell: dict[int, list[Target]] = {}
    for each in targets:
        by_cell.setdefault(each[0], []).append(each)
    return [each[int(generator.integers(len(each)))] for each in by_cell.values()]


def one_by_one(ledger: Ledger) -> None:
    """Ask every open direction by itself, over withheld cells only."""
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
