"""Contributions of units to the atoms of two tables, out of the inputs of both.

Boundary: the SQL half of ``history.unions``. The two relations are two versions of the same data (a correction), or
the same relation twice (two tables made from one input). Leaves no table behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.errors import DisclosureRefused
from disclosure.history.contributions import MOST, Contributions
from disclosure.history.tilings import ROWS, Tiling
from disclosure.rounding import micro_sql
from disclosure.spec import MeasureKind, Presence, Spec
from disclosure.sqltext import VALUE_TYPE, ident, one_row
from disclosure.units import unit_sql

PIECES = "_history_pieces"
_VIEWS = ("_history_old_1", "_history_old_2", "_history_new_1", "_history_new_2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure that both tables print: an expression over a row, and whether the magnitude rules apply."""

    sql: str
    is_amount: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two tables: its input, its cells, and how it was described."""

    relation: str
    tiling: Tiling
    spec: Spec


def common_figures(old: Spec, new: Spec) -> tuple[Figure, ...]:
    """What can be subtracted: rows, sums, and for means their numerator and denominator (each known closely enough)."""
    found = []
    counts_rows = Presence.SIMULTANEOUS not in (old.presence, new.presence)
    if old.count_rows_as and new.count_rows_as and counts_rows:
        found.append(Figure(sql="1", is_amount=True))
    for name in old.measures:
        if name not in new.measures:
            continue
        found.append(Figure(sql=f"coalesce(CAST({ident(name)} AS {VALUE_TYPE}), 0)", is_amount=True))
        if MeasureKind.MEAN in (old.measures[name].kind, new.measures[name].kind):
            found.append(Figure(sql=f"CAST({ident(name)} IS NOT NULL AS INTEGER)", is_amount=False))
    return tuple(found)


def contributions(con: duckdb.DuckDBPyConnection, old: Side, new: Side, who: str) -> Contributions:
    """What each `who` gave to each atom, where it changed or where cells do not correspond one to one.

    Raises:
        DisclosureRefused: code ``history-not-comparable``: the inputs lack a column, or sums leave 64 bits.
    """
    figures = common_figures(old.spec, new.spec)
    counted = Presence.NONE not in (old.spec.presence, new.spec.presence)
    try:
        with _labeled(con, old, new):
            _store_pieces(con, old.spec, new.spec, who, figures)
            _check_size(con, len(figures))
            table = con.sql(_wanted_sql(len(figures))).to_arrow_table()
    except (duckdb.BinderException, duckdb.ConversionException, duckdb.OutOfRangeException):
        # The engine's message may quote a value; that the inputs do not fit together is all that is said.
        raise DisclosureRefused("history-not-comparable", policy="") from None
    return _arrays(table, figures, counted=counted)


@contextmanager
def _labeled(con: duckdb.DuckDBPyConnection, old: Side, new: Side) -> Iterator[None]:
    try:
        for side, first, second in ((old, *_VIEWS[:2]), (new, *_VIEWS[2:])):
            old.tiling(con, side.relation, "__old", first)
            new.tiling(con, first, "__new", second)
        yield
    finally:
        for view in reversed(_VIEWS):
            con.execute(f"DROP VIEW IF EXISTS {view}")
            con.execute(f"DROP TABLE IF EXISTS {view}{ROWS}")
        con.execute(f"DROP TABLE IF EXISTS {PIECES}")


def _store_pieces(con: duckdb.DuckDBPyConnection, old: Spec, new: Spec, who: str, figures: tuple[Figure, ...]) -> None:
    """One row for each unit and atom: rows (``r``), units that count (``h``) and figures (``f``) of both versions."""
    sides = []
    for number, (view, spec) in enumerate(((_VIEWS[1], old), (_VIEWS[3], new)), start=1):
        here = " AND ".join(f"{ident(name)} IS NOT NULL" for name in spec.measures) or "true"
        values = [f"CAST({here} AS INTEGER)", *(figure.sql for figure in figures)]
        columns = [
            f"{value if side == number else 0} AS v{side}_{place}"
            for side in (1, 2)
            for place, value in enumerate(values)
        ]
        sides.append(f"SELECT __old, __new, coalesce({unit_sql(who)}, '') AS __unit, {', '.join(columns)} FROM {view}")
    sums = [f"max(v{side}_0) = 1 AS h{side}" for side in (1, 2)] + [
        f"{micro_sql(f'sum(CAST(v{side}_{place} AS {VALUE_TYPE}))')} AS f{side}_{place - 1}"
        for side in (1, 2)
        for place in range(1, len(figures) + 1)
    ]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PIECES} AS SELECT __old, __new, __unit, {', '.join(sums)}"
        f" FROM ({' UNION ALL '.join(sides)}) GROUP BY __old, __new, __unit"
    )


def _check_size(con: duckdb.DuckDBPyConnection, figures: int) -> None:
    names = [f"f{side}_{place}" for side in (1, 2) for place in range(figures)]
    if names:
        largest = one_row(con, f"SELECT {', '.join(f'coalesce(sum(abs({name})), 0)' for name in names)} FROM {PIECES}")
        if max(largest) > MOST:
            raise DisclosureRefused("history-not-comparable", policy="")


def _wanted_sql(figures: int) -> str:
    """Pieces that changed, and all pieces of cells that do not correspond one to one."""
    values = [f"f{side}_{place}" for side in (1, 2) for place in range(figures)]
    changed = " OR ".join(["h1 <> h2", *(f"f1_{place} <> f2_{place}" for place in range(figures))])
    return (
        "WITH named AS (SELECT *, dense_rank() OVER (ORDER BY __old) AS __o, dense_rank() OVER (ORDER BY __new) AS __n,"
        f" dense_rank() OVER (ORDER BY __unit) AS __u FROM {PIECES}),"
        " atoms AS (SELECT DISTINCT __o, __n FROM named),"
        " several AS (SELECT __o, __n, count(*) OVER (PARTITION BY __o) + count(*) OVER (PARTITION BY __n) > 2 AS many"
        " FROM atoms)"
        f" SELECT __o, __n, __u, h1, h2{''.join(f', CAST({name} AS BIGINT) AS {name}' for name in values)}"
        f" FROM named JOIN several USING (__o, __n) WHERE many OR {changed} ORDER BY __o, __n, __u"
    )


def _arrays(table: pa.Table, figures: tuple[Figure, ...], *, counted: bool) -> Contributions:
    def column(name: str) -> Any:
        return table.column(name).to_numpy()

    def values(side: int) -> Any:
        columns = [column(f"f{side}_{place}") for place in range(len(figures))]
        return np.stack(columns, axis=1) if columns else np.zeros((table.num_rows, 0), dtype=np.int64)

    return Contributions(
        old=column("__o"),
        new=column("__n"),
        unit=column("__u"),
        before=values(1),
        after=values(2),
        here_before=column("h1"),
        here_after=column("h2"),
        counted=counted,
        amounts=tuple(figure.is_amount for figure in figures),
    )
