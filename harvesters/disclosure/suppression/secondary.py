"""Secondary suppression: for every cell that is not protected yet, the cheapest further cells to withhold.

The heuristic of sequential linear programs (network-flow suppression of Robertson and of Cox, in general tables): one
program moves the open cell by its distance, displacement of withheld cells is free and that of published cells has a
price; the published cells that it moves are withheld. What is withheld only grows, so what was protected stays so. The
result is checked by ``disclosure.suppression.audit``, never taken on trust.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from disclosure.suppression.problem import Flags, Ledger, Problem, Witness
from disclosure.suppression.settle import one_by_one, rounds, settle
from disclosure.suppression.solver import Floats, Mover, Target, free_prices

BATCH = 20
"""So many cells are moved one by one before all are asked together again."""

SIFT = 2
"""After so many batches the small programs are asked again."""


class Infeasible(Exception):  # noqa: N818 - says what happened
    """Some cell cannot be protected whatever is withheld; carries how many directions are left open."""

    def __init__(self, open_directions: int) -> None:
        self.open_directions = open_directions
        super().__init__(f"{open_directions} directions")


def price_list(problem: Problem, costs: Floats) -> Floats:
    """Price of moving each cell by a step: its cost, dearer for large values, dearer where there is little room."""
    need = max(int(max(problem.up.max(initial=1), problem.down.max(initial=1))), 1)
    room = np.minimum(problem.values - problem.lower, need) / need
    prices: Floats = costs * np.log2(2.0 + problem.values - problem.lower) / np.maximum(room, 0.05)
    return prices


def extend(
    problem: Problem, withheld: Flags, allowed: Flags, costs: Floats, hints: Sequence[Witness] = ()
) -> tuple[Flags, Ledger]:
    """Withhold further cells until every cell of the problem is protected.

    Args:
        problem: what is asked.
        withheld: where to start from.
        allowed: cells that may be withheld besides.
        costs: how much each cell is wanted.
        hints: possible tables from before.

    Returns:
        The cells to withhold, and the witnesses.

    Raises:
        Infeasible: if a cell cannot be protected.
    """
    ledger = settle(problem, withheld, hints, alone=False)
    if not ledger.open_count:
        return withheld, ledger
    withheld = withheld.copy()
    ledger.withheld = withheld
    prices = np.where(withheld, free_prices(len(withheld)), price_list(problem, costs))
    mover = Mover(problem, withheld | allowed, prices)
    mover.load()
    tried: set[Target] = set()
    while targets := [each for each in _hardest_first(ledger) if each not in tried]:
        if len(tried) % (SIFT * BATCH) == 0:
            # Programs over withheld cells alone are small; what they show needs no large one.
            one_by_one(ledger)
            targets = [each for each in _hardest_first(ledger) if each not in tried]
        for target in targets[:BATCH]:
            _protect(target, mover, ledger, withheld)
        tried.update(targets[:BATCH])
        # What was withheld for one cell often protects others, which a joint program shows faster.
        rounds(ledger, most=8, idle_most=3)
    if ledger.open_count:
        raise Infeasible(ledger.open_count)
    return withheld, ledger


def _hardest_first(ledger: Ledger) -> list[Target]:
    return sorted(ledger.targets(), key=lambda each: (-each[2], each[0], each[1]))


def _protect(target: Target, mover: Mover, ledger: Ledger, withheld: Flags) -> None:
    cell, way, distance = target
    if (ledger.highest[cell] if way > 0 else -ledger.lowest[cell]) >= distance:
        return
    found = mover.move(target)
    if found is None:
        return
    added = np.flatnonzero((found.shift != 0) & ~withheld)
    withheld[added] = True
    mover.reprice(added, float(free_prices(1)[0]))
    ledger.accept(found)
