"""Cells by their units: the counting half of `protect`. The gate has its own counting and shares none of this.

Each function leaves one temporary table `CELLS` with the key columns, ``units`` (0 where there is no unit), the row
count, the measures rounded for publication, and ``publishable``; and returns how many units stand behind what is
withheld. A cell without a zone or a time is counted but never published.

*Distinct.* Values are summed per unit first, so a meter with a thousand readings is one unit. Missing units are
together one. A sum over twelve units of which one has a value would be that unit's value: a cell's ``units`` is the
least number of units that have a value, over all measures. Further units must reach the minimum on their own, and the
rules of concentration are asked of every unit and contributor (``disclosure.concentration``).

*Simultaneous.* Identifiers rotate, so one vehicle may carry many in an hour and distinct ones prove nothing. A cell
is published only if **every** snapshot of its period shows at least the minimum number of vehicles in the zone at
that instant, zero included. Counting a mean, or only the good snapshots, would publish an hour in which the zone
held two vehicles for most of the time; averages over chosen snapshots would also tell which ones were bad. ``units``
is the least number present at once. A snapshot that saw no vehicle in any zone is one row with an empty zone.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from disclosure import concentration
from disclosure.binning import period_start_sql
from disclosure.concentration import CELLS, zones_sql
from disclosure.presets import Preset
from disclosure.rounding import micro_sql, rounded_sql
from disclosure.rules import Rules
from disclosure.spec import MeasureKind, Spec
from disclosure.sqltext import VALUE_TYPE, ident, idents, one_row
from disclosure.units import unit_sql

__all__ = [
    "CELLS",
    "PER_UNIT",
    "UnitCounts",
    "distinct_cells",
    "drop",
    "figures_sql",
    "plain_cells",
    "simultaneous_cells",
    "sums_sql",
    "zones_sql",
]

PER_UNIT = "_disclosure_per_unit"
PRESENCE_DECIMALS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCounts:
    """Units in the input, behind withheld cells, and in no published cell; rows and distinct units of the input."""

    total: int
    behind_withheld_cells: int
    unpublished: int
    rows: int


def distinct_cells(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, rules: Rules
) -> UnitCounts:
    """Count distinct units per cell, and judge what each of them adds."""
    if spec.unit is None:
        raise AssertionError("protect() refuses a missing unit first")
    concentration.sum_per_member(con, relation, spec, spec.unit, PER_UNIT)
    select = f"SELECT {idents(spec.key_columns)}, {concentration.members_sql(spec)} AS units, sum(__rows) AS __rows"
    _store_cells(con, spec, preset, select, PER_UNIT)
    concentration.narrow(con, relation, spec, preset, rules, per_unit=PER_UNIT)
    return _unit_counts(con, spec)


def plain_cells(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, _rules: Rules) -> UnitCounts:
    """Summarize rows that have no unit behind them, so that no rule has anybody to judge."""
    values = "".join(
        f", CAST({ident(name)} AS {VALUE_TYPE}) AS __s{number},"
        f" CAST({ident(name)} IS NOT NULL AS INTEGER) AS __n{number}"
        for number, name in enumerate(spec.measures)
    )
    source = f"(SELECT {zones_sql(spec)}, {period_start_sql(spec)} AS period_start{values} FROM {ident(relation)})"
    _store_cells(con, spec, preset, f"SELECT {idents(spec.key_columns)}, 0 AS units, count(*) AS __rows", source)
    return UnitCounts(total=0, behind_withheld_cells=0, unpublished=0, rows=0)


def simultaneous_cells(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, _rules: Rules
) -> UnitCounts:
    """Count the units present at once, in every snapshot of a period."""
    if spec.unit is None or spec.count_rows_as is None:
        raise AssertionError("protect() and Spec refuse these first")
    zones, unit = idents(spec.zones), unit_sql(spec.unit)
    mean = rounded_sql("CAST(__seen AS HUGEINT)", "CAST(__snapshots AS HUGEINT)", PRESENCE_DECIMALS)
    # DISTINCT keeps a NULL unit as one more unit; count(DISTINCT) alone would drop it.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PER_UNIT} AS SELECT DISTINCT {zones_sql(spec)}, {period_start_sql(spec)} AS"
        f" period_start, {ident(spec.time)} AS __snapshot, {unit} AS __unit FROM {ident(relation)}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {CELLS} AS WITH __calendar AS (SELECT period_start, count(DISTINCT __snapshot)"
        f" AS __snapshots FROM {PER_UNIT} GROUP BY period_start),"
        f" __present AS (SELECT {zones}, period_start, __snapshot, count(*) AS __here FROM {PER_UNIT} GROUP BY ALL),"
        f" __summed AS (SELECT {zones}, period_start, count(*) AS __shown_in, min(__here) AS __least,"
        f" sum(__here) AS __seen FROM __present GROUP BY {zones}, period_start),"
        f" cells AS (SELECT {zones}, period_start, CASE WHEN __shown_in = __snapshots THEN __least ELSE 0 END AS units,"
        f" __seen AS __rows, {mean} AS {ident(spec.count_rows_as)} FROM __summed JOIN __calendar USING (period_start))"
        f" SELECT *, {_keyed(spec)} AND units >= {preset.min_units} AS publishable FROM cells"
    )
    # Rotating identifiers overcount a day, so "how many are concerned" is the most at one instant.
    total, hidden = one_row(
        con,
        "WITH at_once AS (SELECT __snapshot, count(DISTINCT coalesce(__unit, '')) AS every,"
        f" count(DISTINCT coalesce(__unit, '')) FILTER (NOT publishable) AS hidden"
        f" FROM {PER_UNIT} JOIN {CELLS} ON {_same_cell(spec)} GROUP BY __snapshot)"
        " SELECT coalesce(max(every), 0), coalesce(max(hidden), 0) FROM at_once",
    )
    return UnitCounts(total=total, behind_withheld_cells=hidden, unpublished=hidden, rows=0)


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the working tables: the per-unit one holds what must not outlive the computation."""
    con.execute(f"DROP TABLE IF EXISTS {PER_UNIT}")
    con.execute(f"DROP TABLE IF EXISTS {CELLS}")


