"""The distribution of maximum entropy on whole numbers with mean 0 and a given variance.

Among all distributions with the declared mean, variance and support it assumes the least, and it makes guessing the
noise as hard as these constraints allow (Giessing, PSD 2016). Its density is ``exp(a·v + b·v²)`` up to scale; `a` and
`b` minimize a convex function of two variables, which Newton's method with step halving finds.

Boundary: numbers in, numbers out. Computed in decimal arithmetic of 50 digits and not in binary floating point: the
result is the same on every machine, so a table can be rebuilt from its parameters and compared by a hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

DIGITS: Final = 50
TOLERANCE: Final = Decimal("1e-30")
SLACK: Final = Decimal("1e-40")
MOST_STEPS: Final = 200

Weights = tuple[Decimal, ...]


def variance_limits(values: Sequence[int]) -> tuple[int, int]:
    """The least and the greatest variance of any distribution on `values` with mean 0.

    The least sits on the two neighbors of zero, the greatest on the two ends; both are products of two numbers.
    """
    below, above = max(v for v in values if v <= 0), min(v for v in values if v >= 0)
    return -below * above, -min(values) * max(values)


def maximum_entropy(values: Sequence[int], variance: Fraction) -> Weights:
    """Probabilities of `values`, in their order.

    Args:
        values: distinct whole numbers on both sides of zero.
        variance: strictly between the `variance_limits`.

    Raises:
        ArithmeticError: if the constraints cannot be met to 1e-30; not for a variance inside its limits.
    """
    with localcontext() as context:
        context.prec = DIGITS
        goal = Decimal(variance.numerator) / Decimal(variance.denominator)
        tilt = (Decimal(0), Decimal(-1) / (2 * goal))
        for _ in range(MOST_STEPS):
            weights = _weights(values, tilt)
            mean, excess, step = _newton_step(values, weights, goal)
            if max(abs(mean), abs(excess)) < TOLERANCE:
                return weights
            tilt = _shortened(values, goal, tilt, step)
        raise ArithmeticError("maximum entropy did not converge")


def _weights(values: Sequence[int], tilt: tuple[Decimal, Decimal]) -> Weights:
    exponents = [tilt[0] * v + tilt[1] * v * v for v in values]
    greatest = max(exponents)
    raw = [(each - greatest).exp() for each in exponents]
    total = sum(raw, Decimal(0))
    return tuple(each / total for each in raw)


def _newton_step(
    values: Sequence[int], weights: Weights, goal: Decimal
) -> tuple[Decimal, Decimal, tuple[Decimal, Decimal]]:
    """Both violations of the constraints, and Newton's step against them."""
    moments = [sum((w * v**power for v, w in zip(values, weights, strict=True)), Decimal(0)) for power in range(1, 5)]
    mean, second, third, fourth = moments
    excess = second - goal
    c11, c12, c22 = second - mean * mean, third - mean * second, fourth - second * second
    determinant = c11 * c22 - c12 * c12
    step = (-(c22 * mean - c12 * excess) / determinant, -(c11 * excess - c12 * mean) / determinant)
    return mean, excess, step


def _shortened(
    values: Sequence[int], goal: Decimal, tilt: tuple[Decimal, Decimal], step: tuple[Decimal, Decimal]
) -> tuple[Decimal, Decimal]:
    """Go along the step, halved until the convex objective falls."""
    before, length = _objective(values, goal, tilt), Decimal(1)
    while length > TOLERANCE:
        there = (tilt[0] + length * step[0], tilt[1] + length * step[1])
        # Close to the minimum the objective no longer falls within its last digits, while the step still helps.
        if _objective(values, goal, there) <= before + SLACK:
            return there
        length /= 2
    raise ArithmeticError("maximum entropy did not converge")


def _objective(values: Sequence[int], goal: Decimal, tilt: tuple[Decimal, Decimal]) -> Decimal:
    exponents = [tilt[0] * v + tilt[1] * (v * v - goal) for v in values]
    greatest = max(exponents)
    return greatest + sum(((each - greatest).exp() for each in exponents), Decimal(0)).ln()
