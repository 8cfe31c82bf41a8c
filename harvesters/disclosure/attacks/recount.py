"""Re-count: does every published row rest on enough distinct units?

Attacker: holds the input. Method: reads each published key as text, finds the rows it describes, and counts distinct
units, all missing ones as one; every privacy unit on its own. Where units are counted at once, the least of all
snapshots counts. Pass rule: at least the preset's minimum in every published row. Exact, without a sample.
"""

from __future__ import annotations

from typing import ClassVar

from disclosure.attacks.core import Result, Target, judged
from disclosure.attacks.members import MEMBERS, Members, has_members, members, unit_text
from disclosure.attacks.microdata import class_findings, is_microdata, repeated_findings
from disclosure.attacks.periods import quarter_sql
from disclosure.attacks.placement import PUBLISHED, QUARTERS
from disclosure.spec import Presence
from disclosure.sqltext import ident


class Recount:
    """Attack 1."""

    name: ClassVar[str] = "recount"

    def applies(self, target: Target) -> str | None:
        """Needs the input, and rows that describe units without noise in their keys."""
        if not target.spec.units:
            return "no-unit-behind-rows"
        if is_microdata(target):
            return None
        return None if has_members(target) else unreadable(target)

    def run(self, target: Target, *, seed: int) -> Result:  # noqa: ARG002 - exact, nothing is drawn
        """Count the units behind every published row."""
        if is_microdata(target):
            few_records = [*class_findings(target), *repeated_findings(target)]
            return judged(self.name, "too-few-units", few_records, cells=target.table.num_rows)
        with members(target) as found:
            at_once = target.spec.presence is Presence.SIMULTANEOUS
            few = _few_at_once(found, target) if at_once else few_units(found, target)
        return judged(self.name, "too-few-units", few, cells=target.table.num_rows)


def unreadable(target: Target) -> str:
    """Why the members of published rows cannot be counted."""
    if target.policy.name == "dp":
        return "noise-covers-each-unit"
    return "input-needed"


def few_units(found: Members, target: Target) -> list[tuple[int, int]]:
    """Published rows with fewer distinct units than the preset allows, with their number of units."""
    counted = ", ".join(f"count(DISTINCT {unit})" for unit in found.units)
    few: list[tuple[int, int]] = found.con.execute(
        f"WITH counted AS (SELECT cell, least({counted}) AS units FROM {MEMBERS} GROUP BY cell),"
        f" published AS (SELECT __cell AS cell FROM {PUBLISHED} WHERE __shown)"
        " SELECT cell, coalesce(units, 0) AS least_units FROM published LEFT JOIN counted USING (cell)"
        f" WHERE least_units < {target.preset.min_units} ORDER BY cell"
    ).fetchall()
    return few


def _few_at_once(found: Members, target: Target) -> list[tuple[int, int]]:
    """The same where identifiers rotate: the least number of units in any snapshot of the period."""
    spec, relation = target.spec, target.truth.relation if target.truth else ""
    moment = ident(spec.time)
    few: list[tuple[int, int]] = found.con.execute(
        f"WITH snapshots AS (SELECT DISTINCT quarters.start, moments.moment FROM (SELECT DISTINCT {moment} AS moment"
        f" FROM {ident(relation)}) AS moments JOIN {QUARTERS} AS quarters"
        f" ON quarters.quarter = {quarter_sql('moments.moment')}),"
        f" seen AS (SELECT {found.cell} AS cell, source.{moment} AS moment, count(DISTINCT"
        f" {unit_text(spec.units[0], 'source.')}) AS units FROM {found.source} GROUP BY ALL),"
        f" wanted AS (SELECT published.__cell AS cell, snapshots.moment FROM {PUBLISHED} AS published"
        " JOIN snapshots ON snapshots.start = published.period_start)"
        " SELECT cell, min(coalesce(units, 0)) AS least_units FROM wanted LEFT JOIN seen USING (cell, moment)"
        f" GROUP BY cell HAVING least_units < {target.preset.min_units} ORDER BY cell"
    ).fetchall()
    return few
