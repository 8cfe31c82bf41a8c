"""Exact one-sided bounds for attacks whose success is a matter of chance.

A statistical attack is repeated with at least `LEAST_SEEDS` seeds. It has failed when even the upper 95 % bound of
its gain over the guess that needs no release is at most `MOST_UPLIFT`.
Sources: Clopper and Pearson, Biometrika 26 (1934); Student's t by the incomplete beta function (DLMF 8.17).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean, stdev
from typing import Final

LEAST_SEEDS: Final = 20
CONFIDENCE: Final = 0.95
MOST_UPLIFT: Final = 0.02
_STEPS = 200
_TINY = 1e-300


def uplift_upper(accuracies: Sequence[float], baselines: Sequence[float], confidence: float = CONFIDENCE) -> float:
    """One-sided upper bound (0 to 1) of the mean gain of an attack over its baseline, one pair for each seed.

    Raises:
        ValueError: with fewer than `LEAST_SEEDS` pairs.
    """
    return mean_upper([hit - plain for hit, plain in zip(accuracies, baselines, strict=True)], confidence)


def mean_upper(values: Sequence[float], confidence: float = CONFIDENCE) -> float:
    """One-sided upper bound of a mean by Student's t.

    Raises:
        ValueError: with fewer than `LEAST_SEEDS` values.
    """
    if len(values) < LEAST_SEEDS:
        raise ValueError(f"{len(values)} seeds are fewer than {LEAST_SEEDS}")
    return fmean(values) + t_quantile(confidence, len(values) - 1) * stdev(values) / math.sqrt(len(values))


def proportion_upper(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided upper Clopper-Pearson bound of a proportion."""
    if hits >= trials:
        return 1.0
    return _solve(lambda share: beta_cdf(share, hits + 1, trials - hits), confidence)


def proportion_lower(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided lower Clopper-Pearson bound of a proportion."""
    if hits <= 0:
        return 0.0
    return _solve(lambda share: beta_cdf(share, hits, trials - hits + 1), 1 - confidence)


def t_quantile(probability: float, degrees: int) -> float:
    """Quantile of Student's t, for a probability of at least one half."""
    low, high = 0.0, 1e4
    for _ in range(_STEPS):
        middle = (low + high) / 2
        below = 1 - beta_cdf(degrees / (degrees + middle * middle), degrees / 2, 0.5) / 2
        low, high = (middle, high) if below < probability else (low, middle)
    return high


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    # The continued fraction converges fast only on this side of the mean.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22)."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _STEPS + 1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 / _away(1 + term * d), _away(1 + term / c)
            result *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return result


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _solve(rising: Callable[[float], float], level: float) -> float:
    """Where a rising function on (0, 1) reaches a level."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return high
