"""Flat cells of a long table, some days at a time: the same result as in one go, in a fraction of the memory.

A cell lies within one period and a period within one local day, so no cell spans two slices of whole days: each slice
can be counted, judged and forgotten by itself, and only its cells stay. Units stay with three numbers each. Files in
the order of time (as meters deliver) are read once in all, since their row groups say which days they hold; any other
order is correct as well, but read again for each slice.

Three things make a row cheap: its period comes from a lookup by quarter of an hour instead of arithmetic with time
zones, whole-number units are compared as numbers, and members without a name are treated apart only where there are
any. Readings are summed per unit before any rule is asked, always.

Boundary: one unit column, distinct presence; ``disclosure.cells`` does all other tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb

from disclosure import cells, concentration
from disclosure.binning import period_start_sql
from disclosure.cells import CELLS, PER_UNIT, UnitCounts, figures_sql, sums_sql
from disclosure.presets import Preset
from disclosure.rules import Rules
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import VALUE_TYPE, ident, idents, literal, one_row
from disclosure.units import unit_sql

ROWS_WORTH_SLICING = 5_000_000
ROWS_OF_A_SLICE = 2_000_000
QUARTER_US = 900_000_000
MOST_QUARTERS = 400_000
_QUARTERS, _SEEN, _SLICE = "_disclosure_quarters", "_disclosure_seen", "_disclosure_slice"
_WHOLE_NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What one look at the table tells: rows, first and last quarter of an hour, whether a unit is missing."""

    rows: int
    first: int
    last: int
    nameless: bool


def counted(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, rules: Rules) -> UnitCounts:
    """Count distinct units per cell, in slices where the table is long enough for that."""
    found = extent(con, relation, spec)
    if found is None:
        return cells.distinct_cells(con, relation, spec, preset, rules)
    return distinct_cells(con, relation, spec, preset, rules, found)


