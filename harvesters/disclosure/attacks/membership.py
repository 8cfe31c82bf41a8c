"""The game of membership inference: was this person in the group whose counts were published?

See ``attacks.trajectory`` for the attacker and the source. Every group of the game is released by the policy itself,
under the preset and the house's settings, so what noise and withheld cells do to the attack is measured, not assumed.
Groups are half of a sample of the units, so that a guess without the release is a coin. Under differential privacy
nothing is released in a game, since each release is charged: the budget itself bounds this attack.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, pvariance
from typing import Final

import pyarrow as pa

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import MEMBERS, members, unit_text
from disclosure.attacks.sampling import some_units
from disclosure.attacks.statistics import LEAST_SEEDS
from disclosure.errors import DisclosureError
from disclosure.spec import UNITS_COLUMN
from disclosure.sqltext import literal

GROUP: Final = 150
REFERENCES: Final = 12
"""Groups from which the expected counts are learned; about half of them are without a given target."""

GAMES: Final = LEAST_SEEDS
TARGETS: Final = 40
"""Targets of each game: half of them in the group."""

DAYS: Final = 1
_LEAST_REFERENCES: Final = 4
_SOURCE, _GROUP = "_attack_days", "_attack_group"

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Release:
    """A group, and what was published about it."""

    group: frozenset[str]
    counts: Mapping[Key, int]
    table: pa.Table | None


def games(target: Target, seed: int) -> list[float]:
    """For each game the share of right answers about targets in the group and out of it.

    Empty where the game cannot be played: too few units, or a policy that charges for each release.
    """
    truth = target.truth
    if truth is None or target.policy.name == "dp":
        return []
    with some_units(truth, target.spec, _SOURCE, 2 * GROUP, days=DAYS):
        unit = unit_text(str(target.spec.unit))
        rows = truth.con.execute(f"SELECT DISTINCT {unit} AS name FROM {_SOURCE} ORDER BY name").fetchall()
        units = [name for (name,) in rows]
        size = len(units) // 2
        if size < 2 * target.preset.min_units:
            return []
        drawn = random.Random(seed)  # noqa: S311 - a sample of groups, nothing that must stay secret
        releases = [_released(target, truth, frozenset(drawn.sample(units, size))) for _ in range(REFERENCES + GAMES)]
        references = releases[:REFERENCES]
        played = [_game(target, truth, each, references, units, drawn) for each in releases[REFERENCES:]]
        truth.con.execute(f"DROP TABLE IF EXISTS {_GROUP}")
        return played


def _store(target: Target, truth: Truth, group: Sequence[str]) -> None:
    unit = unit_text(str(target.spec.unit))
    chosen = ", ".join(literal(name) for name in group)
    truth.con.execute(f"CREATE OR REPLACE TEMP TABLE {_GROUP} AS SELECT * FROM {_SOURCE} WHERE {unit} IN ({chosen})")


def _released(target: Target, truth: Truth, group: frozenset[str]) -> _Release:
    """What the policy publishes about a group; nothing where it refuses."""
    _store(target, truth, sorted(group))
    try:
        table = target.policy.protect(truth.con, _GROUP, target.spec, target.preset, target.site).table
    except DisclosureError:
        return _Release(group, {}, None)
    return _Release(group, dict(zip(_keys(table, target), table.column(UNITS_COLUMN).to_pylist(), strict=True)), table)


def _keys(table: pa.Table, target: Target) -> list[Key]:
    names = list(target.policy.shape(target.spec).primary_key)
    return [tuple(map(str, row.values())) for row in table.select(names).to_pylist()]


def _game(
    target: Target,
    truth: Truth,
    release: _Release,
    references: Sequence[_Release],
    units: list[str],
    drawn: random.Random,
) -> float:
    """The share of right answers; a target that is in no published cell is guessed by a coin."""
    if release.table is None:
        return 0.5
    inside, outside = sorted(release.group), sorted(set(units) - release.group)
    chosen = [
        *drawn.sample(inside, min(TARGETS // 2, len(inside))),
        *drawn.sample(outside, min(TARGETS // 2, len(outside))),
    ]
    cells = _cells(target, truth, release.table, chosen)
    answers = []
    for name in chosen:
        score = _score(release, [each for each in references if name not in each.group], cells.get(name, []))
        answers.append(0.5 if score == 0 else float((score > 0) == (name in release.group)))
    return fmean(answers)


def _cells(target: Target, truth: Truth, table: pa.Table, names: list[str]) -> dict[str, list[Key]]:
    """In which published cells the rows of each target lie: the attacker knows the rows."""
    _store(target, truth, names)
    keys = _keys(table, target)
    with members(replace(target, table=table, truth=Truth(con=truth.con, relation=_GROUP))) as found:
        rows = truth.con.execute(f"SELECT DISTINCT {found.units[0]}, cell FROM {MEMBERS} ORDER BY ALL").fetchall()
    cells: dict[str, list[Key]] = {}
    for unit, cell in rows:
        cells.setdefault(unit, []).append(keys[cell])
    return cells


def _score(release: _Release, references: Sequence[_Release], cells: Sequence[Key]) -> float:
    """Weighted surplus over the expectation without the target, less half of what the target would add."""
    score = 0.0
    for cell in cells:
        known = [each.counts[cell] for each in references if cell in each.counts]
        if len(known) >= _LEAST_REFERENCES:
            score += (release.counts[cell] - fmean(known) - 0.5) / (pvariance(known) + 1)
    return score
