"""Trajectory recovery and membership inference from a month of aggregates (attack 14).

*Recovery.* Attacker: reads the published counts by zone and period, and knows where a target was in the first hour of
a day. Method, after Xu et al., "Trajectory Recovery From Ash" (WWW 2017): each period's counts are a set of anonymous
places; they are assigned from period to period at the least cost. Without coordinates the cost of staying is 0 and of
moving 1, so as many as possible stay; of those who must move, whoever is away from the place of the night goes home
first, and at the end of the night the day before is repeated (their day-to-day linking). A target is one of the
anonymous people at the known place; the guess is that one's way.
Baseline, without linking anything: the better of "stays where known" and "where most people are at that hour".

*Membership.* Attacker: knows all rows of a target, and the habits of the city (reference groups without the target).
Method, after Pyrgelis, Troncoso, De Cristofaro, "Knock Knock, Who's There?" (NDSS 2018): for the cells of the target
the published counts less the expected ones, weighted by their variance, are added; more than half of what the target
would add means "was in". Groups of up to `GROUP` units are drawn and released by the policy, with and without the
target. Baseline: a coin.

A residual is allowed, and measured: for groups of hundreds under a minimum of ten it is some percent, see the
documentation of limits (printed by ``make evidence``). Above `limit` the attack has succeeded and the release is
held. Limit: the preset accepts that a guess about who of k is right with probability 1/k within one cell; if linking
many cells gives an attacker more than that over the guess without linking, the minimum does not deliver what it says.
At most `MOST_RESIDUAL` however small k is. Against it stands the one-sided 95 % bound over `SEEDS` seeds.

Samples: the first `DAYS` days that are published, `TARGETS` targets for each seed; membership on at most `GROUP`
units and `WEEK` days. Figures state them; the measured residuals are for the house and stand in `findings`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from disclosure.attacks import membership
from disclosure.attacks.core import Result, Target, broken, survived
from disclosure.attacks.recovery import Counts, Sightings, baseline_share, recovered, share_right
from disclosure.attacks.sightings import published_counts, true_sightings
from disclosure.attacks.statistics import LEAST_SEEDS, uplift_upper
from disclosure.presets import Preset
from disclosure.spec import Presence

SEEDS: Final = LEAST_SEEDS
TARGETS: Final = 25
DAYS: Final = 3
MOST_RESIDUAL: Final = 0.10
LEAST_PERIODS: Final = 4
_READABLE: Final = frozenset({"threshold", "cell-key", "dp"})


def limit(preset: Preset) -> float:
    """The most gain over the guess without linking that a release may leave: 1/k, and never above `MOST_RESIDUAL`."""
    return min(1 / preset.min_units, MOST_RESIDUAL)


class Trajectory:
    """Attack 14."""

    name: ClassVar[str] = "trajectory"

    def applies(self, target: Target) -> str | None:
        """Needs counts of the same people in one zone after another, and the input to judge."""
        spec = target.spec
        if not spec.units:
            return "no-unit"
        if target.policy.name not in _READABLE or not spec.zones or not spec.time:
            return "no-sequence-of-counts"
        if spec.presence is Presence.SIMULTANEOUS:
            return "identifiers-rotate"
        if target.truth is None:
            return "input-needed"
        return None if len(published_counts(target, DAYS)) >= LEAST_PERIODS else "too-few-periods"

    def run(self, target: Target, *, seed: int) -> Result:
        """Both attacks; broken when the bound of either is above the limit."""
        bounds = residuals(target, seed)
        figures: dict[str, int | str] = {"seeds": SEEDS, "targets": TARGETS, "days": DAYS, "group": membership.GROUP}
        worst = max(bounds, key=lambda name: bounds[name])
        if bounds[worst] > limit(target.preset):
            return broken(self.name, f"{worst}-above-limit", tuple(bounds.items()), **figures)
        return survived(self.name, **figures)


def residuals(target: Target, seed: int) -> dict[str, float]:
    """The measured gains over the baselines, as one-sided 95 % bounds: ``recovery`` and ``membership``."""
    counts = published_counts(target, DAYS)
    sightings = true_sightings(target, list(counts))
    bounds = {"recovery": uplift_upper(*recovery_shares(counts, sightings, seed))}
    games = membership.games(target, seed)
    if games:
        bounds["membership"] = uplift_upper(games, [0.5] * len(games))
    return bounds


def recovery_shares(counts: Counts, sightings: Sightings, seed: int) -> tuple[list[float], list[float]]:
    """For each seed the share of periods in which targets were placed right, and the same for the baseline."""
    accuracies, baselines = [], []
    first = next(iter(counts))
    known = sorted(unit for unit, places in sightings.items() if first in places)
    for number in range(SEEDS):
        drawn = random.Random(f"{seed}-{number}")  # noqa: S311 - a sample of targets, nothing that must stay secret
        ways = recovered(counts, drawn)
        targets: Sequence[Any] = drawn.sample(known, min(TARGETS, len(known)))
        accuracies.append(
            _mean([share_right(_guess(ways, sightings[each], first, drawn), sightings[each]) for each in targets])
        )
        baselines.append(_mean([baseline_share(counts, sightings[each], first) for each in targets]))
    return accuracies, baselines


def _guess(ways: list[dict[Any, Any]], true: dict[Any, Any], first: Any, drawn: random.Random) -> dict[Any, Any]:
    """One of the anonymous people who begin where the target is known to be; nobody where none is shown there."""
    fitting = [way for way in ways if way.get(first) == true[first]]
    return drawn.choice(fitting) if fitting else {}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
