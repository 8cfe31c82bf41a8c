"""Trajectory recovery and membership inference from a month of aggregates (attack 14).

*Recovery.* Attacker: reads the published counts by zone and period, and knows where a target was in the first hour of
a day. Method, after Xu et al., "Trajectory Recovery From Ash" (WWW 2017): each period's counts are a set of anonymous
places; they are assigned from period to period at the least cost. Without coordinates the cost of staying is 0 and of
moving 1, so as many as possible stay; of those who must move, whoever is away from the place of the night goes home
first, and at the end of the night the day before is repeated (their day-to-day linking). A target is one of the
anonymous people at the known place; the guess is that one's way.
Only periods count in which the target is somewhere else than where it is known to have been: that most people sleep
at home tells nothing. Where the way stays at the known place the guess is that of the baseline. Baseline, without
linking anything: where most other people are at that hour.

*Membership.* Attacker: knows all rows of a target, and the habits of the city (reference groups without the target).
Method, after Pyrgelis, Troncoso, De Cristofaro, "Knock Knock, Who's There?" (NDSS 2018): for the cells of the target
the published counts less the expected ones, weighted by their variance, are added; more than half of what the target
would add means "was in". Groups of up to `GROUP` units are drawn and released by the policy, with and without the
target. Baseline: a coin.

A residual is allowed, and measured (printed with the evidence, see the documentation of limits). Above the limit the
attack has succeeded and the release is held; what is compared with the limit is the one-sided 95 % bound over `SEEDS`
seeds. Limits, in gain over the baseline:

- Recovery: 1/k, at most `MOST_RECOVERY`. The preset accepts that a guess about who of k is right with probability 1/k
  within one cell; if linking cells gives more than that over a guess without linking, the minimum does not deliver.
- Membership: Φ(1/√k) − ½ and `LINKING` more. A count of k people of whom each is in by a coin has the standard
  deviation √k/2, so knowing the others' expectation tells one member from none in Φ(1/√k) of the cases (0.62 for
  k = 10). That is in one single count that the preset allows; linking may add `LINKING`, twice the error of measuring.
  Without protection Pyrgelis et al. report areas under the curve of 0.8 to 1 for people with regular ways.

Samples: recovery over the first `DAYS` days that are published, `TARGETS` targets for each seed; membership as said in
``attacks.membership``. Figures state them; the measured residuals are for the house and stand in `findings`.
Both need the same places in every period: they read flat tables, and recovery the finest level of rolled-up ones.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from disclosure.attacks import membership
from disclosure.attacks.core import Result, Target, Truth, broken, survived
from disclosure.attacks.recovery import Counts, Place, Sightings, Way, crowd, recovered, share_right
from disclosure.attacks.sampling import FLAT, some_units
from disclosure.attacks.sightings import published_counts, sightings_in_bins, true_sightings
from disclosure.attacks.statistics import LEAST_SEEDS, uplift_upper
from disclosure.presets import Preset
from disclosure.spec import UNITS_COLUMN, Presence

SEEDS: Final = LEAST_SEEDS
TARGETS: Final = 25
CANDIDATES: Final = 400
"""Units that targets are drawn from."""

DAYS: Final = 2
MOST_RECOVERY: Final = 0.10
LINKING: Final = 0.08
LEAST_PERIODS: Final = 4
_SIGHTED: Final = "_attack_sighted_units"


def limits(preset: Preset) -> dict[str, float]:
    """The most gain over the guess without linking that a release may leave; the argument stands above."""
    least = preset.min_units
    single_count = math.erf(1 / math.sqrt(2 * least)) / 2
    return {"recovery": min(1 / least, MOST_RECOVERY), "membership": single_count + LINKING}


class Trajectory:
    """Attack 14."""

    name: ClassVar[str] = "trajectory"

    def applies(self, target: Target) -> str | None:
        """Needs counts of the same people in one zone after another, and the input to judge."""
        spec = target.spec
        if not spec.units:
            return "no-unit-behind-rows"
        if target.policy.name not in {*FLAT, "dp", "rollup"}:
            return "no-sequence-of-counts"
        if not spec.zones or not spec.time or UNITS_COLUMN not in target.table.column_names:
            return "no-sequence-of-counts"
        if spec.presence is Presence.SIMULTANEOUS:
            return "identifiers-rotate"
        return None if target.truth is not None else "input-needed"

    def run(self, target: Target, *, seed: int) -> Result:
        """Both attacks; broken when the bound of either is above the limit."""
        bounds = residuals(target, seed)
        figures: dict[str, int | str] = {"seeds": SEEDS, "targets": TARGETS, "days": DAYS, "group": membership.GROUP}
        above = [name for name, most in limits(target.preset).items() if bounds[name] > most]
        if above:
            return broken(self.name, f"{above[0]}-above-limit", tuple(bounds.items()), **figures)
        return survived(self.name, **figures)


def residuals(target: Target, seed: int, *, periods: int = membership.PERIODS) -> dict[str, float]:
    """The measured gains over the baselines, as one-sided 95 % bounds: ``recovery`` and ``membership``.

    Args:
        target: a release with its input.
        seed: of the samples.
        periods: how many periods the membership attack adds up.
    """
    bounds = {"recovery": 0.0, "membership": 0.0}
    counts = published_counts(target, DAYS)
    if target.truth is not None and len(counts) >= LEAST_PERIODS:
        sightings = _sightings(target, target.truth, list(counts))
        bounds["recovery"] = uplift_upper(*recovery_shares(counts, sightings, seed))
    games = membership.games(target, seed, periods)
    if games:
        bounds["membership"] = uplift_upper(games, [0.5] * len(games))
    return bounds


def _sightings(target: Target, truth: Truth, periods: list[datetime]) -> Sightings:
    if target.policy.name == "rollup":
        ways = sightings_in_bins(target, CANDIDATES)
        return {unit: {each: way[each] for each in periods if each in way} for unit, way in ways.items()}
    with some_units(truth, target.spec, _SIGHTED, CANDIDATES) as part:
        return true_sightings(target, part, periods)


def recovery_shares(counts: Counts, sightings: Sightings, seed: int) -> tuple[list[float], list[float]]:
    """For each seed the share of periods in which targets were placed right, and the same for the baseline."""
    accuracies, baselines = [], []
    first = next(iter(counts))
    known = {unit: places[first] for unit, places in sightings.items() if first in places}
    away = {
        unit: {moment: place for moment, place in sightings[unit].items() if place != known[unit]} for unit in known
    }
    travelers = sorted(unit for unit in known if away[unit])
    for number in range(SEEDS):
        drawn = random.Random(f"{seed}-{number}")  # noqa: S311 - a sample of targets, nothing that must stay secret
        ways = recovered(counts, drawn)
        targets = drawn.sample(travelers, min(TARGETS, len(travelers)))
        crowds = [crowd(counts, known[each]) for each in targets]
        guesses = [_guess(ways, known[each], first, drawn) for each in targets]
        # Where the way stays at the known place although the target is elsewhere, it falls back on the crowd.
        moved = [
            busiest | {moment: place for moment, place in way.items() if place != known[each]}
            for busiest, way, each in zip(crowds, guesses, targets, strict=True)
        ]
        accuracies.append(_mean([share_right(way, away[each]) for way, each in zip(moved, targets, strict=True)]))
        baselines.append(_mean([share_right(way, away[each]) for way, each in zip(crowds, targets, strict=True)]))
    return accuracies, baselines


def _guess(ways: Sequence[Way], known: Place, first: datetime, drawn: random.Random) -> Way:
    """One of the anonymous people who begin where the target is known to be; nobody where none is shown there."""
    fitting = [way for way in ways if way.get(first) == known]
    return drawn.choice(fitting) if fitting else {}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
