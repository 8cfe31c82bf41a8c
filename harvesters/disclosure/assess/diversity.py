"""How diverse a sensitive column is within each class: distinct, entropy and recursive (c, l)-diversity.

Source: Machanavajjhala, Kifer, Gehrke, Venkitasubramaniam, *l-Diversity: Privacy Beyond k-Anonymity* (TKDD 1(1),
2007), definitions 4.1 and 4.2. A missing sensitive value is no value: it never makes a class more diverse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from disclosure.assess.exact import largest
from disclosure.assess.runs import Ints, Runs

RECURSIVE_LEVELS = (2, 3, 4)
"""The l for which the least c of recursive diversity is given."""

_LOG_SCALE = 1 << 26
"""Logarithms are added as integers of this scale, so that no order of addition changes a sum; error below 1e-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """The weakest class for each measure.

    Attributes:
        distinct: least number of different values in a class.
        entropy: least entropy of a class, natural logarithm; the class is entropy l-diverse for ``l = exp(entropy)``.
        recursive: for each l the bound of c: the table is recursively (c, l)-diverse exactly for c above it; None
            where no c is enough, because a class has fewer than l values.
        homogeneous_classes: classes in which everybody has the same value.
        homogeneous_members: members of those classes.
    """

    distinct: int
    entropy: float
    recursive: dict[int, Fraction | None]
    homogeneous_classes: int
    homogeneous_members: int

    @property
    def entropy_l(self) -> float:
        """The l of entropy l-diversity."""
        return math.exp(self.entropy)

    def weaker(self, other: Diversity) -> Diversity:
        """Both together: the weaker figure of each measure, and sums of what is counted."""
        return Diversity(
            distinct=min(self.distinct, other.distinct),
            entropy=min(self.entropy, other.entropy),
            recursive={level: _weaker(bound, other.recursive[level]) for level, bound in self.recursive.items()},
            homogeneous_classes=self.homogeneous_classes + other.homogeneous_classes,
            homogeneous_members=self.homogeneous_members + other.homogeneous_members,
        )


def diversity(runs: Runs) -> Diversity:
    """Measure classes; there is at least one."""
    sizes, lengths = runs.sizes(), runs.lengths()
    alone = lengths == 1
    return Diversity(
        distinct=int(lengths.min()),
        entropy=_least_entropy(runs, sizes),
        recursive=_recursive(runs, sizes),
        homogeneous_classes=int(np.count_nonzero(alone)),
        homogeneous_members=int(sizes[alone].sum()),
    )


def _least_entropy(runs: Runs, sizes: Ints) -> float:
    logs = np.rint(runs.counts * np.log(runs.counts) * _LOG_SCALE).astype(np.int64)
    entropies = np.log(sizes) - runs.per_class(logs) / (sizes * float(_LOG_SCALE))
    # A class with one value has no entropy; what is left there is rounding.
    entropies[runs.lengths() == 1] = 0.0
    return max(0.0, float(entropies.min()))


def _recursive(runs: Runs, sizes: Ints) -> dict[int, Fraction | None]:
    """The bound of c for each l: the largest of r₁ / (r_l + … + r_m) over all classes, r₁ ≥ r₂ ≥ … being counts."""
    if int(runs.lengths().min()) < RECURSIVE_LEVELS[0]:
        return dict.fromkeys(RECURSIVE_LEVELS)
    found: dict[int, Fraction | None] = {}
    left, tail = runs.counts.copy(), sizes.copy()
    first = np.maximum.reduceat(left, runs.starts)
    for level in RECURSIVE_LEVELS:
        top = np.maximum.reduceat(left, runs.starts)
        tail -= top
        found[level] = largest(first, tail) if int(tail.min()) > 0 else None
        left[_first_places(runs, left, top)] = 0
    return found


def _first_places(runs: Runs, values: Ints, wanted: Ints) -> Ints:
    """The first place in each class that holds the wanted value."""
    places = np.flatnonzero(values == runs.spread(wanted))
    return places[np.searchsorted(places, runs.starts)]


def _weaker(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return None if one is None or other is None else max(one, other)
