"""Counting for the gate, written apart from `protect`: nothing here is shared with it except quoting of names.

Other ways on purpose: periods come from a calendar made with Python's zoneinfo instead of DuckDB's time functions,
units are numbered once and counted with ``count(DISTINCT …)`` in one pass instead of being summed per unit first, and
the vehicles of a snapshot are put together in Python.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from disclosure.errors import GateRefused
from disclosure.recounts.spelling import spelled
from disclosure.spec import Spec, TimeBin
from disclosure.sqltext import ident, one_row

Key = tuple[Any, ...]
_QUARTER = timedelta(minutes=15)
MOST_QUARTERS = 400_000
"""Eleven years; a longer span means a wrong date in the input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted:
    """What the input says about one cell."""

    units: int
    rows: int
    sums: tuple[Decimal | None, ...] = ()
    values: tuple[int, ...] = ()
    snapshots: int = 1


def calendar(first: datetime, last: datetime, spec: Spec) -> Iterator[datetime]:
    """Starts of the local periods that cover ``[first, last]``, in UTC."""
    zone = ZoneInfo(spec.timezone)
    if spec.time_bin is TimeBin.DAY:
        day = first.astimezone(zone).date()
        while (start := datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)) <= last:
            yield start
            day += timedelta(days=1)
        return
    minutes = 60 if spec.time_bin is TimeBin.HOUR else 15
    moment = datetime.fromtimestamp(first.timestamp() // 900 * 900, UTC) - 4 * _QUARTER
    while moment <= last:
        if moment.astimezone(zone).minute % minutes == 0:
            yield moment
        moment += _QUARTER


def count_units(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, min_units: int) -> dict[Key, Recounted]:
    """Recount every cell that has at least `min_units` distinct units (all cells when there is no unit)."""
    map_periods(con, relation, spec)
    member = "-1"
    join = ""
    if spec.unit is not None:
        _number_units(con, relation, spec.unit)
        # A missing unit has no number; -1 makes all of them one.
        member = "coalesce(gate_units.number, -1)"
        join = f" LEFT JOIN gate_units ON gate_units.raw = CAST(source.{ident(spec.unit)} AS VARCHAR)"
    zones = [f"CAST(source.{ident(zone)} AS VARCHAR)" for zone in spec.zones]
    values = [f"source.{ident(name)}" for name in spec.measures]
    counted = [f"count(DISTINCT CASE WHEN {value} IS NOT NULL THEN {member} END)" for value in values]
    smallest = f"least({', '.join(counted)})" if counted else f"count(DISTINCT {member})"
    measures = "".join(f", sum(CAST({value} AS DECIMAL(18,6))), count({value})" for value in values)
    having = f" HAVING {smallest} >= {min_units}" if spec.unit is not None else ""
    rows = con.execute(
        f"SELECT {', '.join(zones)}, gate_periods.start, count(*), {smallest}{measures}"
        f" FROM {ident(relation)} AS source JOIN gate_periods ON gate_periods.moment = source.{ident(spec.time)}{join}"
        f" GROUP BY {', '.join(zones)}, gate_periods.start{having}"
    ).fetchall()
    width = len(spec.zones) + 1
    return {
        row[:width]: Recounted(
            rows=row[width], units=row[width + 1], sums=row[width + 2 :: 2], values=row[width + 3 :: 2]
        )
        for row in rows
        if None not in row[:width]
    }


def count_present(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> dict[Key, Recounted]:
    """Recount the units present at once: the least over all snapshots of a period, and their total."""
    if spec.unit is None:
        raise GateRefused("unit-missing")
    map_periods(con, relation, spec)
    zones = ", ".join(f"CAST(source.{ident(zone)} AS VARCHAR)" for zone in spec.zones)
    name = f"coalesce({spelled(f'CAST(source.{ident(spec.unit)} AS VARCHAR)')}, '')"
    rows = con.execute(
        f"SELECT gate_periods.start, gate_periods.moment, count(DISTINCT {name}), {zones}"
        f" FROM {ident(relation)} AS source"
        f" JOIN gate_periods ON gate_periods.moment = source.{ident(spec.time)} GROUP BY ALL"
    ).fetchall()
    snapshots: dict[datetime, set[datetime]] = defaultdict(set)
    present: dict[Key, list[int]] = defaultdict(list)
    for start, moment, count, *zone in rows:
        snapshots[start].add(moment)
        if None not in zone:
            present[(*zone, start)].append(count)
    return {
        key: Recounted(
            units=min(counts) if len(counts) == len(snapshots[key[-1]]) else 0,
            rows=sum(counts),
            snapshots=len(snapshots[key[-1]]),
        )
        for key, counts in present.items()
    }


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the working tables; one of them holds units."""
    con.execute("DROP TABLE IF EXISTS gate_units")
    con.execute("DROP TABLE IF EXISTS gate_periods")


def map_periods(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> None:
    """Store each moment of the input with the start of its period."""
    moment = ident(spec.time)
    first, last = one_row(con, f"SELECT min({moment}), max({moment}) FROM {ident(relation)}")
    starts: list[datetime] = []
    if first is not None and last is not None:
        if (last - first) / _QUARTER > MOST_QUARTERS:
            raise GateRefused("span-too-long")
        starts = list(calendar(first.astimezone(UTC), last.astimezone(UTC), spec))
    con.register("gate_calendar", pa.table({"start": pa.array(starts, pa.timestamp("us", "UTC"))}))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE gate_periods AS SELECT moments.moment, gate_calendar.start FROM (SELECT DISTINCT"
        f" {moment} AS moment FROM {ident(relation)} WHERE {moment} IS NOT NULL) AS moments"
        " ASOF JOIN gate_calendar ON moments.moment >= gate_calendar.start"
    )
    con.unregister("gate_calendar")


def _number_units(con: duckdb.DuckDBPyConnection, relation: str, unit: str) -> None:
    """Number the spellings of each unit; blanks get no number."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE gate_units AS WITH spellings AS (SELECT DISTINCT"
        f" CAST({ident(unit)} AS VARCHAR) AS raw FROM {ident(relation)}) SELECT raw, dense_rank() OVER"
        f" (ORDER BY {spelled('raw')}) AS number FROM spellings WHERE {spelled('raw')} <> ''"
    )
