"""Periods for the gate's recount of a roll-up: the engine's own time zones, quarter by quarter.

Shares nothing with ``rollup.calendar``, which uses Python's zoneinfo. A period begins at the first quarter of an hour
that falls into it on the local clock, so half-existing and repeated hours need no special case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from disclosure.rollup.calendar import Covers
from disclosure.rollup.ladder import Level
from disclosure.sqltext import literal

QUARTERS = "gate_quarters"
QUARTER_US = 900_000_000
_MARGIN_DAYS = 35
"""A month and a bit: a period that begins before the first row is still found whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """Starts of periods, in microseconds since 1970.

    Attributes:
        above: for each step up, the start of the period above each one.
        room: for each step up, how many periods inside each coarser one have an open quarter.
    """

    above: tuple[dict[int, int], ...]
    room: tuple[dict[int, int], ...]


def map_quarters(
    con: duckdb.DuckDBPyConnection,
    levels: Sequence[Level],
    timezone: str,
    span: tuple[datetime, datetime],
    covers: Covers | None,
) -> None:
    """Store for each quarter the start of its period at every level: ``gate_quarters(quarter, local, s0, s1, …)``."""
    first, last = _days(span, covers)
    begin, end = ((day - date(1970, 1, 1)).days * 96 for day in (first, last))
    margin = 3 * 96  # local days begin up to fourteen hours before or after those of UTC
    zone = literal(timezone)
    starts = ", ".join(
        f"min(quarter) OVER (PARTITION BY {_period_sql(level.time)}) * {QUARTER_US} AS s{number}"
        for number, level in enumerate(levels)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {QUARTERS} AS WITH clock AS (SELECT quarter,"
        f" timezone({zone}, make_timestamptz(quarter * {QUARTER_US})) AS local"
        f" FROM generate_series({begin - margin}, {end + margin}) AS numbers(quarter)),"
        f" covered AS (SELECT * FROM clock WHERE CAST(local AS DATE) BETWEEN {_date(first)} AND {_date(last)})"
        f" SELECT quarter, local, {starts} FROM covered"
    )


def periods(con: duckdb.DuckDBPyConnection, levels: int, closed_hours: frozenset[int]) -> Periods:
    """Read the lattice of periods out of ``gate_quarters``."""
    columns = ", ".join(f"s{number}" for number in range(levels))
    rows = con.execute(f"SELECT DISTINCT {columns} FROM {QUARTERS}").fetchall()
    shut = ", ".join(map(str, sorted(closed_hours))) or "-1"
    opened = {
        start
        for (start,) in con.execute(f"SELECT DISTINCT s0 FROM {QUARTERS} WHERE hour(local) NOT IN ({shut})").fetchall()
    }
    above: list[dict[int, int]] = []
    room: list[dict[int, int]] = []
    for step in range(levels - 1):
        step_up = {row[step]: row[step + 1] for row in rows}
        above.append(step_up)
        room.append(dict(Counter(step_up[start] for start in opened)))
        opened = {step_up[start] for start in opened}
    return Periods(above=tuple(above), room=tuple(room))


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the lookup."""
    con.execute(f"DROP TABLE IF EXISTS {QUARTERS}")


def _days(span: tuple[datetime, datetime], covers: Covers | None) -> tuple[date, date]:
    if covers is not None:
        return covers.first, covers.last
    margin = timedelta(days=_MARGIN_DAYS)
    return (span[0] - margin).date(), (span[1] + margin).date()


def _period_sql(time: str) -> str:
    named = {
        "PT15M": "quarter",
        "P1D": "CAST(local AS DATE)",
        "P7D": "date_trunc('week', local)",
        "P1M": "date_trunc('month', local)",
        "all": "0",
    }
    if time in named:
        return named[time]
    length = int(time.removeprefix("PT").removesuffix("H"))
    if length == 1:
        # Two hours of one name differ in how far the local clock is ahead.
        return f"date_trunc('hour', local), epoch_us(local) - quarter * {QUARTER_US}"
    return f"CAST(local AS DATE), hour(local) // {length}"


def _date(day: date) -> str:
    return f"DATE {literal(day.isoformat())}"
