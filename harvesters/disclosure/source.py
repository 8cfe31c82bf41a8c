"""Open a file as a relation: Parquet, CSV or Arrow, larger than memory.

Boundary: reads what it is given and decides nothing. The engine sees this file and one private folder, which is
removed on the way out with whatever was spilled.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from disclosure.engine import DEFAULT_MEMORY, connect
from disclosure.errors import SpecInvalid
from disclosure.sqltext import ident, literal

RELATION = "input"
_PARQUET, _CSV = ".parquet", ".csv"
_ARROW = (".arrow", ".feather", ".ipc")


@contextmanager
def opened(
    path: Path,
    *,
    memory: str = DEFAULT_MEMORY,
    threads: int | None = None,
    text: Sequence[str] = (),
    local_time: tuple[str, str] | None = None,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Open a file; gives a connection and the name of a view with its rows.

    Args:
        path: Parquet, CSV (also compressed with gzip) or Arrow IPC.
        memory: limit in DuckDB's notation.
        threads: number of threads; DuckDB's own choice when left out.
        text: columns of a CSV that stay text, so that area ``001`` does not become ``1``.
        local_time: a column whose times carry no offset, and the time zone of the place they are meant in.

    Raises:
        SpecInvalid: codes ``input-missing``, ``input-format-unknown``, ``input-unreadable``, ``timezone-unknown``.
    """
    if not path.is_file():
        raise SpecInvalid("input-missing", file=path.name)
    with (
        tempfile.TemporaryDirectory(prefix="disclosure-") as folder,
        connect(Path(folder), memory, threads, inputs=[path]) as con,
    ):
        try:
            _make_view(con, path, text, local_time)
        except (duckdb.Error, pa.ArrowException, OSError):
            # The engine's message quotes the line it could not read.
            raise SpecInvalid("input-unreadable", file=path.name) from None
        yield con, RELATION


def _make_view(
    con: duckdb.DuckDBPyConnection, path: Path, text: Sequence[str], local_time: tuple[str, str] | None
) -> None:
    suffixes = [each.lower() for each in path.suffixes]
    kind = next((each for each in reversed(suffixes) if each in (_PARQUET, _CSV, *_ARROW)), None)
    if kind is None:
        raise SpecInvalid("input-format-unknown", file=path.name, known=[_PARQUET, _CSV, *_ARROW])
    if kind in _ARROW:
        con.register("_source", ds.dataset(path, format="ipc"))
        source = "_source"
    else:
        name = literal(str(path.resolve()))
        source = f"read_parquet({name})" if kind == _PARQUET else _csv(con, name, text)
    con.execute(f"CREATE VIEW {RELATION} AS SELECT {_columns(local_time)} FROM {source}")


def _csv(con: duckdb.DuckDBPyConnection, name: str, text: Sequence[str]) -> str:
    """A reader that leaves the columns of `text` as they stand; names that are not in the file are left out."""
    header = con.execute(f"SELECT * FROM read_csv({name}, header = true, all_varchar = true) LIMIT 0").description or []
    wanted = {column.casefold() for column in text}
    kept = [str(each[0]) for each in header if str(each[0]).casefold() in wanted]
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in kept)
    return f"read_csv({name}, header = true, types = {{{types}}})" if kept else f"read_csv({name}, header = true)"


def _columns(local_time: tuple[str, str] | None) -> str:
    if local_time is None:
        return "*"
    column, zone = local_time
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SpecInvalid("timezone-unknown", timezone=zone) from error
    return f"* REPLACE (timezone({literal(zone)}, CAST({ident(column)} AS TIMESTAMP)) AS {ident(column)})"
