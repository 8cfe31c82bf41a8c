"""Is a unit column a unit at all, or only a new number for each row or each day?

Counting distinct units protects people only if the same person carries the same value. A column that differs in
nearly every row counts rows, and one that is drawn anew each day counts days: both make one person look like many.
Boundary: one rule and the query that feeds it; who refuses is decided by the caller. Small inputs are not judged,
because a handful of rows looks like anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from disclosure.sqltext import ident, literal, one_row
from disclosure.units import unit_of_type_sql

ROWS_TO_JUDGE_A_UNIT = 20
"""Below this number of rows, or of units for the daily rule, nothing is said."""

ROW_ID_PERCENT = 90
"""A unit column with more distinct values than this share of the rows looks like a row id."""

RECURRING_PERCENT = 2
"""Where at most this share of the units is seen on a second day, the column looks re-keyed each day."""

LOOKS_LIKE_ROW_ID = "unit-looks-like-row-id"
LOOKS_REKEYED = "unit-looks-rekeyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEvidence:
    """What the rule looks at; all figures leave out rows without a unit.

    Attributes:
        rows: rows that have a unit.
        units: distinct units.
        days: local days on which any unit is seen; 0 where the table has no time.
        recurring: units that are seen on more than one day.
        busy_days: pairs of unit and day with more than one row; without them nothing tells a re-keyed unit from a
            table with one row for each visit.
    """

    rows: int
    units: int
    days: int = 0
    recurring: int = 0
    busy_days: int = 0


def row_id_reason(evidence: UnitEvidence) -> str | None:
    """Why the column is held, or None: codes ``unit-looks-like-row-id`` and ``unit-looks-rekeyed``."""
    if evidence.rows < ROWS_TO_JUDGE_A_UNIT:
        return None
    if evidence.units * 100 > ROW_ID_PERCENT * evidence.rows:
        return LOOKS_LIKE_ROW_ID
    if evidence.days < 2 or evidence.units < ROWS_TO_JUDGE_A_UNIT or not evidence.busy_days:
        return None
    return LOOKS_REKEYED if evidence.recurring * 100 <= RECURRING_PERCENT * evidence.units else None


def unit_evidence(
    con: duckdb.DuckDBPyConnection, relation: str, column: str, time: str = "", timezone: str = "UTC"
) -> UnitEvidence:
    """Count what the rule needs.

    Args:
        con: an open connection.
        relation: name of a table or view.
        column: the unit column; spellings are merged as everywhere.
        time: a column of ``TIMESTAMP WITH TIME ZONE``, or empty.
        timezone: local time that days follow, validated by the specification.
    """
    described = con.execute(f"DESCRIBE SELECT {ident(column)} FROM {ident(relation)}").fetchall()
    unit = unit_of_type_sql(column, str(described[0][1]))
    known = f"FROM {ident(relation)} WHERE {unit} IS NOT NULL"
    if not time:
        # Grouping spills under a memory limit, a distinct count does not.
        grouped = f"SELECT {unit} AS u, count(*) AS n {known} GROUP BY ALL"
        rows, units = one_row(con, f"SELECT coalesce(sum(n), 0)::BIGINT, count(*) FROM ({grouped})")
        return UnitEvidence(rows=rows, units=units)
    day = f"CAST({ident(time)} AT TIME ZONE {literal(timezone)} AS DATE)"
    rows, units, days, recurring, busy = one_row(
        con,
        f"WITH seen AS (SELECT {unit} AS u, {day} AS d, count(*) AS n {known} GROUP BY ALL),"
        " per_unit AS (SELECT u, count(*) AS days, sum(n) AS n, count(*) FILTER (n > 1) AS busy FROM seen GROUP BY u)"
        " SELECT coalesce(sum(n), 0)::BIGINT, count(*), (SELECT count(DISTINCT d) FROM seen),"
        " count(*) FILTER (days > 1), coalesce(sum(busy), 0)::BIGINT FROM per_unit",
    )
    return UnitEvidence(rows=rows, units=units, days=days, recurring=recurring, busy_days=busy)
