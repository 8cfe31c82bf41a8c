"""Averaging: ask the same question again and again, and take the mean of the answers.

Attacker: may ask `ASKED` times for the same table, as an interface or a daily delivery allows; two answers of
different figures for one input are enough to be found out. Method: repeats the release for a few published zones and
their first day, and averages each number of units. Where the first `EQUAL_ANSWERS` answers are the same table, the
table is a function of the input: nothing averages out, one answer is all there is. Otherwise means of half of the
answers (drawn for each of `SEEDS` seeds) are rounded and compared with the truth. Baseline: the same for single
answers. Pass rule: equal answers, or a gain over single answers of which the one-sided 95 % bound is at most 0.02.

Under differential privacy every new question is charged, so none is asked here: the same delivery is asked for again,
and must be answered from the store, or refused.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import ClassVar, Final

import pyarrow as pa

from disclosure.attacks import neighbors
from disclosure.attacks.core import Result, Target, Truth, broken, not_applicable, survived
from disclosure.attacks.members import MEMBERS, has_members, members
from disclosure.attacks.sampling import some_zones
from disclosure.attacks.statistics import LEAST_SEEDS, MOST_UPLIFT, uplift_upper
from disclosure.errors import DisclosureError
from disclosure.spec import UNITS_COLUMN

ASKED: Final = 40
EQUAL_ANSWERS: Final = 2
"""After this number of equal answers the table is taken to be a function of the input."""

SAMPLE_ZONES: Final = 4
SEEDS: Final = LEAST_SEEDS
_QUESTION: Final = "_attack_question"

Key = tuple[object, ...]
Counts = dict[Key, int]


class Averaging:
    """Attack 10."""

    name: ClassVar[str] = "averaging"

    def applies(self, target: Target) -> str | None:
        """Needs the input: the question is asked again through the policy."""
        if not target.spec.units:
            return "no-unit-behind-rows"
        return None if target.truth is not None else "input-needed"

    def run(self, target: Target, *, seed: int) -> Result:
        """Ask until the answers can be judged."""
        truth = target.truth
        if truth is None:
            raise ValueError("this attack needs the truth")
        if _answered_otherwise(target, truth):
            return broken(self.name, "answers-are-drawn-anew", (), asked=2)
        if target.policy.name == "dp":
            return self._asked_again(target, truth)
        with some_zones(target, truth, _QUESTION, SAMPLE_ZONES) as question:
            asked = replace(target, truth=question)
            answers = _answers(asked, question)
            if not answers:
                return not_applicable(self.name, "sample-refused")
            if _are_equal(answers):
                return survived(self.name, asked=len(answers))
            true = _true_counts(asked, answers)
        counts = [_counts(answer, target) for answer in answers]
        upper = uplift_upper(*_shares(counts, true, seed))
        if upper > MOST_UPLIFT:
            return broken(self.name, "means-of-answers-are-the-truth", (upper,), asked=len(answers), seeds=SEEDS)
        return survived(self.name, asked=len(answers), seeds=SEEDS)

    def _asked_again(self, target: Target, truth: Truth) -> Result:
        """The same delivery gives the same table, or nothing."""
        for number in range(EQUAL_ANSWERS):
            try:
                answer = target.policy.protect(truth.con, truth.relation, target.spec, target.preset, target.site)
            except DisclosureError:
                return survived(self.name, asked=number)
            if not answer.table.equals(target.table):
                return broken(self.name, "answers-are-drawn-anew", (), asked=number + 1)
        if neighbors.overdrawn(target):
            return broken(self.name, "budget-overdrawn", ())
        return survived(self.name, asked=EQUAL_ANSWERS)


def _answered_otherwise(target: Target, truth: Truth) -> bool:
    """Whether an earlier release of the same input, asked for in the same way, has other figures."""
    return any(
        each.truth is not None
        and (each.truth.con, each.truth.relation) == (truth.con, truth.relation)
        and (each.policy.name, each.spec, each.preset) == (target.policy.name, target.spec, target.preset)
        and not each.table.equals(target.table)
        for each in (*target.earlier, *target.linked)
    )


def _answers(target: Target, question: Truth) -> list[pa.Table]:
    """Tables for the same question; whoever is refused an answer has one less to average."""
    answers: list[pa.Table] = []
    for number in range(ASKED):
        try:
            made = target.policy.protect(question.con, question.relation, target.spec, target.preset, target.site)
        except DisclosureError:
            break
        answers.append(made.table)
        if number + 1 == EQUAL_ANSWERS and _are_equal(answers):
            break
    return answers


def _are_equal(answers: Sequence[pa.Table]) -> bool:
    return all(answer.equals(answers[0]) for answer in answers)


def _counts(table: pa.Table, target: Target) -> Counts:
    keys = target.policy.shape(target.spec).primary_key
    return {tuple(row[name] for name in keys): int(row[UNITS_COLUMN]) for row in table.to_pylist()}


def _true_counts(target: Target, answers: Sequence[pa.Table]) -> Counts:
    """The true number of units for every key that was ever answered."""
    if not has_members(target):
        return {}
    keys = list(target.policy.shape(target.spec).primary_key)
    every = (
        pa.concat_tables([answer.select(keys) for answer in answers])
        .group_by(keys)
        .aggregate([])
        .sort_by([(name, "ascending") for name in keys])
    )
    with members(replace(target, table=every)) as found:
        rows = found.con.execute(
            f"SELECT cell, count(DISTINCT {found.units[0]}) FROM {MEMBERS} GROUP BY cell"
        ).fetchall()
    listed = every.to_pylist()
    return {tuple(listed[cell][name] for name in keys): units for cell, units in rows}


def _shares(answers: Sequence[Counts], true: Counts, seed: int) -> tuple[list[float], list[float]]:
    """For each seed the share of true numbers hit by means of half of the answers, and by single answers."""
    accuracies, baselines = [], []
    for number in range(SEEDS):
        drawn = random.Random(f"{seed}-{number}")  # noqa: S311 - a sample of answers, nothing that must stay secret
        half = drawn.sample(list(answers), max(1, len(answers) // 2))
        accuracies.append(_hits([_mean(half, key) for key in true], list(true.values())))
        single = drawn.choice(half)
        baselines.append(_hits([single.get(key) for key in true], list(true.values())))
    return accuracies, baselines


def _mean(answers: Sequence[Counts], key: Key) -> int | None:
    given = [answer[key] for answer in answers if key in answer]
    return round(Fraction(sum(given), len(given))) if given else None


def _hits(guesses: Sequence[int | None], true: Sequence[int]) -> float:
    hits = sum(guess == value for guess, value in zip(guesses, true, strict=True))
    return hits / len(true) if true else 0.0
