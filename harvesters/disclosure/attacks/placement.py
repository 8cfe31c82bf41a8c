"""How a published key is read: the SQL that finds for a row of the input the published row that describes it.

Boundary: one function for each form of table; each registers small lookup tables and returns the pieces of one query.
Tables with totals: a row belongs to its own cell and to every group and total above it.
Flat tables: the text of the zones and the published period. Rolled-up tables: the finest published bin that holds the
row, since a coarser bin covers its cell less the finer published ones. Periods come from Python's calendar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from disclosure.attacks.core import Target
from disclosure.attacks.periods import quarter_sql, quarters_of
from disclosure.errors import SpecInvalid
from disclosure.spec import PERIOD_COLUMN
from disclosure.sqltext import ident, literal

PUBLISHED: Final = "_attack_published"
QUARTERS: Final = "_attack_quarters"
TOTAL: Final = "Total"
MISSING: Final = "?"
"""How a table with totals prints a missing value, a category of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Pieces of a query over the input.

    Attributes:
        keys: what is computed for each row of the input, by name.
        joins: from the input (``source``) to the published rows.
        cell: the number of the published row, or NULL.
        registered: the lookup tables by the names they are registered under, to be forgotten afterwards.
    """

    keys: Mapping[str, str]
    joins: str
    cell: str
    registered: Mapping[str, pa.Table]


def flat(con: duckdb.DuckDBPyConnection, target: Target) -> Placement:
    """Zones as text, and the published period that holds the moment."""
    spec = target.spec
    keys = {f"__k{number}": f"CAST({ident(zone)} AS VARCHAR)" for number, zone in enumerate(spec.zones)}
    same = [f"source.__k{number} = published.{ident(zone)}" for number, zone in enumerate(spec.zones)]
    if not spec.time:
        return Placement(keys=keys, joins=_join(same), cell="published.__cell", registered={})
    keys["__q"] = quarter_sql(ident(spec.time))
    starts = target.table.column(PERIOD_COLUMN).to_pylist()
    quarters = quarters_of(starts, str(spec.time_bin), spec.timezone)
    con.register(QUARTERS, quarters)
    same.append(f"published.{PERIOD_COLUMN} = quarters.start")
    return Placement(
        keys=keys,
        joins=f"JOIN {QUARTERS} AS quarters ON quarters.quarter = source.__q {_join(same)}",
        cell="published.__cell",
        registered={QUARTERS: quarters},
    )


def _join(same: list[str]) -> str:
    return f"JOIN {PUBLISHED} AS published ON {' AND '.join(same)}"


def with_totals(con: duckdb.DuckDBPyConnection, target: Target) -> Placement:
    """A cell and all groups and totals that are above it by the policy's public hierarchies."""
    spec = target.spec
    placed = flat(con, target) if spec.time else None
    registered: dict[str, pa.Table] = dict(placed.registered) if placed else {}
    keys = {"__q": placed.keys["__q"]} if placed else {}
    joins = [f"JOIN {QUARTERS} AS quarters ON quarters.quarter = source.__q"] if placed else []
    same = [f"published.{PERIOD_COLUMN} = quarters.start"] if placed else []
    for number, zone in enumerate(spec.zones):
        key, name = f"__k{number}", f"_attack_groups_{number}"
        # A table of exact totals prints a missing value as a category of its own.
        keys[key] = f"CAST({ident(zone)} AS VARCHAR)"
        if target.policy.name == "suppression":
            keys[key] = f"coalesce({keys[key]}, {literal(MISSING)})"
        registered[name] = _above(target, zone, _codes(con, target, keys[key]))
        con.register(name, registered[name])
        joins.append(f"JOIN {name} AS g{number} ON g{number}.code = source.{key}")
        same.append(f"g{number}.above = published.{ident(zone)}")
    joined = f"{' '.join(joins)} {_join(same)}"
    return Placement(keys=keys, joins=joined, cell="published.__cell", registered=registered)


