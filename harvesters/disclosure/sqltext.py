"""The few pieces of SQL text that every query here needs; names are always quoted, values never pasted in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

SCALE_DECIMALS = 6
"""Measures are summed as exact decimals with this many places, so that no order of addition can change a result."""

VALUE_TYPE = f"DECIMAL(18,{SCALE_DECIMALS})"


def ident(name: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def idents(names: Iterable[str], prefix: str = "") -> str:
    """Quote several identifiers, separated by commas; `prefix` is a table alias with its dot."""
    return ", ".join(prefix + ident(name) for name in names)


def literal(text: str) -> str:
    """Quote a string constant; used only for time-zone names and folders, which have been validated before."""
    return "'" + text.replace("'", "''") + "'"


def one_row(con: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The single row of an aggregate query, fetched to the end: DuckDB 2 keeps a connection busy otherwise."""
    return con.execute(query).fetchall()[0]
