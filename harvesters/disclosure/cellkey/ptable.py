"""Perturbation tables for counts: what is added to a count, as exact whole-number weights.

For each true count the noise has mean 0, the declared variance and at most the declared deviation; no result is
negative, and none is 1 … `no_small` where that is declared. All of it holds **exactly** in the weights, not only in
the probabilities they approximate: the weights of three values are chosen so that the three sums come out even.
A count of zero stays zero: an empty cell has no units, so it has no key.

A table that cannot exist is refused: from a count of 1 without ones and twos one can only go to 0 or to 3 and more, so
with mean 0 the variance cannot be below 2.

Boundary: builds and looks up; knows no unit, no cell, no secret. The table is public: protection rests on the site
key alone.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import accumulate, combinations
from typing import Final, Self

from disclosure.cellkey.entropy import maximum_entropy, variance_limits
from disclosure.errors import SpecInvalid

KEY_BITS: Final = 64
KEY_SPACE: Final = 1 << KEY_BITS
RESOLUTION: Final = 1 << 40
"""Probabilities are kept to about this part of one."""

MOST_DEVIATION: Final = 20


@dataclass(frozen=True, slots=True)
class Row:
    """Noise of one true count: values in rising order with whole-number weights that add up to the table's whole."""

    values: tuple[int, ...]
    weights: tuple[int, ...]

    def moment(self, power: int) -> int:
        """Sum of weight × value to the power."""
        return sum(w * v**power for v, w in zip(self.values, self.weights, strict=True))

    def last_keys(self) -> tuple[int, ...]:
        """The last cell key of each value: keys from 0 to 2^64 − 1 are dealt out in the order of the values."""
        return _last_keys(self.weights)

    def draw(self, key: int) -> int:
        """The noise for a cell key."""
        return self.values[bisect_left(self.last_keys(), key)]


@cache
def _last_keys(weights: tuple[int, ...]) -> tuple[int, ...]:
    whole = sum(weights)
    return tuple(-(-seen * KEY_SPACE // whole) - 1 for seen in accumulate(weights))


@dataclass(frozen=True, slots=True)
class PTable:
    """Rows for the counts 1, 2, …; the last row holds for every greater count."""

    rows: tuple[Row, ...]
    variance: Fraction
    deviation: int
    no_small: int

    def row(self, count: int) -> Row:
        """The row of a true count of 1 or more."""
        return self.rows[min(count, len(self.rows)) - 1]

    @property
    def id(self) -> str:
        """SHA-256 of the weights: two tables with the same id give the same noise for the same key."""
        content = [[list(row.values), list(row.weights)] for row in self.rows]
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()

    def check(self) -> None:
        """Prove every promise on the weights.

        Raises:
            ArithmeticError: if one does not hold.
        """
        whole = sum(self.rows[0].weights)
        for count, row in enumerate(self.rows, start=1):
            results = [count + v for v, w in zip(row.values, row.weights, strict=True) if w]
            kept = (
                sum(row.weights) == whole
                and min(row.weights) >= 0
                and row.moment(1) == 0
                and Fraction(row.moment(2), whole) == self.variance
                and max(map(abs, row.values)) <= self.deviation
                and all(result == 0 or result > self.no_small for result in results)
            )
            if not kept:
                raise ArithmeticError(f"perturbation table breaks its promise at count {count}")

    @classmethod
    def build(cls, *, variance: Decimal, deviation: int, no_small: int = 0) -> Self:
        """Build the table of maximum entropy.

        Args:
            variance: of the noise, the same for every count.
            deviation: the most that noise changes a count.
            no_small: results of 1 up to this number do not occur; 0 allows all.

        Raises:
            SpecInvalid: codes ``cell-key-parameters``, ``cell-key-variance-infeasible`` (with the limits).
        """
        if not (0 < deviation <= MOST_DEVIATION and 0 <= no_small < deviation and variance > 0):
            raise SpecInvalid("cell-key-parameters", most=MOST_DEVIATION)
        exact = Fraction(variance)
        supports = [_support(count, deviation, no_small) for count in range(1, deviation + no_small + 2)]
        _check_feasible(supports, exact, variance)
        table = cls(exact_rows(supports, exact), exact, deviation, no_small)
        table.check()
        return table


@cache
def cached_table(variance: Decimal, deviation: int, no_small: int) -> PTable:
    """The table of these parameters; building takes a moment."""
    return PTable.build(variance=variance, deviation=deviation, no_small=no_small)


def _support(count: int, deviation: int, no_small: int) -> tuple[int, ...]:
    reachable = range(-min(count, deviation), deviation + 1)
    return tuple(v for v in reachable if count + v == 0 or count + v > no_small)


def _check_feasible(supports: Sequence[tuple[int, ...]], exact: Fraction, variance: Decimal) -> None:
    limits = [variance_limits(support) for support in supports]
    least, most = max(low for low, _ in limits), min(high for _, high in limits)
    # At a limit itself only two outcomes are left, which is no protection: the limits are excluded.
    if not least < exact < most:
        raise SpecInvalid("cell-key-variance-infeasible", variance=str(variance), above=least, below=most)


def exact_rows(supports: Sequence[tuple[int, ...]], variance: Fraction) -> tuple[Row, ...]:
    """Whole-number weights of maximum entropy for each support, all with the same sum, mean 0 and this variance."""
    solved = [maximum_entropy(support, variance) for support in supports]
    trios = [_best_trio(support, weights) for support, weights in zip(supports, solved, strict=True)]
    grain = math.lcm(*(_grain(trio) for trio in trios))
    whole = RESOLUTION * grain * variance.denominator
    rows = zip(supports, solved, trios, strict=True)
    return tuple(_exact_row(support, weights, trio, whole, grain, variance) for support, weights, trio in rows)


def _best_trio(support: Sequence[int], weights: Sequence[Decimal]) -> tuple[int, int, int]:
    """Three likely values close to each other: their weights take up what rounding the others left over."""
    likely = dict(zip(support, weights, strict=True))

    def order(trio: tuple[int, ...]) -> tuple[bool, int, int]:
        return (min(likely[v] for v in trio) < Decimal("1e-6"), _grain(trio), max(map(abs, trio)))

    first, second, third = min(combinations(support, 3), key=order)
    return first, second, third


def _grain(trio: Sequence[int]) -> int:
    a, b, c = trio
    return math.lcm(*(abs(each) for each in ((a - b) * (a - c), (b - a) * (b - c), (c - a) * (c - b))))


def _exact_row(
    support: tuple[int, ...],
    weights: Sequence[Decimal],
    trio: tuple[int, int, int],
    whole: int,
    grain: int,
    variance: Fraction,
) -> Row:
    """Round all but three weights to multiples of `grain`, then solve for the three."""
    rounded = {v: int((w * whole / grain).to_integral_value()) * grain for v, w in zip(support, weights, strict=True)}
    fixed = {v: w for v, w in rounded.items() if v not in trio}
    rest = [
        whole - sum(fixed.values()),
        -sum(w * v for v, w in fixed.items()),
        int(variance * whole) - sum(w * v * v for v, w in fixed.items()),
    ]
    for v in trio:
        other, third = (each for each in trio if each != v)
        divisor = (v - other) * (v - third)
        fixed[v] = (rest[2] - (other + third) * rest[1] + other * third * rest[0]) // divisor
    return Row(support, tuple(fixed[v] for v in support))
