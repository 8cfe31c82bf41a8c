"""Pseudo-unit: does the unit column count people, or only rows, days or spellings?

Attacker: holds the input and knows that one person stands behind many values. Method: a unit that differs in nearly
every row is a row number; one that is never seen on a second day, in a table where units are busy within a day, is
drawn anew each day; spellings of one unit (case, white space of any kind) are put together by the re-count. The
limits are those that are documented for the assessment, counted here by other code.
Pass rule: no privacy unit of the specification is such a column. Exact; inputs under `LEAST_ROWS` rows say nothing.
"""

from __future__ import annotations

from typing import ClassVar, Final

from disclosure.attacks.core import Result, Target, Truth, judged
from disclosure.attacks.members import has_members, members, unit_text
from disclosure.attacks.recount import few_units
from disclosure.spec import Presence
from disclosure.sqltext import ident, literal

LEAST_ROWS: Final = 20
LEAST_UNITS: Final = 20
ROW_NUMBER_PERCENT: Final = 90
SECOND_DAY_PERCENT: Final = 2


class PseudoUnit:
    """Attack 17."""

    name: ClassVar[str] = "pseudo-unit"

    def applies(self, target: Target) -> str | None:
        """Needs the input; where units are counted at once, a rotating identifier is expected and harmless."""
        if not target.spec.units:
            return "no-unit-behind-rows"
        if target.truth is None:
            return "input-needed"
        return "counted-at-once" if target.spec.presence is Presence.SIMULTANEOUS else None

    def run(self, target: Target, *, seed: int) -> Result:  # noqa: ARG002 - exact, nothing is drawn
        """Judge every privacy unit."""
        truth = target.truth
        if truth is None:
            raise ValueError("this attack needs the truth")
        findings = [
            (column, reason) for column in target.spec.units if (reason := _pretence(truth, column, target)) is not None
        ]
        reason = findings[0][1] if findings else "unit-is-spelled-differently"
        if not findings and has_members(target):
            with members(target) as found:
                findings = [(str(cell), reason) for cell, _ in few_units(found, target)]
        return judged(self.name, reason, findings, units=len(target.spec.units))


def _pretence(truth: Truth, column: str, target: Target) -> str | None:
    """Why a column is no unit; None when it may be one."""
    time = target.spec.time
    moment = ident(time) if time else "NULL::TIMESTAMPTZ"
    first, last = _day("first", target), _day("last", target)
    rows, units, busy, again, days = truth.con.execute(
        f"WITH named AS (SELECT {ident(column)} AS raw, count(*) AS n, min({moment}) AS first, max({moment}) AS last"
        f" FROM {ident(truth.relation)} GROUP BY raw),"
        f" merged AS (SELECT {unit_text('raw')} AS unit, sum(n) AS n, min(first) AS first, max(last) AS last"
        " FROM named GROUP BY unit HAVING unit <> '')"
        f" SELECT coalesce(sum(n), 0)::BIGINT, count(*), count(*) FILTER (n > 1 AND {first} = {last}),"
        f" count(*) FILTER ({first} <> {last}), max({last}) - min({first}) FROM merged"
    ).fetchall()[0]
    if rows < LEAST_ROWS:
        return None
    if units * 100 > ROW_NUMBER_PERCENT * rows:
        # A register has one row for each person or company on purpose: there a row is a unit.
        return "unit-is-a-row-number" if time else None
    if not days or not busy or units < LEAST_UNITS:
        return None
    return "unit-is-drawn-anew-each-day" if again * 100 <= SECOND_DAY_PERCENT * units else None


def _day(moment: str, target: Target) -> str:
    return f"CAST(timezone({literal(target.spec.timezone)}, {moment}) AS DATE)"
