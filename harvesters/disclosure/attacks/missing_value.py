"""Missing value: does a figure rest on enough units once those without a value are left out?

Attacker: knows who had no reading, no answer, or no name. Method: for every published figure counts the distinct
units that have a value of it, all missing units as one; in microdata reads a missing quasi-identifier as a value of
its own, one column and several at a time. Pass rule: at least the preset's minimum. Exact, without a sample.
"""

from __future__ import annotations

from typing import ClassVar

from disclosure.attacks.core import Result, Target, judged
from disclosure.attacks.members import MEMBERS, Members, has_members, members
from disclosure.attacks.microdata import is_microdata, missing_findings
from disclosure.attacks.placement import PUBLISHED
from disclosure.attacks.recount import unreadable
from disclosure.spec import Presence
from disclosure.sqltext import ident


class MissingValue:
    """Attack 11."""

    name: ClassVar[str] = "missing-value"

    def applies(self, target: Target) -> str | None:
        """Needs units that may be without a value."""
        if not target.spec.units:
            return "no-unit-behind-rows"
        if is_microdata(target):
            return None
        if target.spec.presence is Presence.SIMULTANEOUS:
            return "counted-at-once"
        return None if has_members(target) else unreadable(target)

    def run(self, target: Target, *, seed: int) -> Result:  # noqa: ARG002 - exact, nothing is drawn
        """Count the units that have a value, for each figure and each privacy unit."""
        if is_microdata(target):
            return judged(self.name, "missing-is-a-value", missing_findings(target), cells=target.table.num_rows)
        with members(target) as found:
            few = _few_with_value(found, target)
            nameless = _rows_without_key(target)
        reason = "too-few-with-value" if few or not nameless else "missing-key-published"
        return judged(self.name, reason, [*few, *nameless], cells=target.table.num_rows)


def _few_with_value(found: Members, target: Target) -> list[tuple[int, str]]:
    """Published figures whose values come from fewer units than allowed, the nameless ones being one."""
    few: list[tuple[int, str]] = []
    for value, measure in zip(found.values or ("n",), target.spec.measures or ("rows",), strict=True):
        counted = ", ".join(f"count(DISTINCT {unit}) FILTER ({value} > 0)" for unit in found.units)
        having = f"least({counted}) < {target.preset.min_units}"
        printed = f"(SELECT __cell FROM {PUBLISHED} WHERE {ident(measure) if found.values else '1'} IS NOT NULL)"
        query = f"SELECT cell FROM {MEMBERS} WHERE cell IN {printed} GROUP BY cell HAVING {having} ORDER BY cell"
        rows = found.con.execute(query).fetchall()
        few += [(cell, measure) for (cell,) in rows]
    return few


def _rows_without_key(target: Target) -> list[tuple[int, str]]:
    """Published rows whose key is missing: "nowhere" holds everybody whom the source could not place."""
    return [
        (row, name)
        for name in target.spec.key_columns
        if name in target.table.column_names
        for row, value in enumerate(target.table.column(name).to_pylist())
        if value is None
    ]