def extent(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> Extent | None:
    """The extent of a table that slices can count, or None: too short, no time, several units, or no times at all."""
    if not spec.time or len(concentration.judged_columns(spec)) != 1 or spec.unit is None:
        return None
    (rows,) = one_row(con, f"SELECT count(*) FROM {ident(relation)}")
    if rows < ROWS_WORTH_SLICING:
        return None
    moment = ident(spec.time)
    first, last, timed, named = one_row(
        con,
        f"SELECT epoch_us(min({moment})), epoch_us(max({moment})), count({moment}),"
        f" count({_unit_sql(con, relation, spec.unit)}) FROM {ident(relation)}",
    )
    if timed != rows or (last - first) // QUARTER_US > MOST_QUARTERS:
        return None
    return Extent(rows=rows, first=first // QUARTER_US, last=last // QUARTER_US, nameless=named != rows)


def distinct_cells(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, rules: Rules, found: Extent
) -> UnitCounts:
    """Leave the table `CELLS` as ``cells.distinct_cells`` does, and count units alike."""
    if spec.unit is None:
        raise AssertionError("extent() refuses a missing unit first")
    try:
        _map_quarters(con, spec, found)
        per_unit = _per_unit_sql(con, relation, spec, found)
        for number, (begin, end) in enumerate(_bounds(con, found)):
            moment = ident(spec.time)
            window = f"{moment} >= make_timestamptz({begin}) AND {moment} < make_timestamptz({end})"
            con.execute(f"CREATE OR REPLACE TEMP TABLE {PER_UNIT} AS {per_unit.format(window=window)}")
            con.execute(f"CREATE OR REPLACE TEMP TABLE {_SLICE} AS {_cells_sql(spec, preset, rules)}")
            _append(con, CELLS, f"SELECT * FROM {_SLICE}", first=number == 0)
            _append(con, _SEEN, _seen_sql(spec), first=number == 0)
        return _counts(con, found)
    finally:
        for name in (_QUARTERS, _SEEN, _SLICE):
            con.execute(f"DROP TABLE IF EXISTS {name}")


def _map_quarters(con: duckdb.DuckDBPyConnection, spec: Spec, found: Extent) -> None:
    """The period of each quarter of an hour, by the same expression as everywhere."""
    moment = f"make_timestamptz(quarter * {QUARTER_US})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_QUARTERS} AS SELECT quarter, {period_start_sql(spec)} AS {PERIOD_COLUMN},"
        f" CAST(timezone({literal(spec.timezone)}, {ident(spec.time)}) AS DATE) AS day"
        f" FROM (SELECT quarter, {moment} AS {ident(spec.time)}"
        f" FROM generate_series({found.first}, {found.last}) AS numbers(quarter))"
    )


def _bounds(con: duckdb.DuckDBPyConnection, found: Extent) -> Iterator[tuple[int, int]]:
    """Slices of whole local days, as microseconds, with about `ROWS_OF_A_SLICE` rows each."""
    days: list[tuple[datetime, int]] = con.execute(
        f"SELECT day, min(quarter) FROM {_QUARTERS} GROUP BY day ORDER BY day"
    ).fetchall()
    together = max(1, ROWS_OF_A_SLICE * len(days) // found.rows)
    starts = [quarter for _, quarter in days[::together]]
    for begin, end in zip(starts, [*starts[1:], found.last + 1], strict=True):
        yield begin * QUARTER_US, end * QUARTER_US


def _per_unit_sql(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, found: Extent) -> str:
    """Rows, sums, numbers of values and sizes of each unit in each cell; with a place for the slice's window."""
    unit = _unit_sql(con, relation, spec.unit or "")
    sums = ""
    for number, name in enumerate(spec.measures):
        value = f"CAST({ident(name)} AS {VALUE_TYPE})"
        size = f"abs(sum({value}))"
        if found.nameless:
            # Positive and negative readings of different nameless people must not cancel out.
            size = f"coalesce(sum(abs({value})) FILTER ({unit} IS NULL), {size})"
        sums += f", sum({value}) AS __s{number}, count({ident(name)}) AS __n{number}, {size} AS __size{number}"
    zones = ", ".join(f"CAST({ident(name)} AS VARCHAR) AS {ident(name)}" for name in spec.zones)
    return (
        f"SELECT {zones}, {PERIOD_COLUMN}, {unit} AS __unit, count(*) AS __rows{sums} FROM {ident(relation)}"
        f" JOIN {_QUARTERS} ON {_QUARTERS}.quarter = epoch_us({ident(spec.time)}) // {QUARTER_US}"
        " WHERE {window} GROUP BY ALL"
    )


def _unit_sql(con: duckdb.DuckDBPyConnection, relation: str, column: str) -> str:
    """Whole numbers have one spelling and stay numbers."""
    rows = con.execute(f"DESCRIBE SELECT {ident(column)} FROM {ident(relation)}").fetchall()
    return ident(column) if str(rows[0][1]) in _WHOLE_NUMBERS else unit_sql(column)


def _cells_sql(spec: Spec, preset: Preset, rules: Rules) -> str:
    keys = idents(spec.key_columns)
    keeps = " AND ".join(concentration.broken_free_sql(spec, rules)) or "true"
    rule = [f"{ident(name)} IS NOT NULL" for name in spec.key_columns]
    rule += [f"units >= {preset.min_units}", "coalesce(__keeps, false)"]
    if preset.zero_is_small:
        rule += [f"coalesce({ident(name)} <> 0, false)" for name in spec.measures]
    return (
        f"WITH summed AS (SELECT {keys}, {concentration.members_sql(spec)} AS units, sum(__rows) AS __rows,"
        f" {keeps} AS __keeps{sums_sql(spec)} FROM {PER_UNIT} GROUP BY {keys}),"
        f" cells AS (SELECT {keys}, CAST(units AS BIGINT) AS units, __rows{figures_sql(spec)}, __keeps FROM summed)"
        f" SELECT * EXCLUDE (__keeps), {' AND '.join(rule)} AS publishable FROM cells"
    )


def _seen_sql(spec: Spec) -> str:
    """For each unit of the slice, in how many of its cells it is and how many of them are withheld."""
    same = " AND ".join(
        f"{PER_UNIT}.{ident(name)} IS NOT DISTINCT FROM hidden.{ident(name)}" for name in spec.key_columns
    )
    hidden = f"(SELECT {idents(spec.key_columns)}, true AS hit FROM {_SLICE} WHERE NOT publishable)"
    return (
        f"SELECT __unit, count(*) AS cells, count(hidden.hit) AS hidden FROM {PER_UNIT}"
        f" LEFT JOIN {hidden} AS hidden ON {same} GROUP BY __unit"
    )


def _append(con: duckdb.DuckDBPyConnection, name: str, query: str, *, first: bool) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}" if first else f"INSERT INTO {name} {query}")


def _counts(con: duckdb.DuckDBPyConnection, found: Extent) -> UnitCounts:
    total, hidden, unpublished = one_row(
        con,
        "SELECT count(*), count(*) FILTER (hidden > 0), count(*) FILTER (hidden = cells) FROM"
        f" (SELECT __unit, sum(cells) AS cells, sum(hidden) AS hidden FROM {_SEEN} GROUP BY __unit)",
    )
    return UnitCounts(total=total, behind_withheld_cells=hidden, unpublished=unpublished, rows=found.rows)
