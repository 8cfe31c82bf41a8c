"""Class sizes and values per class by queries: the default way, for data of any size.

DuckDB spills under its memory limit. Values per class come in parts, each holding whole classes, so that one part
fits into memory; which class falls into which part has no influence on any result. Same answers as
``disclosure.assess.packed``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.assess.histogram import Histogram
from disclosure.assess.memory import limit_bytes
from disclosure.assess.runs import Runs, Values, relabeled
from disclosure.sqltext import ident, idents, one_row

_PAIRS = "_assess_pairs"
_CODES = "_assess_codes"
_MOST_PAIRS = 1 << 21
"""Pairs of class and value that are fetched at once at most."""
_BYTES_OF_A_PAIR = 1024
"""Memory for a pair while lists are made, which cannot be spilled; measured need is a fifth of it."""


def class_sizes(
    con: duckdb.DuckDBPyConnection, relation: str, quasi: Sequence[str], unit: str | None = None
) -> Histogram:
    """Sizes of the classes in rows, or in distinct units; missing units are together one.

    Args:
        con: an open connection.
        relation: table or view.
        quasi: columns; without any, all rows are one class.
        unit: SQL expression of the unit.
    """
    source = ident(relation)
    if unit is not None:
        source = f"(SELECT DISTINCT {_list(quasi)}{unit} AS __unit FROM {source})"
    group = f" GROUP BY {idents(quasi)}" if quasi else " HAVING count(*) > 0"
    rows = con.execute(f"SELECT n, count(*) FROM (SELECT count(*) AS n FROM {source}{group}) GROUP BY n").fetchall()
    return Histogram.of_pairs(rows)


def values(
    con: duckdb.DuckDBPyConnection, relation: str, quasi: Sequence[str], sensitive: str, unit: str | None = None
) -> Values:
    """How often each value of a sensitive column occurs in each class, by rows or by distinct units.

    The working tables live until `drop`; the runs are to be read before that.
    """
    value, keys = ident(sensitive), _list(quasi)
    columns = f"{keys}{value} AS __value" if unit is None else f"DISTINCT {keys}{value} AS __value, {unit} AS __unit"
    every = f"SELECT {columns} FROM {ident(relation)}"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_PAIRS} AS"
        f" SELECT {keys}__value, count(*) AS n FROM ({every}) WHERE __value IS NOT NULL GROUP BY {keys}__value"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_CODES} AS SELECT __value, row_number() OVER (ORDER BY __value) - 1 AS code,"
        f" sum(n)::BIGINT AS total FROM {_PAIRS} GROUP BY __value"
    )
    coded = con.execute(f"SELECT __value, total FROM {_CODES} ORDER BY code").fetchall()
    return Values(
        labels=tuple(label for label, _ in coded),
        totals=np.array([total for _, total in coded], dtype=np.int64),
        missing=one_row(con, f"SELECT count(*) FROM ({every}) WHERE __value IS NULL")[0],
        runs=_parts(con, quasi, len(coded)),
    )


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the working tables."""
    con.execute(f"DROP TABLE IF EXISTS {_PAIRS}")
    con.execute(f"DROP TABLE IF EXISTS {_CODES}")


def _parts(con: duckdb.DuckDBPyConnection, quasi: Sequence[str], width: int) -> Iterator[Runs]:
    pairs = one_row(con, f"SELECT count(*) FROM {_PAIRS}")[0]
    at_once = max(1, min(_MOST_PAIRS, limit_bytes(con) // _BYTES_OF_A_PAIR))
    parts = -(-pairs // at_once) if quasi else min(pairs, 1)
    part_of = f"hash({idents(quasi)}) % {parts}" if quasi and parts > 1 else "0"
    group = f" GROUP BY {idents(quasi)}" if quasi else ""
    for part in range(parts):
        # Code and count travel in one struct, so that they cannot come apart.
        yield from _runs(
            con.sql(
                f"SELECT list({{'code': code, 'n': n}}) AS pairs FROM {_PAIRS} JOIN {_CODES} USING (__value)"
                f" WHERE {part_of} = {part}{group}"
            ).to_arrow_table(),
            width,
        )


def _runs(table: pa.Table, width: int) -> Iterator[Runs]:
    if not table.num_rows:
        return
    lists = table.column("pairs").combine_chunks()
    pairs = lists.flatten()
    ends = np.cumsum(lists.value_lengths().to_numpy())
    runs = Runs(
        starts=np.concatenate(([0], ends[:-1])).astype(np.int64),
        codes=pairs.field("code").to_numpy().astype(np.int64),
        counts=pairs.field("n").to_numpy().astype(np.int64),
    )
    # A list has its pairs in any order; relabeling with the same codes sorts them.
    yield relabeled(runs, np.arange(width, dtype=np.int64))


def _list(names: Sequence[str]) -> str:
    return "".join(f"{ident(name)}, " for name in names)
