"""Linked tables: can figures be computed from all tables that were published from one source?

Attacker: an outsider with the table and the tables linked with it (a city beside its districts, a day beside its
hours, the same people by another column, earlier releases), who knows which area lies in which. Method: one system of
equations over the finest figures of all tables; then as for complementary cells, where an unlisted cell of a table
without totals is known to be below the public minimum. Pass rule: no unpublished count keeps less than the interval
0…k−1 where it must be small, and no unpublished sum is exact. Bounded as there; tables that are too fine together are
compared only with one another, two at a time.
"""

from __future__ import annotations

from typing import Any, ClassVar

from disclosure.attacks.complementary import MOST_CELLS, audit
from disclosure.attacks.core import Result, Target, judged

MOST_TABLES = 12


class Linked:
    """Attack 4."""

    name: ClassVar[str] = "linked"

    def applies(self, target: Target) -> str | None:
        """Needs a second table with plain keys."""
        if target.policy.name in _OTHER_WAYS:
            return _OTHER_WAYS[target.policy.name]
        return None if others(target) else "no-linked-table"

    def run(self, target: Target, *, seed: int) -> Result:
        """Audit all tables together, then each other table with this one."""
        tables = others(target)[:MOST_TABLES]
        together: list[tuple[Target, ...]] = [(target, *tables)]
        if len(tables) > 1:
            together += [(target, each) for each in tables]
        findings: list[Any] = []
        for group in together:
            found, _ = audit(group, seed)
            findings += found
        return judged(self.name, "linked-tables-give-away", findings, tables=len(tables), most_cells=MOST_CELLS)


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
