"""What a class of records must satisfy, and the check of one class in numpy.

*k*: distinct privacy units, for each unit column on its own; where there is one record for each unit, records.
*l*: for each sensitive column distinct values (a missing one is no protection and does not count), or entropy: the
exponential of the class's entropy is at least l, a missing value being one of the values.
*t*: the distance between the class's distribution of a sensitive column and the table's: half the sum of absolute
differences, or for ordered columns the mean absolute difference of the cumulated shares (Li, Li & Venkatasubramanian,
2007). Distances are compared as whole numbers; an entropy within 1e-12 of its bound counts as equal.

All of k, distinct l and t hold for the union of two classes that satisfy them, and entropy l too (entropy is concave
and the distances are convex), so classes may always be merged. They need not hold after one record is added.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
ENTROPY_TOLERANCE: Final = 1e-12
PERMILLE: Final = 1000
EXACT_BELOW: Final = 1 << 62


@dataclass(frozen=True)
class Rules:
    """Requirements and what they look at, coded as numbers.

    Attributes:
        k: the least number of distinct units.
        distinct_l: least number of distinct values, 0 where not asked.
        entropy_l: least exponential of the entropy, 0 where not asked.
        t_permille: largest distance in thousandths, -1 where not asked.
        units: units × records, codes; no row means that a record is a unit.
        sensitive: columns × records, codes; 0 is missing.
        totals: for each sensitive column the number of records with each code.
        ordered: for each sensitive column whether its values have an order.
    """

    k: int
    distinct_l: int = 0
    entropy_l: int = 0
    t_permille: int = -1
    units: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int32))
    sensitive: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int32))
    totals: tuple[Rows, ...] = ()
    ordered: tuple[bool, ...] = ()

    @property
    def counts_records(self) -> bool:
        """Whether the number of records decides alone."""
        return not len(self.units) and not (self.distinct_l or self.entropy_l or self.t_permille >= 0)

    @property
    def is_exact(self) -> bool:
        """Whether the whole numbers that distances are compared as stay below 2^62."""
        if self.t_permille < 0:
            return True
        return all(int(t.sum()) ** 2 * PERMILLE * max(len(t), 2) < EXACT_BELOW for t in self.totals)


def passes(rules: Rules, rows: Rows) -> bool:
    """Whether the records `rows` (their positions) may be a class."""
    if len(rows) < rules.k:
        return False
    if any(len(np.unique(unit[rows])) < rules.k for unit in rules.units):
        return False
    if rules.counts_records:
        return True
    return all(
        _diverse(rules, np.bincount(column[rows], minlength=len(rules.totals[s])), s)
        for s, column in enumerate(rules.sensitive)
    )


def _diverse(rules: Rules, counts: Rows, column: int) -> bool:
    if rules.distinct_l and np.count_nonzero(counts[1:]) < rules.distinct_l:
        return False
    if rules.entropy_l and not has_entropy(counts, rules.entropy_l):
        return False
    return rules.t_permille < 0 or is_close(counts, rules.totals[column], rules.t_permille, rules.ordered[column])


def has_entropy(counts: Rows, least: int) -> bool:
    """Whether the exponential of the entropy is at least `least`."""
    total = int(counts.sum())
    spread = 0.0
    for count in counts:
        if count:
            spread += float(count) * log(float(count))
    return log(float(total)) - spread / float(total) >= log(float(least)) - ENTROPY_TOLERANCE


def is_close(counts: Rows, totals: Rows, t_permille: int, ordered: bool) -> bool:
    """Whether the distance to the whole table is at most `t_permille` thousandths, compared as whole numbers."""
    here, everywhere = int(counts.sum()), int(totals.sum())
    apart = counts.astype(np.int64) * everywhere - totals * here
    if ordered:
        steps = max(_present(totals) - 1, 1)
        return int(np.abs(np.cumsum(apart)).sum()) * PERMILLE <= t_permille * here * everywhere * steps
    return int(np.abs(apart).sum()) * PERMILLE <= 2 * t_permille * here * everywhere


def _present(totals: Rows) -> int:
    return int(np.count_nonzero(totals))
