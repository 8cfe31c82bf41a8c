"""The largest of many fractions, exactly, although they are compared in floating point first.

Division of two integers is rounded correctly, and rounding keeps the order; so the largest fraction is among those
whose rounded quotient is the largest, and only these are compared as fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

ROOM = 1 << 62
"""Sums of integers stay below this, or are made with Python's own unbounded integers."""


def largest(numerators: npt.NDArray[Any], denominators: npt.NDArray[Any]) -> Fraction:
    """The largest ``numerator / denominator``; there is at least one, and denominators are positive."""
    # Beyond 2**53 an integer is rounded before it is divided, so quotients may be off by a few units in the last place.
    quotients = numerators.astype(np.float64) / denominators.astype(np.float64)
    best = quotients.max()
    near = np.flatnonzero(quotients >= best - abs(best) * 1e-15 * 8)
    pairs = set(zip(numerators[near].tolist(), denominators[near].tolist(), strict=True))
    return max(Fraction(numerator, denominator) for numerator, denominator in pairs)
