"""Who is behind each published row: an independent reading of the published keys against the input.

This is the only place where attacks count the input. It reads what is printed (text of a key, start of a period) and
asks which rows of the input it describes; it shares no counting with the policies nor with the gate's recount. Units
are compared without case and without white space of any kind, and all missing ones are one: the fewest units that an
attacker could make of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from disclosure.attacks.core import Target
from disclosure.attacks.placement import PLACEMENTS, PUBLISHED
from disclosure.attacks.totals import is_partial
from disclosure.spec import UNITS_COLUMN
from disclosure.sqltext import ident

MEMBERS: Final = "_attack_members"
_ASIDE: Final = "_attack_members_aside"
_BLANKS: Final = "' \t\r\n\u00a0\u2007\u202f\u3000'"


@dataclass(frozen=True, slots=True)
class Members:
    """The temporary table `MEMBERS` of one target.

    It has only rows that print a figure other than zero: ``cell`` (row number of the published table), ``u0``, ``u1``
    … (units), ``holder`` (where contributors are other than units), ``n`` (rows), and for each measure ``v0`` … (rows
    with a value), ``s0`` … (sum) and ``a0`` … (sum of absolute values); one row for each cell and combination of units.
    `source` is the text of the query behind it, from the rows of the input to the published ones, with withheld rows as
    well.
    """

    con: duckdb.DuckDBPyConnection
    units: tuple[str, ...]
    values: tuple[str, ...]
    sums: tuple[str, ...]
    sizes: tuple[str, ...]
    holder: str | None
    source: str
    cell: str
    registered: Mapping[str, pa.Table]


_OPEN: ContextVar[tuple[Target, Members] | None] = ContextVar("_OPEN", default=None)


def unit_text(column: str, prefix: str = "") -> str:
    """A unit as the attacker compares it; the empty text stands for every missing one."""
    return f"coalesce(upper(trim(CAST({prefix}{ident(column)} AS VARCHAR), {_BLANKS})), '')"


def shown_rows(target: Target) -> list[bool]:
    """Whether each published row prints any figure; a withheld row, an empty cell and a partial total print none."""
    spec, table = target.spec, target.table
    names = [UNITS_COLUMN, *filter(None, (spec.count_rows_as,)), *spec.measures]
    figures = [table.column(name).to_pylist() for name in names if name in table.column_names]
    if not figures:
        return [True] * table.num_rows
    printed = [any(value is not None and value != 0 for value in row) for row in zip(*figures, strict=True)]
    return [shown and not partial for shown, partial in zip(printed, is_partial(target), strict=True)]


def has_members(target: Target) -> bool:
    """Whether published rows of this policy describe rows of the input by their keys."""
    return target.truth is not None and bool(target.spec.units) and target.policy.name in PLACEMENTS


@contextmanager
def members(target: Target) -> Iterator[Members]:
    """The members of the published cells of a target with truth; dropped at the end, shared by nested calls.

    Members of another target may be counted inside: those of the outer one are put aside meanwhile.

    Raises:
        ValueError: if the target has no truth.
    """
    outer = _OPEN.get()
    if outer is not None and outer[0] is target:
        _register(outer[1])
        yield outer[1]
        return
    if target.truth is None:
        raise ValueError("members need the truth")
    con = target.truth.con
    aside = outer is not None and outer[1].con is con
    if aside:
        con.execute(f"ALTER TABLE {MEMBERS} RENAME TO {_ASIDE}")
    found: Members | None = None
    token = _OPEN.set(None)
    try:
        found = _build(con, target.truth.relation, target)
        _OPEN.set((target, found))
        yield found
    finally:
        _OPEN.reset(token)
        con.execute(f"DROP TABLE IF EXISTS {MEMBERS}")
        for name in (PUBLISHED,) if found is None else found.registered:
            con.unregister(name)
        if outer is not None and aside:
            con.execute(f"ALTER TABLE {_ASIDE} RENAME TO {MEMBERS}")
            _register(outer[1])


def _register(found: Members) -> None:
    """Make the lookup tables known again; counting another target has replaced them."""
    for name, table in found.registered.items():
        found.con.register(name, table)


def _exact(measure: str) -> str:
    return f"CAST(source.{ident(measure)} AS DECIMAL(18, 6))"


def _build(con: duckdb.DuckDBPyConnection, relation: str, target: Target) -> Members:
    spec = target.spec
    units = tuple(f"u{number}" for number in range(len(spec.units)))
    values, sums, sizes = (tuple(f"{letter}{number}" for number in range(len(spec.measures))) for letter in "vsa")
    holder = "holder" if spec.contributor is not None and spec.contributor not in spec.units else None
    columns = dict(zip(units, spec.units, strict=True)) | ({holder: str(spec.contributor)} if holder else {})
    numbered = target.table.append_column("__cell", pa.array(range(target.table.num_rows), pa.int64()))
    published = numbered.append_column("__shown", pa.array(shown_rows(target), pa.bool_()))
    con.register(PUBLISHED, published)
    placed = PLACEMENTS[target.policy.name](con, target)
    keys = "".join(f", {expression} AS {name}" for name, expression in placed.keys.items())
    source = f"(SELECT *{keys} FROM {ident(relation)}) AS source {placed.joins}"
    spelled = "".join(f", source.{ident(column)} AS {name}" for name, column in columns.items())
    valued = "".join(
        f", count({value}) AS {v}, sum({value}) AS {s}, sum(abs({value})) AS {a}"
        for v, s, a, value in zip(values, sums, sizes, map(_exact, spec.measures), strict=True)
    )
    # Spellings are put together after the first grouping: text functions on every row would cost most of the time.
    named = "".join(f", {unit_text(name)} AS {name}" for name in columns)
    summed = "".join(f", sum({name})::BIGINT AS {name}" for name in values)
    summed += "".join(f", sum({name}) AS {name}" for name in (*sums, *sizes))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {MEMBERS} AS WITH spelled AS (SELECT {placed.cell} AS cell{spelled},"
        f" count(*) AS n{valued} FROM {source} GROUP BY ALL)"
        f" SELECT cell{named}, sum(n)::BIGINT AS n{summed} FROM spelled WHERE cell IN"
        f" (SELECT __cell FROM {PUBLISHED} WHERE __shown) GROUP BY ALL"
    )
    return Members(
        con=con,
        units=units,
        values=values,
        sums=sums,
        sizes=sizes,
        holder=holder,
        source=source,
        cell=placed.cell,
        registered={PUBLISHED: published, **placed.registered},
    )
