"""Contributions of units to cells, counted for the gate and streamed cell by cell.

Other ways than the policies on purpose: periods come from a calendar made with Python's zoneinfo, spellings of units
are joined in Python, and everything after the sums per spelling happens in Python's whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

import duckdb
import pyarrow as pa

from disclosure.errors import GateRefused
from disclosure.recounts.spelling import spelled
from disclosure.recounts.threshold_count import calendar
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import ident, one_row

CellId = tuple[Any, ...]
_BATCH: Final = 20_000
_LONGEST: Final = timedelta(days=11 * 366)


@dataclass(slots=True)
class Contribution:
    """What one unit adds to one cell: rows, and per measure the exact sum (None without a value)."""

    rows: int
    sums: list[Decimal | None]

    def add(self, rows: int, sums: tuple[Decimal | None, ...]) -> None:
        """Add another spelling of the same unit."""
        self.rows += rows
        self.sums = [
            one if other is None else other if one is None else one + other
            for one, other in zip(self.sums, sums, strict=True)
        ]


def cells_of(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, column: str
) -> Iterator[tuple[CellId, dict[str | None, Contribution]]]:
    """Each cell that has all its keys, with the contributions of its units by normalized name, in key order."""
    try:
        rows = _stream(con, _query(relation, spec, column, _map_periods(con, relation, spec)))
        width = len(spec.key_columns)
        for cell, group in groupby(rows, key=lambda row: row[:width]):
            if None not in cell:
                yield cell, _by_unit(group, width)
    finally:
        con.execute("DROP TABLE IF EXISTS gate_unit_periods")


def _by_unit(rows: Iterator[tuple[Any, ...]], width: int) -> dict[str | None, Contribution]:
    units: dict[str | None, Contribution] = {}
    for row in rows:
        name, count, sums = row[width] or None, row[width + 1], row[width + 2 :]
        if name in units:
            units[name].add(count, sums)
        else:
            units[name] = Contribution(count, list(sums))
    return units


def _stream(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    result = con.execute(query)
    while batch := result.fetchmany(_BATCH):
        yield from batch


def _query(relation: str, spec: Spec, column: str, periods: bool) -> str:
    keys = [f"CAST(source.{ident(zone)} AS VARCHAR)" for zone in spec.zones]
    join = ""
    if periods:
        keys.append("gate_unit_periods.start")
        join = f" JOIN gate_unit_periods ON gate_unit_periods.moment = source.{ident(spec.time)}"
    name = spelled(f"CAST(source.{ident(column)} AS VARCHAR)")
    sums = "".join(f", sum(CAST(source.{ident(measure)} AS DECIMAL(18,6)))" for measure in spec.measures)
    return (
        f"SELECT {', '.join(keys)}, {name}, count(*){sums} FROM {ident(relation)} AS source{join}"
        f" GROUP BY {', '.join(keys)}, {name} ORDER BY {', '.join(keys)}"
    )


def _map_periods(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> bool:
    """Store each moment of the input with the start of its period; False where the table has no time."""
    if PERIOD_COLUMN not in spec.key_columns:
        return False
    moment = ident(spec.time)
    first, last = one_row(con, f"SELECT min({moment}), max({moment}) FROM {ident(relation)}")
    starts: list[datetime] = []
    if first is not None:
        if last - first > _LONGEST:
            raise GateRefused("span-too-long")
        starts = list(calendar(first.astimezone(UTC), last.astimezone(UTC), spec))
    con.register("gate_calendar", pa.table({"start": pa.array(starts, pa.timestamp("us", "UTC"))}))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE gate_unit_periods AS SELECT moments.moment, gate_calendar.start FROM (SELECT"
        f" DISTINCT {moment} AS moment FROM {ident(relation)} WHERE {moment} IS NOT NULL) AS moments"
        " ASOF JOIN gate_calendar ON moments.moment >= gate_calendar.start"
    )
    con.unregister("gate_calendar")
    return True
