"""Differencing: subtract what was published before, or elsewhere about the same people.

Attacker: keeps every release. Methods: (a) every earlier and every linked release is subtracted from this one, row by
row and in unions (``attacks.differences``); (b) the input is released again without one unit (`UNITS` seeded ones, for
`SAMPLE_ZONES` published zones and their first day), as a correction would be: the house must answer that the first
release stands, unless the two tables are the same. Pass rules: (a) no difference of a printed figure rests on one to
k - 1 units, nor lets its second largest contributor estimate the largest more closely than p % where the house sets p;
(b) no table that changed by one unit is called safe. A table without noise beside one with noise of the same cells
prints the noise, and is refused whatever the difference.
Under a cell key noise is drawn anew when a cell's units or totals change; that this hides a change is measured
(``attacks.noisy_differences``). Under differential privacy the stated loss bounds what any difference can tell; whether
noise and bounds are what they are said to be is measured (``attacks.neighbors``).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from disclosure.attacks import neighbors, noisy_differences
from disclosure.attacks.core import Result, Target, Truth, judged
from disclosure.attacks.differences import findings
from disclosure.attacks.members import has_members, unit_text
from disclosure.attacks.sampling import FLAT, some_zones
from disclosure.changes import safe_correction
from disclosure.errors import DisclosureError
from disclosure.history.method import NOISY
from disclosure.sqltext import literal

UNITS: Final = 2
"""Units that are taken out, one after the other; one only where a release is made level by level and takes longer."""

SAMPLE_ZONES: Final = 2

_FIRST, _SECOND = "_attack_version_1", "_attack_version_2"


class Differencing:
    """Attack 5."""

    name: ClassVar[str] = "differencing"

    def applies(self, target: Target) -> str | None:
        """Needs the input."""
        if not target.spec.units:
            return "no-unit-behind-rows"
        return None if target.truth is not None else "input-needed"

    def run(self, target: Target, *, seed: int) -> Result:
        """Subtract the other releases, then a release without one unit."""
        if both := _exact_beside_noise(target):
            return judged(self.name, "exact-table-beside-noise", both)
        if target.policy.name == "dp" and target.truth is not None:
            shown = neighbors.distinguished(target, target.truth)
            return judged(self.name, "presence-shows-in-noise", list(shown), units=neighbors.UNITS)
        if target.policy.name in NOISY and target.truth is not None:
            changes, _ = noisy_differences.findings(target, target.truth)
            sample = noisy_differences.SAMPLE_UNITS
            return judged(self.name, "difference-shows-in-noise", list(changes), sample_units=sample)
        least = target.preset.min_units
        others = [each for each in (*target.earlier, *target.linked) if _comparable(target, each)]
        found: list[Any] = [
            finding for other in others for finding in findings(target, other, least, target.site.p_percent)
        ]
        found += _corrections(target, seed)
        return judged(
            self.name,
            "difference-of-few-units",
            found,
            releases=len(others),
            units=_tries(target),
            sample_zones=SAMPLE_ZONES,
        )


def _exact_beside_noise(target: Target) -> list[tuple[str, str]]:
    """Releases of the same cells of the same input, one with noise and one without: the noise is printed."""
    return [
        (target.policy.name, each.policy.name)
        for each in (*target.earlier, *target.linked)
        if (target.policy.name in NOISY) != (each.policy.name in NOISY)
        and each.spec.key_columns == target.spec.key_columns
        and _same_keys(target, each)
    ]


def _same_keys(target: Target, other: Target) -> bool:
    """Whether the two tables print any cell both."""
    keys = [name for name in target.spec.key_columns if name in target.table.column_names]
    if not keys or not set(keys) <= set(other.table.column_names):
        return False
    return bool(target.table.select(keys).join(other.table.select(keys), keys, join_type="left semi").num_rows)


def _comparable(target: Target, other: Target) -> bool:
    if other.policy.name in NOISY or other.table.equals(target.table):
        return False
    return has_members(target) and has_members(other)


def _tries(target: Target) -> int:
    return UNITS if target.policy.name in FLAT else 1


def _corrections(target: Target, seed: int) -> list[str]:
    """Units whose removal the house would publish."""
    truth = target.truth
    if truth is None:
        raise ValueError("this attack needs the truth")
    unit = unit_text(str(target.spec.unit))
    drawn = random.Random(seed)  # noqa: S311 - a sample of targets, nothing that must stay secret
    found = []
    with some_zones(target, truth, _FIRST, SAMPLE_ZONES) as sample:
        rows = sample.con.execute(f"SELECT DISTINCT {unit} AS name FROM {_FIRST} ORDER BY name").fetchall()
        names = [name for (name,) in rows]
        for name in drawn.sample(names, min(_tries(target), len(names))):
            with _without(sample, unit, name):
                if _called_safe(target, sample):
                    found.append(name)
    return found


@contextmanager
def _without(sample: Truth, unit: str, name: str) -> Iterator[None]:
    try:
        sample.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_SECOND} AS SELECT * FROM {_FIRST} WHERE {unit} <> {literal(name)}"
        )
        yield
    finally:
        sample.con.execute(f"DROP TABLE IF EXISTS {_SECOND}")


def _called_safe(target: Target, truth: Truth) -> bool:
    """Whether the house would publish the second version although its table differs: one unit changed."""
    try:
        change = safe_correction(truth.con, _FIRST, _SECOND, target.spec, target.preset, target.policy, target.site)
    except DisclosureError:
        # One of the two cannot be released at all, so there is no pair of tables to subtract.
        return False
    return change.safe and str(change.reason) != "unchanged"
