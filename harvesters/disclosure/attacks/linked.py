"""Linked tables: can figures be computed from all tables that were published from one source?

Attacker: an outsider with the table and the tables linked with it (a city beside its districts, a day beside its
hours, the same people by another column, earlier releases), who knows which area lies in which. Method: one system of
equations over the finest figures of all tables; then as for complementary cells, where an unlisted cell of a table
without totals is known to be below the public minimum. Pass rule: no unpublished count keeps less than the interval
0…k−1 where it must be small, and no unpublished sum is exact. Bounded as there; tables that are too fine together are
compared for `MOST_PERIODS` of the longest periods, drawn by the seed.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import pyarrow as pa

from disclosure.attacks.complementary import MOST_CELLS, audit
from disclosure.attacks.core import Result, Target, judged, not_applicable
from disclosure.attacks.periods import run
from disclosure.spec import PERIOD_COLUMN

MOST_TABLES: Final = 12
MOST_PERIODS: Final = 3


class Linked:
    """Attack 4."""

    name: ClassVar[str] = "linked"

    def applies(self, target: Target) -> str | None:
        """Needs a second table with plain keys."""
        if target.policy.name in _OTHER_WAYS:
            return _OTHER_WAYS[target.policy.name]
        if not target.table.num_rows:
            return "nothing-published"
        return None if others(target) else "no-linked-table"

    def run(self, target: Target, *, seed: int) -> Result:
        """Audit all tables together, then each other table with this one."""
        target, *tables = _cut((target, *others(target)[:MOST_TABLES]), seed)
        together: list[tuple[Target, ...]] = [(target, *tables)]
        if len(tables) > 1:
            together += [(target, each) for each in tables]
        findings: list[Any] = []
        columns = 0
        for group in together:
            found, tried = audit(group, seed)
            findings += found
            columns += int(tried["columns"])
        if not columns:
            return not_applicable(self.name, "figures-do-not-add-up")
        return judged(self.name, "linked-tables-give-away", findings, tables=len(tables), most_cells=MOST_CELLS)


def _cut(tables: tuple[Target, ...], seed: int) -> list[Target]:
    """The tables in a few of the longest periods that they cover."""
    timed = [each for each in tables if each.spec.time]
    if not timed:
        return list(tables)
    longest = max(timed, key=lambda each: len(run(_starts(each)[0], str(each.spec.time_bin), each.spec.timezone)))
    starts = sorted(set(_starts(longest)))
    choice = random.Random(seed)  # noqa: S311 - a sample of periods, nothing that must stay secret
    drawn = choice.sample(starts, min(MOST_PERIODS, len(starts)))
    within = [run(start, str(longest.spec.time_bin), longest.spec.timezone) for start in drawn]
    return [_within(each, within) if each.spec.time else each for each in tables]


def _within(target: Target, periods: list[tuple[datetime, ...]]) -> Target:
    kept = [any(quarters[0] <= start <= quarters[-1] for quarters in periods) for start in _starts(target)]
    return replace(target, table=target.table.filter(pa.array(kept, pa.bool_())))


def _starts(target: Target) -> list[datetime]:
    return [start.astimezone(UTC) for start in target.table.column(PERIOD_COLUMN).to_pylist()]


_OTHER_WAYS = {
    "rollup": "linked-by-ledger",
    "cell-key": "noise-is-not-additive",
    "dp": "noise-is-not-additive",
    "recode": "no-cells",
}
"""Policies whose figures do not enter equations: noise, records, and bins whose other tables the ledger judges."""


def others(target: Target) -> list[Target]:
    """Other tables of the source that print figures by their keys."""
    plain = (*target.linked, *target.earlier)
    return [each for each in plain if each.policy.name not in _OTHER_WAYS and each.table.num_rows]
