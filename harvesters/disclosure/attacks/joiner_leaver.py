"""Joiner and leaver: one household moves in or out between two consecutive periods (attack 15).

Attacker: a neighbor who knows that exactly one household joined a zone between two periods, and reads both published
totals. Method: the new total less the old one, the old one first scaled by what the other zones did in the same time
(so weather and weekdays drop out), is the joiner's amount. Success: within `WITHIN_PERCENT` percent of the truth.
Baseline, without the table: the one amount that comes close to most units' amounts in that period, which whoever knows
what is usual can name. For each of `SEEDS` seeds one unit of every second zone is taken out of a period before
another, the table is released again by the policy, and the shares of successes are compared; the zones in which
nobody joins give the trend. Small tables are played in several worlds for each seed, so that a share rests on about
`JOINERS_PER_SEED` joiners. Pass rule: the one-sided 95 % bound of the gain over the baseline is at most 0.02.

What protects, and what does not:

- Cell key and differential privacy: the noise of the two totals is drawn for different sets of units (and different
  totals), so the difference carries two draws of noise, scaled to the largest contributions. They protect whatever
  the others do.
- Thresholds, roll-ups, dominance and p % look at one period at a time. A joiner is hidden only by how much the others'
  amounts change between the periods: 20 households whose monthly use varies by a tenth hide one to within twice its
  use, 20 that never vary hide nothing (fixed fees, nights at full occupancy, a contract value). This cannot be decided
  from a table alone, so the gate measures it here on the input, and holds the release when the gain is above 0.02:
  then the answer is a longer period, a coarser zone, or noise. No minimum change of a cell is demanded, since a rule
  on changes of counts would itself tell when somebody moved.
- That somebody joined is not hidden by any of the exact policies: the number of units goes up by one. It is taken to
  be known already; what is protected is the amount.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any, ClassVar, Final

from disclosure.attacks.core import Result, Target, Truth, broken, survived
from disclosure.attacks.joining import Given, Joiner, consecutive, given_in, released_without, who_joins
from disclosure.attacks.members import has_members
from disclosure.attacks.sampling import FLAT, Place, place_of
from disclosure.attacks.statistics import LEAST_SEEDS, MOST_UPLIFT, uplift_upper
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, MeasureKind, Presence

SEEDS: Final = LEAST_SEEDS
WITHIN_PERCENT: Final = 10
JOINERS_PER_SEED: Final = 200
"""Joiners behind each seed's share: with a handful the bound would be made of chance and hold every small table."""
MOST_ROWS: Final = 600_000
"""Rows of all worlds together; large tables have joiners enough in one world for each seed."""

Table = Mapping[tuple[Place, datetime], Mapping[str, Any]]


class JoinerLeaver:
    """Attack 15."""

    name: ClassVar[str] = "joiner-leaver"

    def applies(self, target: Target) -> str | None:
        """Needs a total that is published for consecutive periods, and the input."""
        spec = target.spec
        if not spec.units:
            return "no-unit-behind-rows"
        if target.policy.name == "dp":
            return "budget-bounds-each-unit"
        if target.policy.name not in FLAT or not spec.zones or not spec.time or _amount(target) is None:
            return "no-totals-in-sequence"
        if spec.presence is Presence.SIMULTANEOUS:
            return "identifiers-rotate"
        if target.truth is None or not has_members(target):
            return "input-needed"
        return None if consecutive(target) else "too-few-periods"

    def run(self, target: Target, *, seed: int) -> Result:
        """Let units join, release, and estimate what they gave."""
        truth, amount = target.truth, _amount(target)
        if truth is None or amount is None:
            raise ValueError("this attack needs the truth and a total")
        with given_in(target, truth, amount) as given:
            worlds = _worlds(target, given)
            draws = [random.Random(f"{seed}-{number}") for number in range(SEEDS * worlds)]  # noqa: S311
            joiners = [who_joins(consecutive(target), given, drawn) for drawn in draws]
            played = list(_estimated(target, truth, joiners, amount, _usual(given)))
        figures = {"seeds": SEEDS, "within_percent": WITHIN_PERCENT}
        hits = [list(chain.from_iterable(played[first : first + worlds])) for first in range(0, len(played), worlds)]
        if not all(hits):
            return survived(self.name, **figures)
        accuracies = [sum(hit for hit, _ in each) / len(each) for each in hits]
        baselines = [sum(plain for _, plain in each) / len(each) for each in hits]
        upper = uplift_upper(accuracies, baselines)
        if upper > MOST_UPLIFT:
            return broken(self.name, "joiner-is-estimated", (upper,), **figures)
        return survived(self.name, **figures)


