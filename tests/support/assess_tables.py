"""Small tables for tests of an assessment: rows drawn by hypothesis, and a connection that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from disclosure.engine import connect

SCHEMA = pa.schema(
    [
        ("a", pa.string()),
        ("b", pa.int64()),
        ("c", pa.float64()),
        ("d", pa.bool_()),
        ("s", pa.string()),
        ("n", pa.int32()),
        ("u", pa.string()),
        ("v", pa.int64()),
    ]
)
QUASI = ("a", "b", "c", "d")

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "a": st.sampled_from(["x", "y", "", None]),
            "b": st.sampled_from([0, 1, -(2**40), 2**62, None]),
            "c": st.sampled_from([0.0, 1.5, None]),
            "d": st.sampled_from([True, False, None]),
            "s": st.sampled_from(["flu", "hiv", "asthma", None]),
            "n": st.sampled_from([1, 5, 7, 100, None]),
            "u": st.sampled_from(["p1", "P1 ", "p2", "p3", " ", None]),
            "v": st.sampled_from([1, 2, 3, None]),
        }
    ),
    min_size=1,
    max_size=25,
)


@contextmanager
def relation(
    rows: Sequence[Mapping[str, Any]], schema: pa.Schema = SCHEMA, threads: int = 2
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the rows as the table ``data``."""
    table = pa.Table.from_pylist(list(rows), schema=schema)
    with TemporaryDirectory() as folder, connect(Path(folder), "200MB", threads) as con:
        con.register("given", table)
        con.execute("CREATE TABLE data AS SELECT * FROM given")
        con.unregister("given")
        yield con
