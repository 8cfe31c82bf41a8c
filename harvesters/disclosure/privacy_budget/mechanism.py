"""Noise on vectors of whole numbers by OpenDP, and the price OpenDP states for it.

OpenDP draws discrete Gaussian or discrete Laplace noise exactly from the operating system's randomness, without
floating point (Canonne, Kamath and Steinke, NeurIPS 2020), and its privacy map gives a proven upper bound of the loss.
This module chooses the scale; whether the scale suffices is asked of that map. There is no seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from opendp.domains import atom_domain, vector_domain
from opendp.measurements import make_gaussian, make_laplace
from opendp.metrics import l1_distance, l2_distance
from opendp.mod import enable_features

enable_features("contrib")

FAILURE_BITS: Final = 40
"""Noise exceeds `tail` anywhere in a vector with probability below 2^-40."""


class Kind(StrEnum):
    """Which noise."""

    GAUSSIAN = "gaussian"
    LAPLACE = "laplace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What one unit changes at most: in `cells` cells by `per_cell` each (whole numbers)."""

    cells: int
    per_cell: int

    @property
    def l1(self) -> int:
        """Greatest sum of changes."""
        return self.cells * self.per_cell

    @property
    def l2_squared(self) -> int:
        """Greatest sum of squared changes."""
        return self.cells * self.per_cell**2


def scale_for(kind: Kind, sensitivity: Sensitivity, rho: Decimal) -> float:
    """The least scale, to within rounding, at which OpenDP certifies a loss of at most `rho`."""
    budget = float(rho)
    if kind is Kind.GAUSSIAN:
        scale = math.sqrt(sensitivity.l2_squared / (2 * budget))
    else:
        scale = sensitivity.l1 / math.sqrt(2 * budget)
    while Decimal(loss(kind, sensitivity, scale)) > rho:
        scale = math.nextafter(scale * (1 + 2**-40), math.inf)
    return scale


def loss(kind: Kind, sensitivity: Sensitivity, scale: float) -> float:
    """The ρ that OpenDP's privacy map certifies; a pure ε counts as ε²/2 (Bun and Steinke 2016, proposition 1.4)."""
    if kind is Kind.GAUSSIAN:
        distance = math.nextafter(math.sqrt(sensitivity.l2_squared), math.inf)
        return float(_measurement(kind, scale).map(distance))
    pure = Decimal(_measurement(kind, scale).map(sensitivity.l1))
    return math.nextafter(float(pure * pure / 2), math.inf)


def total_loss(kind: Kind, columns: Iterable[tuple[Sensitivity, float]]) -> Decimal:
    """The ρ of several columns of one table together: the sum, exactly added."""
    return sum((Decimal(loss(kind, sensitivity, scale)) for sensitivity, scale in columns), Decimal(0))


def noisy(kind: Kind, values: Sequence[int], scale: float) -> list[int]:
    """The values with fresh noise."""
    return [int(value) for value in _measurement(kind, scale)(list(values))] if values else []


def tail(kind: Kind, scale: float, cells: int) -> int:
    """Noise that no one of `cells` draws exceeds, but for a probability below 2^-40.

    Discrete Gaussian noise is sub-Gaussian (Canonne, Kamath and Steinke 2020, corollary 9); for discrete Laplace
    noise ``P(|X| ≥ t) ≤ 2·exp(−t/scale)``.
    """
    log = math.log(2 * max(cells, 1)) + FAILURE_BITS * math.log(2)
    return math.ceil(scale * math.sqrt(2 * log) if kind is Kind.GAUSSIAN else scale * log)


def _measurement(kind: Kind, scale: float) -> Any:
    domain = vector_domain(atom_domain(T="i64"))
    if kind is Kind.GAUSSIAN:
        return make_gaussian(domain, l2_distance(T="f64"), scale=scale)
    return make_laplace(domain, l1_distance(T="i64"), scale=scale)
