"""From the bins of a run to the published table, and how much each level kept.

Boundary: reads the tables that ``climb`` left; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.policies.flat import TITLES, count_fields, measure_fields, title
from disclosure.rollup.calendar import Covers
from disclosure.rollup.climb import Climb
from disclosure.rollup.frame import PREFIX
from disclosure.rollup.judge import ROWS_COLUMN
from disclosure.rollup.ladder import Level
from disclosure.rollup.rest import bins_table
from disclosure.shape import Field, Role, Shape
from disclosure.space.axis import WHOLE, Axis
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, Spec
from disclosure.sqltext import ident, one_row

LEVEL, PERIOD, IS_REST, SUBTRACTED = "level", "period", "is_rest", "subtracted"
_INSIDE = PREFIX + "inside"
_TITLES: Mapping[str, Mapping[str, str]] = {
    LEVEL: {"sl": "Raven (območje in čas)", "en": "Level (area and time)"},
    PERIOD: {"sl": "Dolžina obdobja", "en": "Length of period"},
    IS_REST: {"sl": "Ostanek brez posebej objavljenih delov", "en": "Rest without the parts shown elsewhere"},
    SUBTRACTED: {"sl": "Število posebej objavljenih delov", "en": "Number of parts shown elsewhere"},
    ROWS_COLUMN: {"sl": "Število zapisov", "en": "Number of rows"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What one level publishes: bins, rows, and the bin in which the median row of the level lies (its rows)."""

    level: str
    bins: int
    rows: int


def rollup_shape(spec: Spec, places: Sequence[str]) -> Shape:
    """Columns of the published table."""
    counted = spec.count_rows_as or ROWS_COLUMN

    def field(name: str, kind: str, role: Role) -> Field:
        return Field(name=name, type=kind, role=role, title=title(spec, name) or _TITLES.get(name, {}))

    start = Field(name=PERIOD_COLUMN, type="timestamp[us, tz=UTC]", role=Role.KEY, title=TITLES[PERIOD_COLUMN])
    counts = [each for each in count_fields(spec) if each.name == UNITS_COLUMN]
    return Shape(
        fields=(
            field(LEVEL, "string", Role.KEY),
            *(field(place, "string", Role.KEY) for place in places),
            start,
            field(PERIOD, "string", Role.LABEL),
            *counts,
            field(counted, "int64", Role.COUNT),
            *measure_fields(spec),
            field(IS_REST, "bool", Role.LABEL),
            field(SUBTRACTED, "int64", Role.LABEL),
        ),
        primary_key=(LEVEL, *places, PERIOD_COLUMN),
    )


def table_of(climb: Climb, shape: Shape, covers: Covers | None) -> pa.Table:
    """All bins in the order of the primary key."""
    _count_inside(climb)
    try:
        parts = [_level_table(climb, number, shape, covers) for number in range(len(climb.frame.levels))]
    finally:
        for number in range(len(climb.frame.levels)):
            climb.con.execute(f"DROP TABLE IF EXISTS {_INSIDE}{number}")
    whole = pa.concat_tables(parts).combine_chunks()
    return whole.sort_by([(name, "ascending") for name in shape.primary_key]).combine_chunks()


def kept_by_level(climb: Climb) -> tuple[Kept, ...]:
    """Bins and rows of each level; confidential."""
    found = []
    for number, level in enumerate(climb.frame.levels):
        rows = ident(climb.judge.rows_name)
        bins, count = one_row(climb.con, f"SELECT count(*), coalesce(sum({rows}), 0)::BIGINT FROM {bins_table(number)}")
        found.append(Kept(level=level.slug, bins=bins, rows=count))
    return tuple(found)


def period_name(level: Level, covers: Covers | None) -> str:
    """The length as published: the whole is so many days."""
    return f"P{covers.days}D" if level.time == WHOLE and covers else level.time


def _count_inside(climb: Climb) -> None:
    """For each cell of a level, how many finer bins are published inside it."""
    con, frame = climb.con, climb.frame
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_INSIDE}0 AS SELECT key, 0 AS n FROM {bins_table(0)} WHERE false")
    for level in range(1, len(frame.levels)):
        above, joins = frame.above_sql(level - 1, "below.key")
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_INSIDE}{level} AS SELECT {above} AS key, CAST(sum(below.n) AS BIGINT) AS n"
            f" FROM (SELECT key, n FROM {_INSIDE}{level - 1} UNION ALL SELECT key, 1 FROM {bins_table(level - 1)})"
            f" AS below{joins} GROUP BY 1"
        )


def _level_table(climb: Climb, level: int, shape: Shape, covers: Covers | None) -> pa.Table:
    frame, judge = climb.frame, climb.judge
    numbers = ", ".join(f"{sql} AS __a{at}" for at, sql in enumerate(frame.numbers_sql(level, "bins.key")))
    figures = "".join(f", {ident(name)}" for name in judge.spec.measures)
    found = _fetch(
        climb.con,
        f"SELECT {numbers}, CAST(units AS BIGINT) AS units, {ident(judge.rows_name)}{figures},"
        f" coalesce(inside.n, 0)::BIGINT AS {SUBTRACTED} FROM {bins_table(level)} AS bins"
        f" LEFT JOIN {_INSIDE}{level} AS inside ON inside.key = bins.key",
    )
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        axis.name: _labels(axis, level, found.column(f"__a{at}")) for at, axis in enumerate(frame.axes)
    }
    rung = frame.levels[level]
    columns[LEVEL] = pa.array([rung.slug] * found.num_rows, pa.string())
    columns[PERIOD] = pa.array([period_name(rung, covers)] * found.num_rows, pa.string())
    columns[IS_REST] = pa.array(found.column(SUBTRACTED).to_numpy() > 0, pa.bool_())
    columns |= {name: found.column(name) for name in (UNITS_COLUMN, judge.rows_name, *judge.spec.measures, SUBTRACTED)}
    return pa.table([columns[name] for name in shape.names], names=list(shape.names))


def _labels(axis: Axis, level: int, numbers: pa.ChunkedArray) -> pa.Array:
    """Labels are made once for each number that occurs."""
    distinct, place = np.unique(numbers.to_numpy().astype(np.int64), return_inverse=True)
    return axis.labels(level, distinct).take(pa.array(place.ravel()))


def _fetch(con: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    return con.sql(query).to_arrow_table()