def _above(target: Target, zone: str, codes: list[str]) -> pa.Table:
    """Each code beside itself and what is above it."""
    policy: Any = target.policy
    above = {code: {code, TOTAL} for code in codes}
    if policy.name == "suppression":
        dimension = next(each for each in policy.of(target.spec) if each.column == zone)
        above = {code: {*dimension.ancestors(code), dimension.total} for code in codes}
    pairs = sorted((code, label) for code, labels in above.items() for label in labels)
    table = {"code": [code for code, _ in pairs], "above": [label for _, label in pairs]}
    return pa.table({name: pa.array(values, pa.string()) for name, values in table.items()})


def rolled(con: duckdb.DuckDBPyConnection, target: Target) -> Placement:
    """The finest published bin: one left join for each level of the ladder."""
    policy: Any = target.policy
    if target.truth is None:
        raise ValueError("placing rows needs the truth")
    spaces = [level.space for level in policy.levels]
    keys = {f"__k{number}": policy.space.codes_sql(place, spaces) for number, place in enumerate(policy.space.places)}
    keys["__q"] = quarter_sql(ident(target.spec.time))
    joins: list[str] = []
    registered: dict[str, pa.Table] = {}
    for number, expression in enumerate(keys[f"__k{at}"] for at in range(len(policy.space.places))):
        codes = _codes(con, target, expression)
        name = f"_attack_place_{number}"
        registered[name] = _parents(policy.space, spaces, codes)
        con.register(name, registered[name])
        joins.append(f"LEFT JOIN {name} AS p{number} ON p{number}.code = source.__k{number}")
    for number, level in enumerate(policy.levels):
        name = f"_attack_time_{number}"
        registered[name] = _times(target, level)
        con.register(name, registered[name])
        same = [f"b{number}.level = {literal(level.slug)}", f"b{number}.{PERIOD_COLUMN} = t{number}.start"]
        same += [f"b{number}.{ident(place)} = p{at}.l{number}" for at, place in enumerate(policy.space.places)]
        joins.append(f"LEFT JOIN {name} AS t{number} ON t{number}.quarter = source.__q")
        joins.append(f"LEFT JOIN {PUBLISHED} AS b{number} ON {' AND '.join(same)}")
    cell = f"coalesce({', '.join(f'b{number}.__cell' for number in range(len(policy.levels)))})"
    return Placement(keys=keys, joins=" ".join(joins), cell=cell, registered=registered)


def _codes(con: duckdb.DuckDBPyConnection, target: Target, expression: str) -> list[str]:
    """The finest codes that occur in the input."""
    relation = target.truth.relation if target.truth else ""
    rows = con.execute(f"SELECT DISTINCT {expression} AS code FROM {ident(relation)} ORDER BY code").fetchall()
    return [code for (code,) in rows if code is not None]


def _parents(space: Any, levels: list[str], codes: list[str]) -> pa.Table:
    """The code of each level for each finest code; nothing for what the space does not know."""
    columns: dict[str, list[str | None]] = {"code": list(codes)}
    for number, level in enumerate(levels):
        columns[f"l{number}"] = [_parent(space, code, levels[0], level) for code in codes]
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _parent(space: Any, code: str, fine: str, coarse: str) -> str | None:
    try:
        return code if fine == coarse else str(space.parent(code, fine, coarse))
    except SpecInvalid:
        return None


def _times(target: Target, level: Any) -> pa.Table:
    """The published periods of one level."""
    policy: Any = target.policy
    rows = zip(target.table.column("level").to_pylist(), target.table.column(PERIOD_COLUMN).to_pylist(), strict=True)
    starts = [start for slug, start in rows if slug == level.slug]
    return quarters_of(starts, level.time, target.spec.timezone, policy.covers.last if policy.covers else None)


PLACEMENTS: Final[Mapping[str, Callable[[duckdb.DuckDBPyConnection, Target], Placement]]] = {
    "threshold": flat,
    "cell-key": flat,
    "suppression": with_totals,
    "magnitude": with_totals,
    "rollup": rolled,
}
"""Forms of tables by policy. Under differential privacy a printed cell promises no number of units, so none is read."""
