"""What the input says about every cell of a lattice: members, sums, largest contributions, and who stands alone.

Boundary: counts in DuckDB, for `protect` only; the gate has its own counting. Sums are whole millionths. A missing
member is one member, and a missing value of a dimension a category of its own (``lattice.MISSING``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.errors import DisclosureRefused
from disclosure.rules import Concentration
from disclosure.spec import Spec
from disclosure.sqltext import VALUE_TYPE, ident, literal, one_row
from disclosure.suppression.lattice import MISSING, Dimension, Ints, Lattice, build
from disclosure.units import unit_sql

_LEAVES, _SPREAD, _CODES = "_disclosure_leaves", "_disclosure_spread", "_disclosure_codes"
ROWS = "__rows"
MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """One column's members by cell.

    Attributes:
        counts: members that have a value in the measure where they are fewest, by place.
        sums: total of each magnitude in millionths (rows in ones), by place.
        cells: for each magnitude the concentration by place; absent where nobody contributes.
        alone: rows of members who are alone in some cell: member, place, contribution to each magnitude.
    """

    counts: Ints
    sums: dict[str, list[int]]
    cells: dict[str, dict[int, Concentration]] = field(repr=False)
    alone: list[tuple[str, int, bool, tuple[int, ...]]] = field(repr=False)


def lattice_of(
    con: duckdb.DuckDBPyConnection, relation: str, dimensions: Sequence[Dimension], tables: Sequence[Sequence[str]]
) -> Lattice:
    """The cells over the values that the input has."""
    values = []
    for dimension in dimensions:
        rows = con.execute(f"SELECT DISTINCT {_code_sql(dimension.column)} FROM {ident(relation)}").fetchall()
        values.append([row[0] for row in rows])
    return build(dimensions, values, tables)


def members(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, lattice: Lattice, column: str, keep: int
) -> Members:
    """Sum the input per member and cell, over all groups and totals.

    Raises:
        DisclosureRefused: code ``negative-needs-split`` if a member's contribution to a cell is below zero.
    """
    magnitudes = list(spec.measures)
    try:
        _leaves(con, relation, spec, lattice, column)
        _spread(con, lattice, len(magnitudes))
        return _read(con, lattice, magnitudes, keep)
    finally:
        for table in (_LEAVES, _SPREAD):
            con.execute(f"DROP TABLE IF EXISTS {table}")


def _code_sql(column: str) -> str:
    return f"coalesce(nullif(trim(CAST({ident(column)} AS VARCHAR)), ''), {literal(MISSING)})"


def _leaves(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, lattice: Lattice, column: str) -> None:
    codes = ", ".join(f"{_code_sql(each.column)} AS d{number}" for number, each in enumerate(lattice.dimensions))
    sums = "".join(
        f", CAST(sum(CAST({ident(name)} AS {VALUE_TYPE})) * {MICRO} AS HUGEINT) AS s{number}"
        for number, name in enumerate(spec.measures)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_LEAVES} AS SELECT {codes}, {unit_sql(column)} AS member,"
        f" CAST(count(*) AS HUGEINT) AS n{sums} FROM {ident(relation)} GROUP BY ALL"
    )
    for number, name in enumerate(spec.measures):
        if one_row(con, f"SELECT count(*) FROM {_LEAVES} WHERE s{number} < 0")[0]:
            raise DisclosureRefused("negative-needs-split", column=name)


def _spread(con: duckdb.DuckDBPyConnection, lattice: Lattice, measures: int) -> None:
    """Carry each leaf's sums to every group and total that it belongs to."""
    names = []
    try:
        for number, (dimension, codes, stride) in enumerate(
            zip(lattice.dimensions, lattice.codes, lattice.strides, strict=True)
        ):
            place = {code: index * stride for index, code in enumerate(codes)}
            leaves = [code for code in codes if code not in dimension.groups()]
            pairs = [(leaf, place[group]) for leaf in leaves for group in dimension.ancestors(leaf)]
            names.append(f"{_CODES}{number}")
            con.register(names[-1], pa.table({"leaf": [p[0] for p in pairs], "part": pa.array([p[1] for p in pairs])}))
        names.append(f"{_CODES}_cells")
        con.register(names[-1], pa.table({"cell": pa.array(lattice.cells), "place": np.arange(len(lattice.cells))}))
        joins = "".join(f" JOIN {_CODES}{i} AS c{i} ON c{i}.leaf = d{i}" for i in range(len(lattice.dimensions)))
        cell = " + ".join(f"c{i}.part" for i in range(len(lattice.dimensions)))
        sums = "".join(f", {_sum(f's{i}')} AS s{i}" for i in range(measures))
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_SPREAD} AS SELECT place, member, {_sum('n')} AS n{sums} FROM {_LEAVES}"
            f"{joins} JOIN {_CODES}_cells AS cells ON cells.cell = {cell} GROUP BY place, member"
        )
    finally:
        for name in names:
            con.unregister(name)


def _sum(column: str) -> str:
    return f"CAST(sum(CAST({column} AS DECIMAL(38,0))) AS HUGEINT)"


def _read(con: duckdb.DuckDBPyConnection, lattice: Lattice, magnitudes: list[str], keep: int) -> Members:
    columns = {ROWS: "n", **{name: f"s{number}" for number, name in enumerate(magnitudes)}}
    with_value = [f"count({columns[name]})" for name in magnitudes]
    least = f"least({', '.join(with_value)})" if with_value else "count(*)"
    tops = ", ".join(f"coalesce({_sum(each)}, 0), max({each}, {keep}), count({each})" for each in columns.values())
    rows = con.execute(f"SELECT place, {least}, {tops} FROM {_SPREAD} GROUP BY place ORDER BY place").fetchall()
    size = len(lattice.cells)
    counts = np.zeros(size, np.int64)
    sums = {name: [0] * size for name in columns}
    cells: dict[str, dict[int, Concentration]] = {name: {} for name in columns}
    for place, count, *figures in rows:
        counts[place] = count
        for name, total, top, contributors in zip(columns, figures[::3], figures[1::3], figures[2::3], strict=True):
            sums[name][place] = int(total)
            cells[name][place] = Concentration(
                total=Decimal(total), top=tuple(Decimal(each) for each in top or ()), contributors=contributors
            )
    return Members(counts=counts, sums=sums, cells=cells, alone=_alone(con, list(columns.values())))


def _alone(con: duckdb.DuckDBPyConnection, columns: list[str]) -> list[tuple[str, int, bool, tuple[int, ...]]]:
    """Contributions of all members who are the only one in some cell."""
    figures = ", ".join(f"coalesce({each}, 0)" for each in columns)
    rows: list[tuple[Any, ...]] = con.execute(
        f"WITH sole AS (SELECT place, any_value(member) AS member FROM {_SPREAD} GROUP BY place"
        f" HAVING count(*) = 1 AND any_value(member) IS NOT NULL)"
        f" SELECT member, place, sole.place IS NOT NULL, {figures} FROM {_SPREAD} AS spread"
        f" LEFT JOIN sole USING (place, member) WHERE member IN (SELECT member FROM sole) ORDER BY member, place"
    ).fetchall()
    return [(row[0], int(row[1]), bool(row[2]), tuple(int(each) for each in row[3:])) for row in rows]
