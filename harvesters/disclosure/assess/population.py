"""How many people who are unique in the sample are unique in the population as well.

Estimators, both from the sizes of the classes of the sample and the size of the population:

* *Pitman* (Hoshino, *Applying Pitman's Sampling Formula to Microdata Disclosure Risk Assessment*, Journal of Official
  Statistics 17(4), 2001): class sizes follow Pitman's sampling formula with θ > −α and 0 < α < 1, fitted by maximum
  likelihood; the expected number of population uniques is Γ(θ+1)/Γ(θ+α) · N^α.
* *Zayatz* (*Estimation of the Percent of Unique Population Elements on a Microdata File Using the Sample*, US Census
  Bureau 1991): the sizes of population classes are distributed as those of the sample; the chance that a sample unique
  is a population unique follows from the hypergeometric chance that a class of size j gives one member.

Choice (after Dankar, El Emam, Neisa, Roffey, *Estimating the re-identification risk of clinical data sets*, BMC
Medical Informatics and Decision Making 12:66, 2012): Pitman for samples of at most a tenth, otherwise Zayatz; their
rule takes the smaller of Zayatz and a third estimate there, so ours errs on the careful side. Where Pitman has no
solution Zayatz stands in. Estimates are model figures in floating point, unlike everything else in a risk.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from disclosure.assess.histogram import Histogram

SMALL_SAMPLE_PERCENT = 10
"""Up to this share of the population Pitman's model is preferred."""

_STEPS = 200
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationUniques:
    """An estimate or, from a table of the whole population, a count.

    Attributes:
        method: ``pitman``, ``zayatz``, ``counted`` or ``census`` (the sample is the population).
        population: units in the population.
        sample: units in the sample.
        sample_uniques: units that are alone in their class in the sample.
        uniques: units that are unique in the population, rounded to whole units.
        others: estimates by the other methods, for comparison.
    """

    method: str
    population: int
    sample: int
    sample_uniques: int
    uniques: int
    others: dict[str, int]


def estimate(sample: Histogram, population: int) -> PopulationUniques:
    """Estimate the population uniques.

    Args:
        sample: sizes of the classes in units.
        population: units in the population; at least those of the sample.
    """
    found: dict[str, float] = {}
    members = sample.members
    if population <= members or not sample.uniques:
        method, uniques = "census", float(sample.uniques)
    else:
        pitman = _pitman(sample, population)
        found = {"zayatz": _zayatz(sample, population), **({} if pitman is None else {"pitman": pitman})}
        small = members * 100 <= SMALL_SAMPLE_PERCENT * population
        method = "pitman" if small and pitman is not None else "zayatz"
        uniques = found.pop(method)
    return PopulationUniques(
        method=method,
        population=max(population, members),
        sample=members,
        sample_uniques=sample.uniques,
        uniques=round(uniques),
        others={name: round(value) for name, value in found.items()},
    )


def _zayatz(sample: Histogram, population: int) -> float:
    fraction = sample.members / population
    chance = math.fsum(
        classes / sample.classes * _one_drawn(size, sample.members, population) for size, classes in sample.sizes
    )
    unique_given_unique = sample.uniques / sample.classes * fraction / chance
    return sample.uniques * unique_given_unique / fraction


def _one_drawn(size: int, drawn: int, population: int) -> float:
    """Hypergeometric chance that a class of `size` has exactly one member among `drawn` of the population."""
    if population - size < drawn - 1:
        return 0.0
    return math.exp(math.log(size) + _log_choose(population - size, drawn - 1) - _log_choose(population, drawn))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _pitman(sample: Histogram, population: int) -> float | None:
    """Expected population uniques, or None where the likelihood has no inner maximum."""
    alpha = _root(lambda a: _slope_alpha(sample, _theta(sample, a), a), _LEAST, 1 - _LEAST)
    if alpha is None:
        return None
    theta = _theta(sample, alpha)
    log = math.lgamma(theta + 1) - math.lgamma(theta + alpha) + alpha * math.log(population)
    return min(math.exp(log), float(population))


def _theta(sample: Histogram, alpha: float) -> float:
    """The most likely θ for an α: the likelihood rises, then falls in θ."""

    def slope(log_gap: float) -> float:
        theta = math.exp(log_gap) - alpha
        steps = (digamma(theta / alpha + sample.classes) - digamma(theta / alpha + 1)) / alpha
        return steps - (digamma(theta + sample.members) - digamma(theta + 1))

    found = _root(slope, math.log(_LEAST), math.log(1e12))
    return (_LEAST if found is None else math.exp(found)) - alpha


def _slope_alpha(sample: Histogram, theta: float, alpha: float) -> float:
    """Derivative of the log-likelihood in α: Σ i/(θ+iα) over i < u, less Σ 1/(i−α) within classes."""
    ratio, more = theta / alpha, sample.classes
    steps = (more - 1) / alpha - ratio / alpha * (digamma(ratio + more) - digamma(ratio + 1))
    within = math.fsum(
        classes * (digamma(size - alpha) - digamma(1 - alpha)) for size, classes in sample.sizes if size > 1
    )
    return steps - within


def _root(function: Callable[[float], float], low: float, high: float) -> float | None:
    """Where a function that falls through zero does so; None if it does not change its sign."""
    if function(low) <= 0 or function(high) >= 0:
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def digamma(x: float) -> float:
    """Derivative of the logarithm of Γ for x > 0: recurrence up to 10, then the asymptotic series (A&S 6.3.18)."""
    shift = 0.0
    while x < 10:
        shift -= 1 / x
        x += 1
    square = 1 / (x * x)
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))))
    return shift + math.log(x) - 1 / (2 * x) - series
