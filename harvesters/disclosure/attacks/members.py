"""Who is behind each published row: an independent reading of the published keys against the input.

This is the only place where attacks count the input. It reads what is printed (text of a key, start of a period) and
asks which rows of the input it describes; it shares no counting with the policies nor with the gate's recount. Units
are compared without case and without white space of any kind, and all missing ones are one: the fewest units that an
attacker could make of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from disclosure.attacks.core import Target
from disclosure.attacks.periods import quarter_sql, quarters_of
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import ident

MEMBERS = "_attack_members"
_PUBLISHED = "_attack_published"
_QUARTERS = "_attack_quarters"
_BLANKS = "' \t\r\n\u00a0\u2007\u202f\u3000'"


@dataclass(frozen=True, slots=True)
class Members:
    """The temporary table of one target: ``cell`` (row number of the published table), ``u0``, ``u1`` … (units),
    ``n`` (rows) and ``v0``, ``v1`` … (rows with a value, for each measure); one row for each cell and units."""

    con: duckdb.DuckDBPyConnection
    units: tuple[str, ...]
    values: tuple[str, ...]
    source: str
    """The input rows (``source``) beside the published rows (``published``) that they belong to."""


_OPEN: ContextVar[tuple[Target, Members] | None] = ContextVar("_OPEN", default=None)


def unit_text(column: str, prefix: str = "") -> str:
    """A unit as the attacker compares it; the empty text stands for every missing one."""
    return f"coalesce(upper(trim(CAST({prefix}{ident(column)} AS VARCHAR), {_BLANKS})), '')"


@contextmanager
def members(target: Target) -> Iterator[Members]:
    """The members of the published cells of a target with truth; dropped at the end, shared by nested calls.

    Raises:
        ValueError: if the target has no truth.
    """
    shared = _OPEN.get()
    if shared is not None and shared[0] is target:
        yield shared[1]
        return
    if target.truth is None:
        raise ValueError("members need the truth")
    con = target.truth.con
    try:
        found = _build(con, target.truth.relation, target)
        token = _OPEN.set((target, found))
        try:
            yield found
        finally:
            _OPEN.reset(token)
    finally:
        _drop(con)


def has_members(target: Target) -> bool:
    """Whether published rows of this policy describe rows of the input by their keys."""
    return target.truth is not None and bool(target.spec.units) and target.policy.name in _SOURCES


def _build(con: duckdb.DuckDBPyConnection, relation: str, target: Target) -> Members:
    spec = target.spec
    units = tuple(f"u{number}" for number in range(len(spec.units)))
    values = tuple(f"v{number}" for number in range(len(spec.measures)))
    numbered = target.table.append_column("__cell", pa.array(range(target.table.num_rows), pa.int64()))
    con.register(_PUBLISHED, numbered)
    if spec.time:
        starts = target.table.column(PERIOD_COLUMN).to_pylist()
        con.register(_QUARTERS, quarters_of(starts, spec.time_bin, spec.timezone))
    spelled = "".join(f", source.{ident(column)} AS {name}" for column, name in zip(spec.units, units, strict=True))
    named = "".join(f", {unit_text(name)} AS {name}" for name in units)
    summed = "".join(f", sum({name}) AS {name}" for name in values)
    valued = "".join(
        f", count(source.{ident(column)}) AS {name}" for column, name in zip(spec.measures, values, strict=True)
    )
    source = _SOURCES[target.policy.name](relation, spec)
    # Spellings are put together after the first grouping: text functions on every row would cost most of the time.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {MEMBERS} AS WITH spelled AS (SELECT published.__cell AS cell{spelled},"
        f" count(*) AS n{valued} FROM {source} GROUP BY ALL)"
        f" SELECT cell{named}, sum(n) AS n{summed} FROM spelled GROUP BY ALL"
    )
    return Members(con=con, units=units, values=values, source=source)


def _flat_source(relation: str, spec: Spec) -> str:
    """Input rows beside the published row that has their keys."""
    zones = [f"CAST(source.{ident(zone)} AS VARCHAR) = published.{ident(zone)}" for zone in spec.zones]
    if not spec.time:
        return f"{ident(relation)} AS source JOIN {_PUBLISHED} AS published ON {' AND '.join(zones)}"
    moment = quarter_sql(f"source.{ident(spec.time)}")
    zones.append(f"published.{PERIOD_COLUMN} = quarters.start")
    return (
        f"{ident(relation)} AS source JOIN {_QUARTERS} AS quarters ON quarters.quarter = {moment}"
        f" JOIN {_PUBLISHED} AS published ON {' AND '.join(zones)}"
    )


_SOURCES = {"threshold": _flat_source, "cell-key": _flat_source, "dp": _flat_source}


def _drop(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"DROP TABLE IF EXISTS {MEMBERS}")
    for name in (_PUBLISHED, _QUARTERS):
        con.unregister(name)
