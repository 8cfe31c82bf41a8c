"""Reconstruction: do all published tables together admit only one table of people?

Attacker: takes every published count (margins, linked tables) and solves for the finest table that fits, as was done
with census blocks (Garfinkel, Abowd & Martindale, CACM 62, 2019). Method: an integer program over the finest counts
that are not printed; then for each of `SEEDS` seeds one solution that is cheapest under random costs.
Pass rules: the solution is not unique; and against the input, the share of people whom the solution puts in the right
cell exceeds that of a guess from the margins alone by at most 0.02, as a one-sided 95 % bound over `SEEDS` seeds.
Bounded: at most `MOST_UNKNOWN` unknown counts; larger tables are audited cell by cell by the other attacks.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from disclosure.attacks.core import Result, Target, broken, judged, not_applicable, survived
from disclosure.attacks.joint import Joint, TooManyAtomsError, joint
from disclosure.attacks.linked import others
from disclosure.attacks.statistics import LEAST_SEEDS, MOST_UPLIFT, uplift_upper
from disclosure.attacks.system import ContradictionError
from disclosure.attacks.totals import additive_columns, has_totals
from disclosure.spec import UNITS_COLUMN
from disclosure.sqltext import ident

SEEDS: Final = LEAST_SEEDS
MOST_UNKNOWN: Final = 400


class Reconstruction:
    """Attack 8."""

    name: ClassVar[str] = "reconstruction"

    def applies(self, target: Target) -> str | None:
        """Needs counts that add up over unpublished ones."""
        if target.policy.name in {"cell-key", "dp"}:
            return "noise-is-not-additive"
        if target.policy.name in {"recode", "rollup"}:
            return "no-equations"
        if not has_totals(target) and not others(target):
            return "no-equations"
        return None if _count_column(target) else "no-counts"

    def run(self, target: Target, *, seed: int) -> Result:
        """Solve, ask for another solution, and compare with the input."""
        figures: dict[str, int | str] = {"seeds": SEEDS, "most_unknown": MOST_UNKNOWN}
        column = _count_column(target) or UNITS_COLUMN
        least = target.preset.min_units if column == UNITS_COLUMN and not has_totals(target) else None
        try:
            found = joint((target, *others(target)), column, small=least)
            sure = found.system.substituted()
        except TooManyAtomsError:
            return not_applicable(self.name, "too-many-unknown-figures")
        except ContradictionError:
            return not_applicable(self.name, "figures-do-not-add-up")
        unknown = [atom for atom in found.atoms if atom not in sure]
        printed = {key for key in found.printed if key in sure}
        if not unknown and any(sure[atom] > 0 and atom not in printed for atom in found.atoms):
            return broken(self.name, "only-one-table-fits", (), **figures)
        if len(unknown) > MOST_UNKNOWN:
            return not_applicable(self.name, "too-many-unknown-figures")
        if not unknown:
            return survived(self.name, **figures)
        return self._solve(target, found, sure, unknown, column, seed, figures)

    def _solve(
        self,
        target: Target,
        found: Joint,
        sure: Mapping[Any, float],
        unknown: list[Any],
        column: str,
        seed: int,
        figures: dict[str, int | str],
    ) -> Result:
        try:
            solutions = [_solution(found.system.known(sure), unknown, seed, number) for number in range(SEEDS)]
        except ContradictionError:
            return not_applicable(self.name, "figures-do-not-add-up")
        if all(solution == solutions[0] for solution in solutions[1:]):
            intervals = found.system.known(sure).intervals(unknown)
            if all(interval.width < 1 for interval in intervals.values()) and any(solutions[0].values()):
                return broken(self.name, "only-one-table-fits", (solutions[0],), **figures)
        truth = _true_counts(target, found, column)
        if truth is None or not sum(truth.get(atom, 0) for atom in unknown):
            return survived(self.name, **figures)
        plain = _agreement(_marginal_guess(found, unknown, sure), truth, unknown)
        upper = uplift_upper([_agreement(each, truth, unknown) for each in solutions], [plain] * SEEDS)
        return judged(self.name, "better-than-margins", [upper] if upper > MOST_UPLIFT else [], **figures)


def _count_column(target: Target) -> str | None:
    """The column of counts: rows if they are printed, else units."""
    counts = [name for name in (target.spec.count_rows_as, UNITS_COLUMN) if name in additive_columns(target)]
    return next((name for name in counts if name), None)


def _solution(system: Any, unknown: list[Any], seed: int, number: int) -> dict[Any, int]:
    choice = random.Random(f"{seed}-{number}")  # noqa: S311 - a direction to search in, nothing that must stay secret
    values = system.solution({atom: choice.uniform(-1, 1) for atom in unknown})
    return {atom: round(values[atom]) for atom in unknown}


def _agreement(guess: Mapping[Any, float], truth: Mapping[Any, int], unknown: list[Any]) -> float:
    """Share of people in unprinted cells whom the guess puts in the right one."""
    everybody = sum(truth.get(atom, 0) for atom in unknown)
    return sum(min(guess[atom], truth.get(atom, 0)) for atom in unknown) / everybody


def _marginal_guess(found: Joint, unknown: list[Any], sure: Mapping[Any, float], rounds: int = 60) -> dict[Any, float]:
    """The table of greatest entropy under the equations, by iterative proportional fitting."""
    guess = dict.fromkeys(unknown, 1.0)
    for _ in range(rounds):
        for terms, low, high in found.system.equations:
            open_ = [name for name in terms if name in guess]
            if not open_ or any(name not in guess and name not in sure for name in terms):
                continue
            left = (low + high) / 2 - sum(factor * sure[name] for name, factor in terms.items() if name in sure)
            now = sum(guess[name] for name in open_)
            for name in open_:
                guess[name] *= max(left, 0.0) / now if now else 0.0
    return guess


def _true_counts(target: Target, found: Joint, column: str) -> dict[Any, int] | None:
    """The finest counts of the input; None without the input, or where its columns are not the atoms."""
    truth, spec = target.truth, target.spec
    if truth is None or any("@" in name for name in found.dimensions):
        return None
    counted = f"count(DISTINCT {ident(spec.unit)})" if column == UNITS_COLUMN and spec.unit else "count(*)"
    columns = ", ".join(f"CAST({ident(name)} AS VARCHAR)" for name in found.dimensions)
    rows = truth.con.execute(f"SELECT {columns}, {counted} FROM {ident(truth.relation)} GROUP BY ALL").fetchall()
    return {row[:-1]: row[-1] for row in rows}
