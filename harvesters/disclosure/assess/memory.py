"""How much memory a connection may use."""

from __future__ import annotations

import re

import duckdb

from disclosure.sqltext import one_row

_SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZES |= {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def limit_bytes(con: duckdb.DuckDBPyConnection) -> int:
    """The connection's limit in bytes, to the digits that the engine shows."""
    shown = str(one_row(con, "SELECT current_setting('memory_limit')")[0])
    number, unit = re.fullmatch(r"([\d.]+) ?(\w+)", shown, re.ASCII).groups()  # type: ignore[union-attr]
    return int(float(number) * _SIZES[unit])
