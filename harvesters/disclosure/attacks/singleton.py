"""Singleton insider: what can somebody in the table compute who knows his own figures?

Attacker: the second largest contributor of a printed cell, who subtracts his own amount; or one contributor, or one
holding with all its parts, who knows what it gave to every withheld cell, and the whole cell where nobody else is in.
Method: the rules of the house for every printed cell; for each insider (those alone in a withheld cell and the largest
in one) a linear program for withheld cells, with the insider's amounts as lower bounds or known values.
Pass rules: no other contributor can be estimated from above to within the house's p % of his amount; no sum over fewer
than k others becomes exact; no small count does. The house's p is a secret of the site, so figures tell only how many
were tried.
Bounded: `MOST_INSIDERS` insiders and `MOST_CELLS` withheld cells for each, drawn by the seed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from disclosure.attacks.core import Result, Target, judged
from disclosure.attacks.joint import Joint, TooManyAtomsError, joint
from disclosure.attacks.members import has_members, members, unit_text
from disclosure.attacks.shares import limits_of, share_findings
from disclosure.attacks.system import ContradictionError, Interval
from disclosure.attacks.totals import additive_columns, cells_of, has_totals
from disclosure.spec import UNITS_COLUMN
from disclosure.sqltext import ident

MOST_INSIDERS: Final = 8
MOST_CELLS: Final = 20

Amounts = Mapping[Any, Mapping[str, float]]
"""For each withheld cell what each contributor gave."""


class Singleton:
    """Attack 3."""

    name: ClassVar[str] = "singleton"

    def applies(self, target: Target) -> str | None:
        """Needs contributors and the input, and totals or rules about shares."""
        if target.spec.contributors is None:
            return "no-unit-behind-rows"
        if target.policy.name in {"cell-key", "dp"}:
            return "noise-is-not-additive"
        if not has_totals(target) and not limits_of(target).any:
            return "no-rule-of-shares"
        return None if has_members(target) else "input-needed"

    def run(self, target: Target, *, seed: int) -> Result:
        """Let the second largest of every printed cell try, then every drawn insider every drawn withheld cell."""
        findings: list[Any] = share_findings(target)
        for column in additive_columns(target) if has_totals(target) else ():
            try:
                found = joint((target,), column, small=None)
                # The relaxation is what an insider solves here: whole numbers would cost many times as much.
                found.system.integer = False
                amounts = _amounts(target, column)
                findings += _by_insiders(target, column, found, amounts, seed)
            except (ContradictionError, TooManyAtomsError):
                continue
        return judged(self.name, "insider-computes-another", findings, insiders=MOST_INSIDERS, most_cells=MOST_CELLS)


def _amounts(target: Target, column: str) -> Amounts:
    """Amounts of each contributor in the withheld cells, from the input."""
    spec = target.spec
    withheld = {key for key, cell in cells_of(target, column).items() if cell.value is None}
    holder = spec.contributors or ""
    amount = f"sum(abs(CAST(source.{ident(column)} AS DOUBLE)))" if column in spec.measures else "count(*)"
    if column == UNITS_COLUMN:
        amount = f"count(DISTINCT {unit_text(spec.units[0], 'source.')})"
    with members(target) as found:
        rows = found.con.execute(
            f"SELECT {found.cell} AS cell, {unit_text(holder, 'source.')} AS holder, {amount} AS amount"
            f" FROM {found.source} WHERE {found.cell} IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    keys = list(zip(*(target.table.column(name).to_pylist() for name in spec.key_columns), strict=True))
    amounts: dict[Any, dict[str, float]] = {}
    for cell, contributor, value in rows:
        if keys[cell] in withheld:
            amounts.setdefault(keys[cell], {})[contributor] = float(value)
    return amounts


def _by_insiders(target: Target, column: str, found: Joint, amounts: Amounts, seed: int) -> list[Any]:
    choice = random.Random(seed)  # noqa: S311 - a sample of insiders and cells, nothing that must stay secret
    names = {key: name for name, (_, key) in found.withheld.items()}
    cells = [key for key in amounts if key in names]
    insiders = sorted({max(given, key=lambda each: given[each]) for given in (amounts[key] for key in cells)})
    findings: list[Any] = []
    for insider in choice.sample(insiders, min(MOST_INSIDERS, len(insiders))):
        drawn = [key for key in choice.sample(cells, min(MOST_CELLS, len(cells))) if set(amounts[key]) - {insider}]
        intervals = _seen_by(insider, found, amounts, names, drawn)
        findings += [
            (insider, key) for key in drawn if _discloses(target, column, amounts[key], insider, intervals[names[key]])
        ]
    return findings


def _seen_by(
    insider: str, found: Joint, amounts: Amounts, names: Mapping[Any, Any], drawn: list[Any]
) -> dict[Any, Interval]:
    """Intervals of withheld cells for somebody who knows his own amounts."""
    alone = {names[key]: given[insider] for key, given in amounts.items() if key in names and set(given) == {insider}}
    system = found.system.known(alone)
    for key, given in amounts.items():
        if key in names and insider in given and names[key] not in alone:
            system.unknown(names[key], given[insider])
    sure = system.substituted()
    return system.known(sure).intervals([names[key] for key in drawn])


def _discloses(target: Target, column: str, given: Mapping[str, float], insider: str, interval: Interval) -> bool:
    """Whether the interval of the cell comes too close to the largest other contributor."""
    others = [amount for holder, amount in given.items() if holder != insider]
    if column == UNITS_COLUMN:
        return interval.width < 1 and 0 < sum(others) < target.preset.min_units
    largest = max(others)
    exact = interval.width < _ROUNDING and len(others) < target.preset.min_units
    above = interval.high - given.get(insider, 0.0) - largest
    return largest > 0 and (exact or above < (target.site.p_percent or 0) * largest / 100 - _ROUNDING)


_ROUNDING: Final = 1e-6
"""Solver's tolerance; amounts are compared in the printed unit."""