def _store_cells(con: duckdb.DuckDBPyConnection, spec: Spec, preset: Preset, select: str, source: str) -> None:
    """Sum the measures per cell, round them, and mark which cells keep the rule."""
    keys = idents(spec.key_columns)
    rule = " AND ".join([_keyed(spec), enough_sql(preset), *_not_zero(spec, preset)])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {CELLS} AS WITH summed AS ({select}{sums_sql(spec)} FROM {source}"
        f" GROUP BY {keys}), cells AS (SELECT {keys}, CAST(units AS BIGINT) AS units, __rows{figures_sql(spec)}"
        f" FROM summed) SELECT *, {rule} AS publishable FROM cells"
    )


def enough_sql(preset: Preset) -> str:
    """The condition that a cell has enough units."""
    return f"units >= {preset.min_units}"


def sums_sql(spec: Spec) -> str:
    """Sums and numbers of values of each measure, from per-member rows."""
    return "".join(f", sum(__s{i}) AS __s{i}, sum(__n{i}) AS __n{i}" for i in range(len(spec.measures)))


def figures_sql(spec: Spec) -> str:
    """The published row count and measures, from what `sums_sql` gives."""
    rows = f", CAST(__rows AS BIGINT) AS {ident(spec.count_rows_as)}" if spec.count_rows_as else ""
    return rows + "".join(
        f", {_figure_sql(measure.kind, number, measure.decimals)} AS {ident(name)}"
        for number, (name, measure) in enumerate(spec.measures.items())
    )


def _figure_sql(kind: MeasureKind, number: int, decimals: int) -> str:
    micro = micro_sql(f"__s{number}")
    if kind is MeasureKind.SUM:
        return rounded_sql(micro, "CAST(1000000 AS HUGEINT)", decimals)
    return rounded_sql(micro, f"nullif(CAST(__n{number} AS HUGEINT), 0) * 1000000", decimals)


def _keyed(spec: Spec) -> str:
    return " AND ".join(f"{ident(name)} IS NOT NULL" for name in spec.key_columns)


def _not_zero(spec: Spec, preset: Preset) -> list[str]:
    """A figure of zero tells that everybody in the cell had zero, so it is withheld like a small count."""
    if not preset.zero_is_small:
        return []
    return [f"coalesce({ident(name)} <> 0, false)" for name in spec.measures]


def _same_cell(spec: Spec) -> str:
    return " AND ".join(
        f"{PER_UNIT}.{ident(name)} IS NOT DISTINCT FROM {CELLS}.{ident(name)}" for name in spec.key_columns
    )


def _unit_counts(con: duckdb.DuckDBPyConnection, spec: Spec) -> UnitCounts:
    total, hidden, unpublished, rows = one_row(
        con,
        "WITH seen AS (SELECT __unit, bool_or(publishable) AS shown, bool_or(NOT publishable) AS hidden,"
        f" sum({PER_UNIT}.__rows) AS __rows FROM {PER_UNIT} JOIN {CELLS} ON {_same_cell(spec)} GROUP BY __unit)"
        " SELECT count(*), count(*) FILTER (hidden), count(*) FILTER (NOT shown), coalesce(sum(__rows), 0)::BIGINT"
        " FROM seen",
    )
    return UnitCounts(total=total, behind_withheld_cells=hidden, unpublished=unpublished, rows=rows)
