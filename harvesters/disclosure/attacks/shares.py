"""How much of a printed figure is one contributor's, and how well the second largest can estimate the largest.

Boundary: counts the input by the members of published cells and compares exactly; shares no code with the policies.
Whoever is second largest knows his own amount x₂ and the printed total T, so T − x₂ bounds x₁ from above, and misses by
T − x₁ − x₂ (Handbook on Statistical Disclosure Control, ch. 4.2). Amounts are absolute, so what is fed into a net hides
nothing that is drawn from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from disclosure.attacks.core import Target
from disclosure.attacks.members import MEMBERS, Members, members


@dataclass(frozen=True, slots=True)
class Limits:
    """The rules that hold for a release: secret ones of the site, public ones of preset and policy."""

    p_percent: int | None
    dominance: tuple[int, int] | None
    share_percent: int | None

    @property
    def any(self) -> bool:
        """Whether there is a rule at all."""
        return any(rule is not None for rule in (self.p_percent, self.dominance, self.share_percent))

    def broken_by(self, total: Decimal, largest: list[Decimal]) -> bool:
        """Whether amounts, the largest ones first, break a rule."""
        first, second = [*largest, Decimal(0), Decimal(0)][:2]
        if self.p_percent is not None and 100 * (total - first - second) < self.p_percent * first:
            return True
        if self.dominance is not None:
            number, percent = self.dominance
            if 100 * sum(largest[:number]) > percent * total:
                return True
        return self.share_percent is not None and 100 * first > self.share_percent * total


def limits_of(target: Target) -> Limits:
    """The rules for a target; noise has rules of its own."""
    if target.policy.name in {"cell-key", "dp", "recode"}:
        return Limits(None, None, None)
    site = target.site
    n, percent = site.dominance_n, site.dominance_percent
    shares = [target.preset.max_share_percent, getattr(target.policy, "max_share_percent", None)]
    stated = [share for share in shares if share is not None]
    dominance = (n, percent) if n is not None and percent is not None else None
    return Limits(site.p_percent, dominance, min(stated, default=None))


def share_findings(target: Target) -> list[tuple[int, str, str]]:
    """Published rows in which somebody's amount breaks a rule: row, contributor column, figure."""
    limits = limits_of(target)
    if not limits.any:
        return []
    with members(target) as found:
        return list(_findings(found, target, limits))


def _findings(found: Members, target: Target, limits: Limits) -> Iterator[tuple[int, str, str]]:
    keep = max(2, limits.dominance[0] if limits.dominance else 0)
    figures = dict(zip(target.spec.measures, zip(found.sums, found.sizes, strict=True), strict=True))
    judged = dict(zip(found.units, target.spec.units, strict=True))
    if found.holder is not None:
        judged[found.holder] = str(target.spec.contributor)
    for member, column in judged.items():
        for figure, (signed, size) in figures.items():
            # The nameless are no single contributor, so nothing of theirs is set off against anything.
            amount = f"CASE WHEN {member} = '' THEN sum({size}) ELSE abs(sum({signed})) END"
            yield from ((cell, column, figure) for cell in _broken(found, member, amount, keep, limits))
        if target.spec.count_rows_as:
            yield from ((cell, column, "rows") for cell in _broken(found, member, "sum(n)", keep, limits))


def _broken(found: Members, member: str, amount: str, keep: int, limits: Limits) -> list[int]:
    rows: list[tuple[Any, ...]] = found.con.execute(
        f"WITH amounts AS (SELECT cell, {member} AS holder, {amount} AS amount FROM {MEMBERS} GROUP BY cell, {member})"
        f" SELECT cell, sum(amount), max(amount, {keep}) FROM amounts WHERE amount IS NOT NULL GROUP BY cell"
        " ORDER BY cell"
    ).fetchall()
    return [cell for cell, total, largest in rows if limits.broken_by(Decimal(total), [Decimal(x) for x in largest])]
