"""Which columns look like direct identifiers, by their names and by a sample of their different values.

Boundary: takes the sample; judging it is for ``disclosure.identifiers``. The sample depends on the values alone, not
on the order of rows.
"""

from __future__ import annotations

import duckdb

from disclosure import identifiers
from disclosure.assess.homes import home_coordinates
from disclosure.identifiers import Suspicion
from disclosure.spec import Spec
from disclosure.sqltext import ident

SAMPLE = 1000
"""Different values of a column that are looked at."""


def suspicious_columns(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> tuple[Suspicion, ...]:
    """Columns that look like direct identifiers although they are not declared as a unit or an identifier.

    Args:
        con: an open connection.
        relation: table or view.
        spec: roles; declared units, identifiers and contributors are left out.
    """
    declared = {name.casefold() for name in (*spec.units, *spec.identifiers, *filter(None, (spec.contributor,)))}
    described = con.execute(f"DESCRIBE SELECT * FROM {ident(relation)}").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described if str(name).casefold() not in declared}
    samples = {name: _sample(con, relation, name) for name, kind in types.items() if _may_hold_numbers(kind)}
    found = identifiers.scan(list(types), samples)
    named = {each.column for each in found}
    at_home = home_coordinates(con, relation, types, spec.units)
    return (*found, *(each for each in at_home if each.column not in named))


def _may_hold_numbers(kind: str) -> bool:
    return kind in {"VARCHAR", "BIGINT", "UBIGINT", "HUGEINT", "INTEGER", "UINTEGER", "UUID"} or kind.startswith("ENUM")


def _sample(con: duckdb.DuckDBPyConnection, relation: str, name: str) -> list[object]:
    value = f"CAST({ident(name)} AS VARCHAR)"
    rows = con.execute(
        f"SELECT v FROM (SELECT DISTINCT {value} AS v FROM {ident(relation)} WHERE {ident(name)} IS NOT NULL)"
        f" ORDER BY hash(v), v LIMIT {SAMPLE}"
    ).fetchall()
    return [value for (value,) in rows]
