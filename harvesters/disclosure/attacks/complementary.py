"""Complementary cell: can a withheld figure be computed from the totals around it?

Attacker: an outsider with the table, who knows that figures are not negative, that counts are whole numbers, and the
public minimum. Method: iterated substitution, then the least and the greatest value of withheld figures by linear or
integer programs over all equations of the table. Pass rule: no withheld count keeps less than the interval 0…k−1 if
the cell is small, or can be seen to be small; no withheld sum is exact to its last printed digit.
Bounded: at most `MOST_CELLS` withheld cells of each column, drawn by the seed; substitution looks at all of them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from disclosure.attacks.core import Result, Target, judged, not_applicable
from disclosure.attacks.joint import Joint, TooManyAtomsError, joint
from disclosure.attacks.system import ContradictionError
from disclosure.attacks.totals import ANY, additive_columns, has_totals
from disclosure.spec import UNITS_COLUMN

MOST_CELLS: Final = 60


class Complementary:
    """Attack 2."""

    name: ClassVar[str] = "complementary"

    def applies(self, target: Target) -> str | None:
        """Needs totals: figures of disjoint cells have no equation between them."""
        return None if has_totals(target) else "table-without-totals"

    def run(self, target: Target, *, seed: int) -> Result:
        """Audit every published column."""
        findings, tried = audit((target,), seed)
        if not tried["columns"]:
            return not_applicable(self.name, "figures-do-not-add-up")
        return judged(self.name, "withheld-can-be-computed", findings, **tried)


def audit(tables: tuple[Target, ...], seed: int) -> tuple[list[Any], dict[str, int | str]]:
    """Withheld figures that the tables together give away, and what was tried."""
    findings: list[Any] = []
    columns, unusable = 0, 0
    shared = [set(additive_columns(target)) for target in tables]
    for column in [name for name in additive_columns(tables[0]) if all(name in each for each in shared)]:
        columns += 1
        least = tables[0].preset.min_units if column == UNITS_COLUMN and not has_totals(tables[0]) else None
        try:
            findings += _by_belief(tables, column, seed, least)
        except (ContradictionError, TooManyAtomsError):
            # Not additive (a unit in two cells), or too fine for one program: this column gives no equations.
            unusable += 1
    return findings, {"columns": columns - unusable, "most_cells": MOST_CELLS}


def _by_belief(tables: tuple[Target, ...], column: str, seed: int, small: int | None) -> list[Any]:
    """The same for one column, first believing that whatever is not listed is small, then without that belief."""
    try:
        return audit_column(tables, column, seed, small)
    except ContradictionError:
        if small is None:
            raise
        # A cell may be withheld for another reason than its size.
        return audit_column(tables, column, seed, None)


def audit_column(tables: tuple[Target, ...], column: str, seed: int, small: int | None) -> list[Any]:
    """The same for one column, with what the attacker believes of unlisted cells."""
    counts_units = column == UNITS_COLUMN
    least = tables[0].preset.min_units
    found = joint(tables, column, small=small)
    sure = found.system.substituted()
    exact = [(found.withheld[name], value) for name, value in sure.items() if name in found.withheld and value > 0]
    if exact and not counts_units:
        return exact
    if counts_units:
        return [each for each in exact if each[1] < least] or _narrow_counts(found, sure, least, seed)
    return _exact_sums(found, sure, seed)


def _sample(found: Joint, sure: Mapping[Any, float], seed: int) -> list[Any]:
    # Marginal cells are sums of others; inner ones are what people stand behind.
    names = [name for name, (_, key) in found.withheld.items() if name not in sure and ANY not in key]
    choice = random.Random(seed)  # noqa: S311 - a sample of cells, nothing that must stay secret
    return choice.sample(names, min(MOST_CELLS, len(names)))


def _narrow_counts(found: Joint, sure: Mapping[Any, float], least: int, seed: int) -> list[Any]:
    """Withheld counts that are known to be small and are narrower than 0…k−1."""
    needed = dict.fromkeys(_sample(found, sure, seed), (0.0, float(least - 1)))
    narrow = found.system.known(sure).narrow(needed)
    return [(found.withheld[name], interval) for name, interval in narrow.items() if 0 < interval.high < least]


def _exact_sums(found: Joint, sure: Mapping[Any, float], seed: int) -> list[Any]:
    """Withheld sums that have only one value, up to the last printed digit."""
    names = _sample(found, sure, seed)
    intervals = found.system.known(sure).intervals(names)
    step = float(found.step) if found.step != 1 else 0.5
    return [(found.withheld[name], each) for name, each in intervals.items() if each.width < step and each.high > 0]