def _amount(target: Target) -> str | None:
    """The first published sum; rows of a unit tell little about it and are not attacked."""
    sums = [name for name, measure in target.spec.measures.items() if measure.kind is MeasureKind.SUM]
    return sums[0] if sums and UNITS_COLUMN in target.table.column_names else None


def _worlds(target: Target, given: Given) -> int:
    """How many worlds each seed plays: enough joiners for a share that chance does not decide, within the cost."""
    joiners = max(len(consecutive(target)) // 2, 1)
    rows = max(sum(map(len, given.values())), 1)
    return max(min(-(-JOINERS_PER_SEED // joiners), MOST_ROWS // (SEEDS * rows)), 1)


def _usual(given: Given) -> dict[datetime, Decimal]:
    """For each period the amount that is close enough to the amounts of most units."""
    values: dict[datetime, list[Decimal]] = {}
    for (_, moment), amounts in given.items():
        values.setdefault(moment, []).extend(value for value in amounts.values() if value > 0)
    return {moment: _most_common(sorted(each)) for moment, each in values.items() if each}


def _most_common(values: list[Decimal]) -> Decimal:
    """The guess that is within `WITHIN_PERCENT` of most of the values: in the fullest window of that width."""
    best, most = values[0], 0
    for value in values:
        end = bisect_right(values, value * (100 + WITHIN_PERCENT) / (100 - WITHIN_PERCENT))
        inside = end - bisect_left(values, value)
        if inside > most:
            best, most = value * (100 + WITHIN_PERCENT) / 100, inside
    return best


def _estimated(
    target: Target,
    truth: Truth,
    joiners: Sequence[Sequence[Joiner]],
    amount: str,
    usual: Mapping[datetime, Decimal],
) -> Iterator[list[tuple[bool, bool]]]:
    """For each seed, and each of its joiners, whether the estimate and whether the baseline comes close enough."""
    tables = released_without(target, truth, joiners)
    for number, drawn in enumerate(joiners):
        table = {(place_of(row, target.spec), row[PERIOD_COLUMN]): row for row in tables.get(str(number), ())}
        hits = []
        for place, before, after, _, true in drawn:
            old, new = table.get((place, before)), table.get((place, after))
            if old is not None and new is not None and after in usual:
                joined = {each for each, start, *_ in drawn if start == before}
                trend = _trend(table, joined, before, after, amount)
                guess = Decimal(new[amount]) - trend * Decimal(old[amount])
                hits.append((_close(guess, true), _close(usual[after], true)))
        yield hits


def _trend(table: Table, joined: set[Place], before: datetime, after: datetime, amount: str) -> Decimal:
    """How the zones in which nobody joined changed from one period to the next; 1 where there is none."""
    old = new = Decimal(0)
    for place in {place for place, _ in table} - joined:
        first, second = (table.get((place, moment), {}).get(amount) for moment in (before, after))
        if first is not None and second is not None:
            old, new = old + Decimal(first), new + Decimal(second)
    return new / old if old else Decimal(1)


def _close(guess: Decimal, true: Decimal) -> bool:
    return abs(guess - true) * 100 <= WITHIN_PERCENT * abs(true)
