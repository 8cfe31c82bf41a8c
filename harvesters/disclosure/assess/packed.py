"""Class sizes and values per class by sorting packed keys: the fast way for data that fit into memory.

One sort gives both levels: the code of the sensitive value stands in the low bits of the key, so rows of one class
stand together and, within it, rows of one value. Ten million rows with eight quasi-identifiers need one pass and a
few arrays of that length; hash tables of classes are never built. Same answers as ``disclosure.assess.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from disclosure.assess.encode import KEY_SPACE, Coded, Keys, encode, encode_all, pack, ranked
from disclosure.assess.histogram import Histogram
from disclosure.assess.packed_subsets import small_sets
from disclosure.assess.runs import Runs, Values, boundaries
from disclosure.assess.subsets import SmallSets
from disclosure.sqltext import ident

_BATCH_ROWS = 1 << 17


class KeyTooWideError(ValueError):
    """The columns together need more than 64 bits even after ranking; the query kernel has no such limit."""


class Packed:
    """A table by the keys of its quasi-identifiers; columns that are counted or judged are kept beside them.

    Args:
        table: the columns, of any types.
        quasi: the quasi-identifiers; without any, all rows are one class.
        judged: sensitive columns; only those that are quasi-identifiers too need to be named.
    """

    def __init__(self, table: pa.Table, quasi: Sequence[str], judged: Sequence[str] = ()) -> None:
        self._quasi = quasi
        self._columns = encode_all(table, quasi)
        self._keys, self._bound = pack(self._columns, table.num_rows)
        # What is packed is not needed any more, unless it is judged as well.
        self._table = table.drop_columns(sorted(set(quasi) - set(judged)))

    def class_sizes(self, unit: str | None = None) -> Histogram:
        """Sizes of the classes in rows, or in distinct units; missing units are together one."""
        if unit is None:
            return _histogram(np.sort(self._keys))
        keys, low = self._appended([encode(self._table.column(unit))])
        keys.sort()
        return _histogram(keys[boundaries(keys)] >> np.uint64(low[0]))

    def values(self, sensitive: str, unit: str | None = None) -> Values:
        """How often each value of a sensitive column occurs in each class, by rows or by distinct units.

        Raises:
            KeyTooWideError: if keys with value and unit do not fit.
        """
        column = encode(self._table.column(sensitive), labeled=True)
        others = [] if unit is None else [encode(self._table.column(unit))]
        keys, low = self._appended([column, *others])
        keys.sort()
        if unit is not None:
            keys = keys[boundaries(keys)] >> np.uint64(low[1])
        first = boundaries(keys)
        counts = np.diff(first, append=len(keys))
        pairs = keys[first]
        codes = (pairs & np.uint64((1 << low[0]) - 1)).astype(np.int64)
        known = codes != column.size - 1
        missing = int(counts[~known].sum())
        if missing:
            pairs, codes, counts = pairs[known], codes[known], counts[known]
        pairs = pairs >> np.uint64(low[0])
        totals = np.zeros(len(column.labels), dtype=np.int64)
        np.add.at(totals, codes, counts)
        runs = Runs(starts=boundaries(pairs), codes=codes, counts=counts)
        return Values(labels=column.labels, totals=totals, missing=missing, runs=runs.pieces())

    def small_sets(self, unit: str | None = None) -> SmallSets:
        """All combinations of up to three quasi-identifiers, by rows or by distinct units."""
        return small_sets(self._columns, self._quasi, None if unit is None else encode(self._table.column(unit)))

    def _appended(self, columns: Sequence[Coded]) -> tuple[Keys, list[int]]:
        """Keys with the columns in their low bits, first column highest, and the number of bits of each."""
        bits = [max(1, (column.size - 1).bit_length()) for column in columns]
        keys, bound = self._keys, self._bound
        if bound << sum(bits) > KEY_SPACE:
            keys, bound = ranked(keys)
            if bound << sum(bits) > KEY_SPACE:
                raise KeyTooWideError
        for column, width in zip(columns, bits, strict=True):
            keys = np.left_shift(keys, np.uint64(width))
            np.bitwise_or(keys, column.codes, out=keys, casting="unsafe")
        return keys, bits


def load(con: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str]) -> pa.Table:
    """Read columns into memory in one pass, values as codes of dictionaries.

    Args:
        con: an open connection.
        relation: table or view.
        columns: for each name the SQL expression that gives it.
    """
    select = ", ".join(f"{sql} AS {ident(name)}" for name, sql in columns.items())
    batches = con.sql(f"SELECT {select} FROM {ident(relation)}").to_arrow_reader(_BATCH_ROWS)
    # One pass for all columns: two queries need not give rows in the same order.
    coded = [pa.RecordBatch.from_pydict({name: _coded(batch.column(name)) for name in columns}) for batch in batches]
    if not coded:
        return pa.Table.from_batches([], batches.schema)
    return pa.Table.from_batches(coded)


def read_parquet(path: Path, columns: Sequence[str]) -> pa.Table | None:
    """Read columns of a Parquet file as they are coded there, some five times faster than through a query.

    Returns:
        The columns, or None if the file has none of such a name, or several.
    """
    schema = pq.read_schema(path)
    if any(len(schema.get_all_field_indices(name)) != 1 for name in columns):
        return None
    texts = [name for name in columns if _is_text(schema.field(name).type)]
    return pq.read_table(path, columns=list(columns), read_dictionary=texts)


def has_integers(path: Path, columns: Sequence[str]) -> bool:
    """Whether these columns of a Parquet file hold whole numbers, which have one spelling only."""
    schema = pq.read_schema(path)
    return all(name in schema.names and pa.types.is_integer(schema.field(name).type) for name in columns)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _coded(column: pa.Array) -> pa.Array:
    if pa.types.is_integer(column.type) or pa.types.is_dictionary(column.type):
        return column
    return column.dictionary_encode()


def _histogram(keys: Keys) -> Histogram:
    """Sizes of runs of equal keys; runs of one, the most frequent in risky data, are counted without being listed."""
    if not len(keys):
        return Histogram(())
    starts = np.ones(len(keys) + 1, dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=starts[1:-1])
    alone = int(np.count_nonzero(starts[1:] & starts[:-1]))
    first = np.flatnonzero(starts[:-1] & ~starts[1:])
    last = np.flatnonzero(~starts[:-1] & starts[1:])
    longer: list[Any] = list(Histogram.of_sizes(last - first + 1).sizes)
    return Histogram.of_pairs([*longer, (1, alone)] if alone else longer)
