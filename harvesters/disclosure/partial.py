"""Totals over published and withheld cells: which may be full, and what the others may say.

Boundary: the counting half of the magnitude policy, in SQL; the argument stands in ``disclosure.policies.magnitude``.
Works on the tables of ``disclosure.cells``. Cells without an area belong to the remainder of their group; cells without
a group belong to no total.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

import duckdb
import pyarrow as pa

from disclosure.cells import CELLS, PER_UNIT, figures_sql, sums_sql
from disclosure.concentration import broken_free_sql, judged_columns, members_sql, sum_per_member
from disclosure.errors import DisclosureRefused
from disclosure.presets import Preset
from disclosure.rules import Rules
from disclosure.spec import Spec
from disclosure.sqltext import ident, idents, literal, one_row

KIND_COLUMN = "kind"
TOTAL = "Total"
_OPEN, _TOTALS, _MEMBERS, _NODES = (
    "_disclosure_open",
    "_disclosure_totals",
    "_disclosure_open_members",
    "_disclosure_nodes",
)


class Kind(StrEnum):
    """What a row is."""

    CELL = "aggregate"
    TOTAL = "total"
    PARTIAL = "partial-total"


def check_areas(con: duckdb.DuckDBPyConnection, relation: str, area: str, groups: Sequence[str]) -> None:
    """Refuse areas that lie in several groups, and data that use the code of totals.

    Raises:
        DisclosureRefused: codes ``area-in-several-groups``, ``total-code-in-data``.
    """
    for outer, inner in pairwise([*groups, area]):
        several = one_row(
            con,
            f"SELECT count(*) FROM (SELECT {ident(inner)} FROM {ident(relation)} WHERE {ident(inner)} IS NOT NULL"
            f" GROUP BY 1 HAVING count(DISTINCT {ident(outer)}) > 1 OR count({ident(outer)}) < count(*))",
        )[0]
        if several:
            raise DisclosureRefused("area-in-several-groups", column=inner, group=outer)
    for name in (area, *groups):
        used = f"SELECT count(*) FROM {ident(relation)} WHERE CAST({ident(name)} AS VARCHAR) = {literal(TOTAL)}"
        if one_row(con, used)[0]:
            raise DisclosureRefused("total-code-in-data", column=name, code=TOTAL)


def check_units(con: duckdb.DuckDBPyConnection, spec: Spec, level: Sequence[str]) -> None:
    """Refuse units that stand in several areas: counts of units would not add up, and their differences tell things.

    Raises:
        DisclosureRefused: code ``units-not-additive``.
    """
    once = f"SELECT DISTINCT {idents((*level, '__unit'))} FROM {PER_UNIT}"
    if one_row(con, f"SELECT count(*) - (SELECT count(*) FROM ({once})) FROM {PER_UNIT}")[0]:
        raise DisclosureRefused("units-not-additive", column=spec.units[0])


def levels(spec: Spec, area: str, groups: Sequence[str]) -> list[tuple[str, ...]]:
    """Key columns of totals, finest first: without the area, then without one group after another."""
    dropped = [area, *reversed(groups)]
    return [
        tuple(name for name in spec.key_columns if name not in dropped[: number + 1]) for number in range(len(dropped))
    ]


def judge_totals(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    spec: Spec,
    preset: Preset,
    rules: Rules,
    keys_by_level: Sequence[tuple[str, ...]],
) -> None:
    """Make the totals of every level; what a full total covers is not open for the levels above."""
    keys = idents(spec.key_columns)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_OPEN} AS SELECT {keys} FROM {CELLS} WHERE NOT publishable")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_TOTALS} AS SELECT {_columns(spec)} FROM {CELLS} WHERE false")
    for level in keys_by_level:
        judge_remainders(con, relation, spec, preset, rules, level)
        _add_totals(con, spec, level)
        same = _same("cells", "nodes", level)
        con.execute(f"DELETE FROM {_OPEN} AS cells USING {_NODES} AS nodes WHERE nodes.__safe AND {same}")


def judge_remainders(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, rules: Rules, level: Sequence[str]
) -> None:
    """Store, for each group, whether what is open below it may be read as one sum."""
    grouped = f"GROUP BY {idents(level)}" if level else ""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_NODES} AS SELECT {_prefix(level)}count(*) AS __cells, true AS __safe"
        f" FROM {_OPEN} {grouped} HAVING count(*) > 0"
    )
    for number, column in enumerate(judged_columns(spec)):
        sum_per_member(con, relation, spec, column, _MEMBERS)
        conditions = remainder_rules(spec, preset, rules, column, is_unit=number == 0)
        _judge(con, spec, level, conditions or ["true"])


def remainder_rules(spec: Spec, preset: Preset, rules: Rules, column: str, *, is_unit: bool) -> list[str]:
    """What a remainder must keep: the rules of a cell, and that nobody is left alone with one cell of it."""
    conditions = broken_free_sql(spec, rules)
    if column in spec.units:
        conditions.append(f"{members_sql(spec)} >= {preset.min_units}")
    if preset.zero_is_small:
        conditions += [f"coalesce(sum(__s{place}), 0) <> 0" for place in range(len(spec.measures))]
    return [*conditions, not_alone_sql()] if is_unit else conditions


def _judge(con: duckdb.DuckDBPyConnection, spec: Spec, level: Sequence[str], conditions: list[str]) -> None:
    sums = "".join(
        f", sum(__s{i}) AS __s{i}, sum(__n{i}) AS __n{i}, sum(__size{i}) AS __size{i}"
        for i in range(len(spec.measures))
    )
    keys = idents(level)
    by_member = f"{keys}, __unit" if keys else "__unit"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_NODES} AS WITH inside AS (SELECT members.*, count(*) OVER (PARTITION BY"
        f" {idents(spec.key_columns, 'members.')}) AS __here FROM {_MEMBERS} AS members JOIN {_OPEN} AS cells ON"
        f" {_same('members', 'cells', spec.key_columns)}),"
        f" units AS (SELECT {by_member}, sum(__rows) AS __rows, max(__here) AS __most{sums} FROM inside"
        f" GROUP BY {by_member}),"
        f" judged AS (SELECT {_prefix(level)}coalesce({' AND '.join(conditions)}, false) AS __keeps FROM units"
        f"{' GROUP BY ' + keys if keys else ''})"
        f" SELECT nodes.* REPLACE (nodes.__safe AND judged.__keeps AS __safe) FROM {_NODES} AS nodes JOIN judged"
        f" ON {_same('nodes', 'judged', level)}"
    )


def not_alone_sql() -> str:
    """The condition that two units remain whichever cell is taken out of a remainder."""
    return "count(*) - max(__most) >= 2"


def _add_totals(con: duckdb.DuckDBPyConnection, spec: Spec, level: Sequence[str]) -> None:
    """One row a group: over everything where the remainder is safe or empty, else over what is not open."""
    shown = ", ".join(
        ident(name) if name in level else f"{literal(TOTAL)} AS {ident(name)}" for name in spec.key_columns
    )
    keys = idents(level)
    named = " AND ".join(f"{ident(name)} IS NOT NULL" for name in level) or "true"
    con.execute(
        f"INSERT INTO {_TOTALS} WITH marked AS (SELECT members.*, nodes.__cells IS NOT NULL AND NOT nodes.__safe AS"
        f" __is_partial, open.__is_open FROM {PER_UNIT} AS members LEFT JOIN {_NODES} AS nodes ON"
        f" {_same('members', 'nodes', level)} LEFT JOIN (SELECT *, true AS __is_open FROM {_OPEN}) AS open ON"
        f" {_same('members', 'open', spec.key_columns)}),"
        f" kept AS (SELECT * FROM marked WHERE NOT (__is_partial AND coalesce(__is_open, false))),"
        f" per_unit AS (SELECT {_prefix(level)}__unit, bool_or(__is_partial) AS __is_partial, sum(__rows) AS __rows"
        f"{sums_sql(spec)} FROM kept GROUP BY {keys + ', ' if keys else ''}__unit),"
        f" summed AS (SELECT {_prefix(level)}{members_sql(spec)} AS units, bool_or(__is_partial) AS __is_partial,"
        f" sum(__rows) AS __rows{sums_sql(spec)} FROM per_unit{' GROUP BY ' + keys if keys else ''}"
        " HAVING count(*) > 0)"
        f" SELECT {shown}, CAST(units AS BIGINT) AS units{figures_sql(spec)},"
        f" CASE WHEN __is_partial THEN '{Kind.PARTIAL}' ELSE '{Kind.TOTAL}' END FROM summed WHERE {named}"
    )


def published(con: duckdb.DuckDBPyConnection, spec: Spec) -> pa.Table:
    """Cells and totals in the order of their keys."""
    rows = f"SELECT {_columns(spec)} FROM {CELLS} WHERE publishable UNION ALL SELECT * FROM {_TOTALS}"
    table: pa.Table = con.sql(f"SELECT * FROM ({rows}) ORDER BY {idents(spec.key_columns)}").to_arrow_table()
    return table.combine_chunks()


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the working tables."""
    for table in (_OPEN, _TOTALS, _MEMBERS, _NODES):
        con.execute(f"DROP TABLE IF EXISTS {table}")


def _columns(spec: Spec) -> str:
    return f"{idents(spec.output_columns)}, '{Kind.CELL}' AS {KIND_COLUMN}"


def _prefix(level: Sequence[str]) -> str:
    return f"{idents(level)}, " if level else ""


def _same(one: str, other: str, keys: Sequence[str]) -> str:
    return " AND ".join(f"{one}.{ident(name)} IS NOT DISTINCT FROM {other}.{ident(name)}" for name in keys) or "true"
