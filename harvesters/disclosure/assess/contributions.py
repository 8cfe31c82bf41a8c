"""Cells of a table of sums: how few stand behind one, and how much of it is one contributor's.

Readings are summed for each contributor before any rule is asked, so a meter with a thousand readings is one
contributor; contributors without a value in a cell are not counted there. Negative sums are judged by their size, and
readings without a contributor, which are together one, by the sum of their sizes. Every privacy unit and the declared
contributor are judged.
The rules themselves are in ``disclosure.rules``; equality is safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import duckdb

from disclosure.binning import period_start_sql
from disclosure.concentration import judged_columns
from disclosure.rules import Concentration, Rules, largest_share, rule_15_15_unsafe
from disclosure.spec import Spec
from disclosure.sqltext import VALUE_TYPE, ident, idents, one_row
from disclosure.units import unit_sql

RULE_15_15 = "15-15"

_CONTRIBUTIONS = "_assess_contributions"
_CELL_UNITS = "_assess_cell_units"
_FETCHED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRisk:
    """Concentration of one measure over all cells.

    Attributes:
        measure: the column.
        contributor: whose shares are judged.
        cells: cells with a value.
        negative: contributions below zero, judged by their size.
        largest_share: the largest share of a total that one contributor has in any cell.
        broken: number of cells that break each rule that was asked.
    """

    measure: str
    contributor: str
    cells: int
    negative: int
    largest_share: Fraction
    broken: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRisk:
    """Cells of the most detailed table that the specification describes.

    Attributes:
        columns: the columns that make a cell.
        cells: number of cells.
        small: cells with fewer units than the minimum, by the unit that has the fewest there.
        least: fewest units behind any cell.
        measures: concentration of each measure.
    """

    columns: tuple[str, ...]
    cells: int
    small: int
    least: int
    measures: tuple[MeasureRisk, ...]


def cell_risk(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, min_units: int, rules: Rules) -> CellRisk:
    """Judge the cells of a specification: place and period, or the quasi-identifiers where there is no place.

    Args:
        con: an open connection.
        relation: table or view.
        spec: roles of the columns; measures that no contributor can be found for are left out.
        min_units: least number of units of each kind behind a cell; rows are counted where there is no unit.
        rules: parameters of the concentration rules.
    """
    try:
        cells, small, least = _small_cells(con, relation, spec, min_units)
        measures = tuple(
            _measure(con, relation, spec, name, owner, rules)
            for name in spec.measures
            for owner in judged_columns(spec)
        )
        return CellRisk(columns=_columns(spec), cells=cells, small=small, least=least, measures=measures)
    finally:
        con.execute(f"DROP TABLE IF EXISTS {_CONTRIBUTIONS}")
        con.execute(f"DROP TABLE IF EXISTS {_CELL_UNITS}")


def _columns(spec: Spec) -> tuple[str, ...]:
    return spec.key_columns if spec.zones else spec.quasi


def _keys(spec: Spec) -> str:
    """The columns of a cell, as they are selected."""
    if not spec.zones:
        return idents(spec.quasi)
    return idents(spec.zones) + (f", {period_start_sql(spec)} AS period_start" if spec.time else "")


def _small_cells(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, min_units: int) -> tuple[int, int, int]:
    names = idents(_columns(spec))
    if not spec.units:
        counted = f"SELECT {names}, count(*) AS n FROM (SELECT {_keys(spec)} FROM {ident(relation)}) GROUP BY {names}"
    else:
        # Each kind of unit is counted on its own, a missing unit as one, and the fewest decide.
        each = [
            f"SELECT {names}, count(*) AS n FROM"
            f" (SELECT DISTINCT {_keys(spec)}, {unit_sql(unit)} AS __unit FROM {ident(relation)}) GROUP BY {names}"
            for unit in spec.units
        ]
        counted = f"SELECT {names}, min(n) AS n FROM ({' UNION ALL '.join(each)}) GROUP BY {names}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_CELL_UNITS} AS {counted}")
    cells, small, least = one_row(
        con,
        f"SELECT count(*), count(*) FILTER (n < {int(min_units)}), coalesce(min(n), 0)::BIGINT FROM {_CELL_UNITS}",
    )
    return cells, small, least


def _measure(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, measure: str, owner: str, rules: Rules
) -> MeasureRisk:
    value = f"CAST({ident(measure)} AS {VALUE_TYPE})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_CONTRIBUTIONS} AS SELECT {_keys(spec)}, {unit_sql(owner)} AS __owner,"
        f" sum({value}) AS x, sum(abs({value})) AS gross FROM {ident(relation)}"
        f" WHERE {ident(measure)} IS NOT NULL GROUP BY ALL"
    )
    broken = dict.fromkeys(_asked(rules), 0)
    share, cells = Fraction(0), 0
    for cell in _cells(con, spec, rules.keep):
        cells += 1
        share = max(share, largest_share(cell))
        for rule in (*rules.broken(cell), *((RULE_15_15,) if rule_15_15_unsafe(cell) else ())):
            broken[rule] += 1
    return MeasureRisk(
        measure=measure,
        contributor=owner,
        cells=cells,
        negative=one_row(con, f"SELECT count(*) FROM {_CONTRIBUTIONS} WHERE x < 0")[0],
        largest_share=share,
        broken=broken,
    )


def _cells(con: duckdb.DuckDBPyConnection, spec: Spec, keep: int) -> Iterator[Concentration]:
    # Readings without a contributor are different people's: their signs must not cancel out.
    size = "CASE WHEN __owner IS NULL THEN gross ELSE abs(x) END"
    rows = con.execute(
        f"SELECT count(*), sum(size), max(size, {int(keep)}) FROM"
        f" (SELECT *, {size} AS size FROM {_CONTRIBUTIONS}) GROUP BY {idents(_columns(spec))}"
    )
    while fetched := rows.fetchmany(_FETCHED):
        for contributors, total, top in fetched:
            yield Concentration(total=total, top=tuple(top), contributors=contributors)


def _asked(rules: Rules) -> tuple[str, ...]:
    named = {"p-percent": rules.p_percent, "dominance": rules.dominance, "max-share": rules.max_share_percent}
    return (*(name for name, parameter in named.items() if parameter is not None), RULE_15_15)
