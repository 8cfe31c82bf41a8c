"""Linkage: does knowing one to four true points of a person single the person out?

Attacker: a neighbor or a data broker who knows true values of a target (places and times, or quasi-identifiers), and
looks for the published row that must be the target's. Method: for each of `SEEDS` seeds draws `TARGETS` people and up
to `POINTS` of their true rows, finds the published row with the fewest possible people among those that describe a
known row, and guesses one of these people. Pass rules: no row leaves fewer than k people, so that every match is right
with probability at most 1/k; and the one-sided 95 % bound of the accuracy over `SEEDS` seeds exceeds the baseline 1/k,
which is what the preset accepts for every row, by at most 0.02.
"""

from __future__ import annotations

import random
from typing import Any, ClassVar, Final

from disclosure.attacks.core import Result, Target, judged
from disclosure.attacks.members import MEMBERS, has_members, members
from disclosure.attacks.microdata import is_microdata
from disclosure.attacks.records import candidates
from disclosure.attacks.recount import unreadable
from disclosure.attacks.statistics import LEAST_SEEDS, MOST_UPLIFT, uplift_upper
from disclosure.spec import Presence

SEEDS: Final = LEAST_SEEDS
TARGETS: Final = 25
POINTS: Final = 4

Known = dict[Any, list[int]]
"""For each target the numbers of possible people in the published rows that describe one of the target's rows."""


class Linkage:
    """Attack 6."""

    name: ClassVar[str] = "linkage"

    def applies(self, target: Target) -> str | None:
        """Needs the input: the known points are true ones."""
        if not target.spec.units:
            return "no-unit-behind-rows"
        if target.truth is None:
            return "input-needed"
        if target.spec.presence is Presence.SIMULTANEOUS:
            return "counted-at-once"
        return None if is_microdata(target) or has_members(target) else unreadable(target)

    def run(self, target: Target, *, seed: int) -> Result:
        """Link the drawn targets and judge matches and gain."""
        known = candidates(target) if is_microdata(target) else _people_in_cells(target)
        least = target.preset.min_units
        single = [unit for unit, sizes in known.items() if min(sizes) < least]
        figures = {"seeds": SEEDS, "targets": TARGETS, "points": POINTS}
        if single or not known:
            return judged(self.name, "match-above-one-in-k", single, **figures)
        accuracies = _accuracies(known, seed)
        upper = uplift_upper(accuracies, [1 / least] * SEEDS)
        return judged(self.name, "better-than-baseline", [upper] if upper > MOST_UPLIFT else [], **figures)


def _people_in_cells(target: Target) -> Known:
    """For every unit the numbers of people in the published cells that it is in."""
    with members(target) as found:
        unit = found.units[0]
        rows = found.con.execute(
            f"WITH sizes AS (SELECT cell, count(DISTINCT {unit}) AS people FROM {MEMBERS} GROUP BY cell),"
            f" seen AS (SELECT DISTINCT {unit} AS unit, people FROM {MEMBERS} JOIN sizes USING (cell))"
            " SELECT unit, list(people ORDER BY people) FROM seen GROUP BY unit ORDER BY unit"
        ).fetchall()
    return dict(rows)


def _accuracies(known: Known, seed: int) -> list[float]:
    """Share of right guesses for each seed, in expectation over the guess itself."""
    accuracies = []
    names = sorted(known)
    for number in range(SEEDS):
        choice = random.Random(f"{seed}-{number}")  # noqa: S311 - a sample of targets, nothing that must stay secret
        drawn = choice.sample(names, min(TARGETS, len(names)))
        best = [min(choice.sample(known[name], min(POINTS, len(known[name])))) for name in drawn]
        accuracies.append(sum(1 / size for size in best) / len(best))
    return accuracies
