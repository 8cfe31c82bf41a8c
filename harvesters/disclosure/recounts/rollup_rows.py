"""Which published bin a row of the input belongs to: the finest one whose cell holds it.

Written apart from ``disclosure.rollup``: codes are texts from the policy's ``codes_sql`` and ``parent``, periods come
from the engine's calendar, and rows are placed by joining, from the published table down, instead of climbing up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from disclosure.errors import SpecInvalid
from disclosure.recounts import rollup_calendar
from disclosure.recounts.rollup_calendar import QUARTER_US, QUARTERS
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import ident, one_row

if TYPE_CHECKING:
    from disclosure.policies.rollup import Rollup

BIN = "__bin"


def assign(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    table: pa.Table,
    policy: Rollup,
    spec: Spec,
    target: str,
    columns: Sequence[str] = ("*",),
    label: str = BIN,
) -> None:
    """Store rows of the input with the number of the row of `table` they belong to, NULL where to none.

    Args:
        con: an open connection.
        relation: the input.
        table: a rolled-up table.
        policy: the policy that made it.
        spec: its specification.
        target: name of the temporary table that is made.
        columns: SQL of what is kept of each row, over the columns of the input, with their names.
        label: name of the column with the number, counted from 0.
    """
    moment = ident(spec.time)
    first, last = one_row(con, f"SELECT min({moment}), max({moment}) FROM {ident(relation)}")
    if first is None:
        first, last = one_row(con, "SELECT make_timestamptz(0), make_timestamptz(0)")
    rollup_calendar.map_quarters(con, policy.levels, spec.timezone, (first, last), policy.covers)
    registered = _register(con, relation, table, policy)
    spaces = [level.space for level in policy.levels]
    codes = "".join(
        f", {policy.space.codes_sql(place, spaces)} AS __code{number}"
        for number, place in enumerate(policy.space.places)
    )
    # Whole quarters since 1970, rounded down for earlier ones as well.
    micros = f"epoch_us({moment})"
    quarter = f"({micros} - (({micros} % {QUARTER_US}) + {QUARTER_US}) % {QUARTER_US}) // {QUARTER_US}"
    places = "".join(
        f" LEFT JOIN gate_place{number} ON gate_place{number}.code = source.__code{number}"
        for number in range(len(policy.space.places))
    )
    bins = ", ".join(f"bins{number}.bin" for number in range(len(policy.levels)))
    taken = (
        "source.* EXCLUDE (" + ", ".join([*(f"__code{each}" for each in range(len(policy.space.places))), "__q"]) + ")"
    )
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {ident(target)} AS SELECT {taken}, coalesce({bins}) AS {ident(label)}"
            f" FROM (SELECT {', '.join(columns)}{codes}, {quarter} AS __q FROM {ident(relation)}) AS source{places}"
            f" LEFT JOIN {QUARTERS} ON {QUARTERS}.quarter = source.__q{_bin_joins(policy)}"
        )
    finally:
        for name in registered:
            con.unregister(name)
        rollup_calendar.forget(con)


def _bin_joins(policy: Rollup) -> str:
    joins = ""
    for level in range(len(policy.levels)):
        same = [f"bins{level}.p{at} = gate_place{at}.l{level}" for at in range(len(policy.space.places))]
        same += [f"bins{level}.start = {QUARTERS}.s{level}", f"bins{level}.level = {level}"]
        joins += f" LEFT JOIN gate_bins AS bins{level} ON {' AND '.join(same)}"
    return joins


def _register(con: duckdb.DuckDBPyConnection, relation: str, table: pa.Table, policy: Rollup) -> list[str]:
    """Codes of the input with a number for each level, and the published bins by those numbers."""
    spaces = [level.space for level in policy.levels]
    number: dict[tuple[int, str], int] = {}
    names = []
    for at, place in enumerate(policy.space.places):
        sql = policy.space.codes_sql(place, spaces)
        found = con.execute(f"SELECT DISTINCT {sql} FROM {ident(relation)}").fetchall()
        chains = {code: chain for (code,) in found if code is not None and (chain := _chain(policy, code))}
        columns = {
            f"l{level}": pa.array(
                [number.setdefault((level, chain[level]), len(number)) for chain in chains.values()], pa.int64()
            )
            for level in range(len(spaces))
        }
        con.register(f"gate_place{at}", pa.table({"code": pa.array(list(chains), pa.string()), **columns}))
        names.append(f"gate_place{at}")
    slugs = {level.slug: place for place, level in enumerate(policy.levels)}
    levels = [slugs.get(slug, -1) for slug in table.column("level").to_pylist()]
    bins = {
        f"p{at}": pa.array(
            [
                number.get((level, code), -1)
                for level, code in zip(levels, table.column(place).to_pylist(), strict=True)
            ],
            pa.int64(),
        )
        for at, place in enumerate(policy.space.places)
    }
    bins["level"] = pa.array(levels, pa.int64())
    bins["start"] = table.column(PERIOD_COLUMN).combine_chunks().cast(pa.int64())
    bins["bin"] = pa.array(range(table.num_rows), pa.int64())
    con.register("gate_bins", pa.table(bins))
    return [*names, "gate_bins"]


def _chain(policy: Rollup, code: str) -> list[str] | None:
    """The code at each level; None where it is in no area."""
    spaces = [level.space for level in policy.levels]
    chain = [code]
    try:
        for fine, coarse in pairwise(spaces):
            chain.append(chain[-1] if fine == coarse else policy.space.parent(chain[-1], fine, coarse))
        policy.space.parent(code, spaces[0], spaces[0])
    except SpecInvalid:
        return None
    return chain
