"""Rules of concentration for one cell, exact: who could learn what about the largest contributor.

Boundary: pure predicates on whole numbers and decimals; no data source, no site setting. A *contribution* is what one
contributor (meter, company, holding) adds to the cell in all, so readings are summed per contributor first.

Source: Handbook on Statistical Disclosure Control, ch. 4.2, table of sensitivity rules, with contributions
x₁ ≥ x₂ ≥ … ≥ x_N and total X. A cell is **unsafe** when

* (n, k) dominance: x₁ + … + x_n > k/100 · X
* p %: X − x₁ − x₂ < p/100 · x₁

Both are strict: at equality the cell is **safe**. Shares are read the same way: a law that says "no point above 85 %"
or "none above 15 %" is kept by a point that has exactly that share.

*Negative contributions.* The Handbook's rules need x ≥ 0, since only then does a total bound each contribution. Every
function here judges the sizes |xᵢ| against Σ|xᵢ|, which is the larger bound an intruder has to reach (the same choice
as in the R package GaussSuppression). A declared split into injection and withdrawal makes two nonnegative measures
and is the sharper way.

*Zero.* A contributor with zero counts as a contributor, and a cell of zeros has no largest one to protect: it is safe
here, and whether it may be shown is for the rule about zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction

Number = int | Decimal
PRECISION = 60
"""Digits of the arithmetic: a sum of DECIMAL(38, 6) times a percentage is exact in it."""

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """What the rules need of a cell: its total of sizes, its largest sizes in falling order, its contributors.

    `top` holds at least as many sizes as the rules ask for, or all that there are.
    """

    total: Decimal
    top: tuple[Decimal, ...]
    contributors: int

    @classmethod
    def of(cls, contributions: Iterable[Number], *, keep: int = 2) -> Concentration:
        """Sizes of the contributions; `keep` of the largest are kept."""
        sizes = sorted((abs(Decimal(each)) for each in contributions), reverse=True)
        with localcontext(prec=PRECISION):
            return cls(total=sum(sizes, Decimal(0)), top=tuple(sizes[: max(keep, 2)]), contributors=len(sizes))

    def largest(self, count: int = 1) -> Decimal:
        """Sum of the `count` largest sizes."""
        if count > len(self.top) and self.contributors > len(self.top):
            raise ValueError("fewer sizes were kept than the rule asks for")
        with localcontext(prec=PRECISION):
            return sum(self.top[:count], Decimal(0))

    @property
    def first(self) -> Decimal:
        """The largest size, zero without contributors."""
        return self.top[0] if self.top else Decimal(0)


def dominates(cell: Concentration, n: int, k_percent: Number) -> bool:
    """Whether the `n` largest contributors hold more than `k_percent` of the total; equality is safe."""
    with localcontext(prec=PRECISION):
        return _HUNDRED * cell.largest(n) > Decimal(k_percent) * cell.total


def p_percent_unsafe(cell: Concentration, p_percent: Number) -> bool:
    """Whether the second largest could estimate the largest contribution to within `p_percent`; equality is safe."""
    with localcontext(prec=PRECISION):
        return _HUNDRED * (cell.total - cell.largest(2)) < Decimal(p_percent) * cell.first


def share_above(cell: Concentration, percent: Number) -> bool:
    """Whether one contributor holds more than `percent` of the total, as laws with a largest share ask."""
    return dominates(cell, 1, percent)


def largest_share(cell: Concentration) -> Fraction:
    """Share of the largest contributor, exact, between 0 and 1; zero for a cell of zeros."""
    return Fraction(cell.first) / Fraction(cell.total) if cell.total else Fraction(0)


def rule_15_15_unsafe(cell: Concentration) -> bool:
    """Fewer than 15 customers, or one above 15 % of the total (the rule of several US utility commissions)."""
    return cell.contributors < 15 or share_above(cell, 15)


def p_percent_protection(cell: Concentration, p_percent: Number) -> Decimal:
    """How far an estimate of the total must be able to rise above it: p·x₁/100 − (X − x₁ − x₂), at least zero."""
    with localcontext(prec=PRECISION):
        return max(Decimal(p_percent) * cell.first / _HUNDRED - (cell.total - cell.largest(2)), Decimal(0))


def dominance_protection(cell: Concentration, n: int, k_percent: Number) -> Decimal:
    """How far an estimate of the total must be able to rise above it: (100/k)·(x₁+…+x_n) − X, at least zero.

    The quotient is rounded up at its last digit, so that the requirement is never a hair too small.
    """
    with localcontext(prec=PRECISION, rounding=ROUND_CEILING):
        return max(_HUNDRED * cell.largest(n) / Decimal(k_percent) - cell.total, Decimal(0))


def count_protection(count: int, least: int) -> tuple[int, int]:
    """How far down and up an estimate of a small count must be able to go: to 0 and to `least`.

    Counts of 1 … least−1 are what is withheld, so an intruder must be left with at least 0 … least−1 possible; the
    upper end is the first count that would have been published, which hides even that the cell was small.
    """
    return count, least - count


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules that a cell is judged by; a rule left out is not asked.

    Attributes:
        p_percent: secret of the site.
        dominance: (n, k %), secret of the site.
        max_share_percent: a statutory largest share, public.
    """

    p_percent: int | None = None
    dominance: tuple[int, int] | None = None
    max_share_percent: int | None = None

    @property
    def keep(self) -> int:
        """How many of the largest sizes `Concentration` must hold for these rules."""
        return max(2, self.dominance[0] if self.dominance else 0)

    @property
    def any(self) -> bool:
        """Whether there is a rule at all."""
        return self.p_percent is not None or self.dominance is not None or self.max_share_percent is not None

    def broken(self, cell: Concentration) -> tuple[str, ...]:
        """Slugs of the rules that the cell breaks."""
        found: list[str] = []
        if self.p_percent is not None and p_percent_unsafe(cell, self.p_percent):
            found.append("p-percent")
        if self.dominance is not None and dominates(cell, *self.dominance):
            found.append("dominance")
        if self.max_share_percent is not None and share_above(cell, self.max_share_percent):
            found.append("max-share")
        return tuple(found)

    def protection(self, cell: Concentration) -> Decimal:
        """The largest rise that any of the broken rules asks for (see the functions for each)."""
        shares = [] if self.dominance is None else [self.dominance]
        if self.max_share_percent is not None:
            shares.append((1, self.max_share_percent))
        needs = [dominance_protection(cell, *share) for share in shares]
        if self.p_percent is not None:
            needs.append(p_percent_protection(cell, self.p_percent))
        return max(needs, default=Decimal(0))


def judge(contributions: Sequence[Number], rules: Rules) -> tuple[str, ...]:
    """The rules that a cell with these contributions breaks."""
    return rules.broken(Concentration.of(contributions, keep=rules.keep))
