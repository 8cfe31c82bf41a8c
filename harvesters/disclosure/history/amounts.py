"""When is a set of amounts, one per unit, safe to be seen? Integer arithmetic only.

A change between two tables is itself a figure that is published to whoever holds both, so it is judged like one: by the
number of units behind it, by the share of the largest, by dominance and by the p % rule (Handbook on Statistical
Disclosure Control, ch. 4.2). All three magnitude rules are linear in the amounts, which is what lets
``disclosure.history.unions`` conclude from parts to unions: when every part protects its largest amounts with the
others in it, so does the sum of the parts.

Boundary: numbers in, an answer out; no data, no tables. Amounts are in any one unit of measure (micro-kWh, rows).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from disclosure.presets import Preset
from disclosure.site import SiteRules

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a change must satisfy; the magnitude parameters of the house are secret."""

    min_units: int
    max_share_percent: int | None = None
    p_percent: int | None = field(default=None, repr=False)
    dominance_n: int | None = field(default=None, repr=False)
    dominance_percent: int | None = field(default=None, repr=False)

    @property
    def judges_amounts(self) -> bool:
        """Whether any magnitude rule applies."""
        return not (self.p_percent is None and self.dominance_n is None and self.max_share_percent is None)

    def without_floor(self) -> Rule:
        """The magnitude rules alone."""
        return replace(self, min_units=1)

    @property
    def depth(self) -> int:
        """How many of the largest amounts have to be known."""
        return max(2, self.dominance_n or 0)


def rule_of(preset: Preset, site: SiteRules) -> Rule:
    """The rule for changes that follows from a preset and the settings of the house."""
    share = preset.parameters.get("max_share_percent")
    return Rule(
        min_units=preset.min_units,
        max_share_percent=None if share is None else int(share.value),
        p_percent=site.p_percent,
        dominance_n=site.dominance_n,
        dominance_percent=site.dominance_percent,
    )


def enough_units(units: Integers, rule: Rule) -> bool:
    """Whether each number of units is none, or at least the minimum."""
    return bool(((units == 0) | (units >= rule.min_units)).all())


def protected_amounts(amounts: Integers, rule: Rule) -> bool:
    """Whether no unit's amount stands out of the sum of all (absolute values; zeros do not matter)."""
    return others_protect(amounts, amounts, rule)


def others_protect(targets: Integers, helpers: Integers, rule: Rule) -> bool:
    """Whether the sum of `helpers`, less as many of its largest as a rule looks at, hides the largest of `targets`.

    With the same amounts on both sides these are the rules as they are known: with the total T and the largest
    amounts x₁ ≥ x₂ ≥ …, the p % rule asks T − x₁ − x₂ ≥ p/100·x₁, dominance asks x₁ + … + xₙ ≤ k/100·T, and the share
    x₁ ≤ s/100·T. With fewer helpers than targets the answer is on the safe side.
    """
    if not rule.judges_amounts or not targets.any():
        return True
    largest = [int(x) for x in -np.sort(-np.abs(targets))[: rule.depth]]
    helping = -np.sort(-np.abs(helpers))
    total = int(helping.sum())
    first = largest[0]

    def rest(count: int) -> int:
        return total - int(helping[:count].sum())

    if rule.p_percent is not None and 100 * rest(2) < rule.p_percent * first:
        return False
    if rule.max_share_percent is not None and (100 - rule.max_share_percent) * first > rule.max_share_percent * rest(1):
        return False
    if rule.dominance_n is None or rule.dominance_percent is None:
        return True
    top = sum(largest[: rule.dominance_n])
    return (100 - rule.dominance_percent) * top <= rule.dominance_percent * rest(rule.dominance_n)
