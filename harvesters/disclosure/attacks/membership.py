"""The game of membership inference: was this person in the group whose counts were published?

See ``attacks.trajectory`` for the attacker and the source. Every group of the game is released by the policy itself,
under the preset and the house's settings, so what noise and withheld cells do to the attack is measured, not assumed.
Groups are half of a sample of the units, so that a guess without the release is a coin. The sample is the first
`PERIODS` periods of at most twice `GROUP` units; all groups are released in one call (``attacks.sampling``). Under
differential privacy nothing is released in a game, since each release is charged: the budget bounds this attack.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Final

import pyarrow as pa

from disclosure.attacks.core import Target
from disclosure.attacks.members import unit_text
from disclosure.attacks.sampling import FLAT, hours_of, place_of, released_plays, some_units
from disclosure.attacks.sightings import places_in
from disclosure.attacks.statistics import LEAST_SEEDS
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN

GROUP: Final = 120
REFERENCES: Final = 12
"""Groups from which the expected counts are learned; about half of them are without a given target."""

GAMES: Final = LEAST_SEEDS
TARGETS: Final = 40
"""Targets of each game: half of them in the group."""

PERIODS: Final = 24
_LEAST_REFERENCES: Final = 4
_SOURCE: Final = "_attack_day"

Key = tuple[tuple[str, ...], datetime]


@dataclass(frozen=True, slots=True)
class _Release:
    """A group, and what was published about it."""

    group: frozenset[str]
    counts: Mapping[Key, int]


def games(target: Target, seed: int, periods: int = PERIODS) -> list[float]:
    """For each game the share of right answers about targets in the group and out of it.

    Empty where the game cannot be played: too few units, or a policy whose zones do not stand by themselves.
    """
    truth = target.truth
    if truth is None or target.policy.name not in FLAT:
        return []
    with some_units(truth, target.spec, _SOURCE, 2 * GROUP, hours=hours_of(periods, target.spec.time_bin)) as source:
        unit = unit_text(str(target.spec.unit))
        rows = truth.con.execute(f"SELECT DISTINCT {unit} AS name FROM {_SOURCE} ORDER BY name").fetchall()
        units = [name for (name,) in rows]
        if len(units) // 2 < 2 * target.preset.min_units:
            return []
        drawn = random.Random(seed)  # noqa: S311 - a sample of groups, nothing that must stay secret
        groups = [frozenset(drawn.sample(units, len(units) // 2)) for _ in range(REFERENCES + GAMES)]
        published = released_plays(
            target, source, _plays(groups), f"{unit_text(str(target.spec.unit), 'source.')} = plays.name"
        )
        releases = [_Release(group, _counts(published.get(str(n), ()), target)) for n, group in enumerate(groups)]
        moments = sorted({moment for each in releases for _, moment in each.counts})
        cells = places_in(target, source, moments)
    references = releases[:REFERENCES]
    return [_game(each, references, cells, units, drawn) for each in releases[REFERENCES:]]


def _plays(groups: Sequence[Iterable[str]]) -> pa.Table:
    pairs = [(str(number), name) for number, group in enumerate(groups) for name in sorted(group)]
    return pa.table({"play": [play for play, _ in pairs], "name": [name for _, name in pairs]})


def _counts(rows: Iterable[Mapping[str, object]], target: Target) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for row in rows:
        moment, units = row[PERIOD_COLUMN], row[UNITS_COLUMN]
        if isinstance(moment, datetime) and isinstance(units, int):
            found[place_of(row, target.spec), moment] = units
    return found


def _game(
    release: _Release,
    references: Sequence[_Release],
    cells: Mapping[str, Sequence[Key]],
    units: Sequence[str],
    drawn: random.Random,
) -> float:
    """The share of right answers; a target that is in no published cell is guessed by a coin."""
    inside, outside = sorted(release.group), sorted(set(units) - release.group)
    each_side = min(TARGETS // 2, len(inside), len(outside))
    answers = []
    for name in [*drawn.sample(inside, each_side), *drawn.sample(outside, each_side)]:
        score = _score(release, [each for each in references if name not in each.group], cells.get(name, ()))
        answers.append(0.5 if score == 0 else float((score > 0) == (name in release.group)))
    return fmean(answers)


def _score(release: _Release, references: Sequence[_Release], cells: Sequence[Key]) -> float:
    """Weighted surplus over the expectation without the target, less half of what the target would add."""
    score = 0.0
    for cell in cells:
        known = [each.counts[cell] for each in references if cell in each.counts]
        if cell in release.counts and len(known) >= _LEAST_REFERENCES:
            mean = sum(known) / len(known)
            variance = sum(count * count for count in known) / len(known) - mean * mean
            score += (release.counts[cell] - mean - 0.5) / (variance + 1)
    return score
