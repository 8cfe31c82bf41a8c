"""The game of membership inference: was this person in the group whose counts were published?

See ``attacks.trajectory`` for the attacker and the source. Every group of the game is released by the policy itself,
under the preset and the house's settings, so what noise and withheld cells do to the attack is measured, not assumed.
Under differential privacy nothing is released in a game, since each release is charged: the guarantee of the budget
bounds this attack (its advantage is at most the total variation distance that ε allows).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import unit_text
from disclosure.attacks.statistics import LEAST_SEEDS
from disclosure.errors import DisclosureError
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN
from disclosure.sqltext import ident, literal

GROUP: Final = 120
REFERENCES: Final = 12
"""Reference groups from which the expected counts are learned."""

GAMES: Final = LEAST_SEEDS
WEEK: Final = 7
MOST_ROWS: Final = 60_000

_SOURCE, _GROUP = "_attack_week", "_attack_group"

Key = tuple[str, ...]
Published = Mapping[Key, int]


def games(target: Target, seed: int) -> list[float]:
    """For each game the share of right answers: about a group with the target, and about one without.

    Empty where the game cannot be played: too few units, or a policy that charges for each release.
    """
    truth = target.truth
    if truth is None or target.policy.name == "dp":
        return []
    with _week(target, truth) as units:
        if len(units) < 2 * target.preset.min_units + 2:
            return []
        drawn = random.Random(seed)  # noqa: S311 - a sample of groups, nothing that must stay secret
        size = min(GROUP, len(units) // 2)
        cells = _cells_of(target, truth)
        references = [
            (group, _released(target, truth, group))
            for group in (_group(units, size, drawn) for _ in range(REFERENCES))
        ]
        return [_game(target, truth, references, cells, units, size, drawn) for _ in range(GAMES)]


@contextmanager
def _week(target: Target, truth: Truth) -> Iterator[list[str]]:
    """The first days of the input, and the units in them."""
    time, unit = ident(target.spec.time), unit_text(str(target.spec.unit))
    try:
        truth.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_SOURCE} AS SELECT *, {unit} AS __member FROM {ident(truth.relation)}"
            f" WHERE {time} < (SELECT min({time}) FROM {ident(truth.relation)}) + INTERVAL {WEEK} DAYS"
            f" AND {unit} IN (SELECT DISTINCT {unit} AS name FROM {ident(truth.relation)} ORDER BY md5(name)"
            f" LIMIT {2 * GROUP})"
        )
        rows = truth.con.execute(f"SELECT DISTINCT __member FROM {_SOURCE} ORDER BY __member").fetchall()
        yield [name for (name,) in rows]
    finally:
        for name in (_GROUP, _SOURCE):
            truth.con.execute(f"DROP TABLE IF EXISTS {name}")


def _group(units: list[str], size: int, drawn: random.Random) -> frozenset[str]:
    return frozenset(drawn.sample(units, size))


def _released(target: Target, truth: Truth, group: frozenset[str]) -> Published:
    """What the policy publishes about a group."""
    chosen = ", ".join(literal(name) for name in sorted(group))
    truth.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_GROUP} AS SELECT * EXCLUDE (__member) FROM {_SOURCE}"
        f" WHERE __member IN ({chosen})"
    )
    try:
        table = target.policy.protect(truth.con, _GROUP, target.spec, target.preset, target.site).table
    except DisclosureError:
        return {}
    return {_key(row, target): int(row[UNITS_COLUMN]) for row in table.to_pylist()}


def _key(row: Mapping[str, Any], target: Target) -> Key:
    return (*(str(row[name]) for name in target.spec.zones), row[PERIOD_COLUMN].isoformat())


def _cells_of(target: Target, truth: Truth) -> Mapping[str, list[Key]]:
    """The zone and period of every row, by unit: what is known about a target."""
    from disclosure.binning import period_start_sql

    zones = ", ".join(f"CAST({ident(name)} AS VARCHAR)" for name in target.spec.zones)
    found: dict[str, list[Key]] = {}
    for unit, *zone, start in truth.con.execute(
        f"SELECT DISTINCT __member, {zones}, {period_start_sql(target.spec)} AS start FROM {_SOURCE} ORDER BY ALL"
    ).fetchall():
        found.setdefault(unit, []).append((*map(str, zone), start.isoformat()))
    return found
