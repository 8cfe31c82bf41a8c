"""A part of the input to play with: all rows of some units, or of the first days of them, as a table of its own.

Units are chosen by the MD5 of their text, so the choice depends neither on order nor on threads. The unit is compared
as it is written (no text functions on every row): a unit with two spellings may be in the sample with one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from disclosure.attacks.core import Truth
from disclosure.spec import Spec
from disclosure.sqltext import ident

_CHOSEN = "_attack_chosen"


@contextmanager
def some_units(truth: Truth, spec: Spec, table: str, units: int, *, days: int | None = None) -> Iterator[Truth]:
    """The rows of at most `units` units, of the first `days` days, in a temporary table of the given name."""
    con, source, unit = truth.con, ident(truth.relation), ident(str(spec.unit))
    first = ""
    if days is not None and spec.time:
        time = ident(spec.time)
        first = f" WHERE {time} < (SELECT min({time}) FROM {source}) + INTERVAL {days} DAYS"
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_CHOSEN} AS SELECT name FROM (SELECT DISTINCT {unit} AS name FROM {source})"
            f" ORDER BY md5(coalesce(CAST(name AS VARCHAR), '')) LIMIT {units}"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT source.* FROM (SELECT * FROM {source}{first}) AS source"
            f" SEMI JOIN {_CHOSEN} AS chosen ON source.{unit} IS NOT DISTINCT FROM chosen.name"
        )
        yield Truth(con=con, relation=table)
    finally:
        for name in (_CHOSEN, table):
            con.execute(f"DROP TABLE IF EXISTS {name}")
