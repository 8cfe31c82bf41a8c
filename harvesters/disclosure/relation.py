"""Does the relation have the columns that the specification names, with types that can be worked with?"""

from __future__ import annotations

import duckdb

from disclosure.errors import DisclosureRefused
from disclosure.spec import Spec
from disclosure.sqltext import ident

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


def check_columns(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> None:
    """Refuse missing columns, times without an offset and measures that are not numbers.

    Raises:
        DisclosureRefused: codes ``column-missing``, ``time-without-offset``, ``measure-not-a-number``.
    """
    rows = con.execute(f"DESCRIBE SELECT * FROM {ident(relation)}").fetchall()
    types = {str(row[0]).casefold(): str(row[1]) for row in rows}
    optional = filter(None, (spec.time, spec.contributor, spec.weight))
    wanted = [*spec.zones, *spec.measures, *spec.units, *spec.quasi, *spec.sensitive, *optional]
    missing = [name for name in wanted if name.casefold() not in types]
    if missing:
        raise DisclosureRefused("column-missing", columns=missing)
    if spec.time and types[spec.time.casefold()] != "TIMESTAMP WITH TIME ZONE":
        raise DisclosureRefused("time-without-offset", column=spec.time)
    for name in spec.measures:
        if not _is_number(types[name.casefold()]):
            raise DisclosureRefused("measure-not-a-number", column=name)


def _is_number(type_name: str) -> bool:
    return type_name in {*_NUMBERS, "FLOAT", "DOUBLE"} or type_name.startswith("DECIMAL")
