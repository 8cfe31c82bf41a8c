"""Columns as small dense integers, and several of them packed into one 64-bit key for each row.

A key is a mixed-radix number: equal keys mean equal values in every column, so sorting keys groups rows into
equivalence classes without hashing and without touching the values again. A missing value has a code of its own.
Boundary: Arrow in, numpy out; in memory. Nothing here depends on the order of rows except the labels' codes, which
are in the order of the sorted labels.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Keys = npt.NDArray[np.uint64]

KEY_SPACE = 1 << 64
_DENSE_RANGE = 1 << 22
"""Integers within this range are coded by their distance from the smallest one, without a dictionary."""
_BLOCK = 1 << 16
"""Rows packed at once: a block of keys stays in the processor's cache while all columns are added to it."""
_THREADS = min(4, os.cpu_count() or 1)
_NARROW = (1 << 32) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """One column: a code below `size` for each row; the last code, ``size - 1``, stands for a missing value."""

    codes: npt.NDArray[Any]
    size: int
    labels: tuple[Any, ...] = ()
    """Values in the order of their codes, where they were asked for."""


def encode(column: pa.ChunkedArray, *, labeled: bool = False) -> Coded:
    """Code a column.

    Args:
        column: values of any type that Arrow can compare.
        labeled: also give the values; codes are then in the order of the values.
    """
    if pa.types.is_integer(column.type) and not labeled:
        dense = _dense(column)
        if dense is not None:
            return dense
    coded, dictionary = _by_dictionary(column)
    if not labeled:
        return coded
    order = pc.call_function("array_sort_indices", [dictionary])
    ranks = np.empty(len(dictionary) + 1, dtype=coded.codes.dtype)
    ranks[order.to_numpy()] = np.arange(len(dictionary))
    ranks[-1] = coded.size - 1
    return Coded(codes=ranks[coded.codes], size=coded.size, labels=tuple(dictionary.take(order).to_pylist()))


def _dense(column: pa.ChunkedArray) -> Coded | None:
    ends = pc.call_function("min_max", [column]).as_py()
    if ends["min"] is None:
        return Coded(codes=np.zeros(len(column), dtype=np.uint8), size=1)
    span = ends["max"] - ends["min"] + 1
    if span > _DENSE_RANGE:
        return None
    # The difference of two numbers of a narrow type need not fit into it.
    fits = span - 1 <= np.iinfo(column.type.to_pandas_dtype()).max
    out = np.empty(len(column), dtype=_small(span + 1))
    place = 0
    for chunk in column.chunks:
        part = out[place : place + len(chunk)]
        place += len(chunk)
        missing = chunk.is_null().to_numpy(zero_copy_only=False) if chunk.null_count else None
        values = (chunk if missing is None else chunk.fill_null(ends["min"])).to_numpy(zero_copy_only=False)
        part[:] = values - values.dtype.type(ends["min"]) if fits else values.astype(object) - ends["min"]
        if missing is not None:
            part[missing] = span
    return Coded(codes=out, size=span + 1)


def _by_dictionary(column: pa.ChunkedArray) -> tuple[Coded, pa.Array]:
    if pa.types.is_dictionary(column.type) and not _is_clean(column):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        # Minus zero and zero are one value everywhere else.
        column = pc.call_function("add", [column, pa.scalar(0.0, column.type)])
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    chunks = column.chunks
    dictionary = chunks[0].dictionary if chunks else pa.array([], column.type.value_type)
    size = len(dictionary) + 1
    out = np.empty(len(column), dtype=_small(size))
    place = 0
    for chunk in chunks:
        codes = chunk.indices.fill_null(size - 1) if chunk.null_count else chunk.indices
        out[place : place + len(chunk)] = codes.to_numpy(zero_copy_only=False)
        place += len(chunk)
    return Coded(codes=out, size=size), dictionary


def _is_clean(column: pa.ChunkedArray) -> bool:
    """Whether every dictionary names each value once; foreign writers may repeat values or hide a NULL in it."""
    return all(
        chunk.dictionary.null_count == 0 and len(chunk.dictionary.unique()) == len(chunk.dictionary)
        for chunk in column.chunks
    )


def _small(size: int) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if size <= 1 << 8 else np.uint16 if size <= 1 << 16 else np.uint32


def encode_all(table: pa.Table, names: Sequence[str]) -> list[Coded]:
    """Code several columns beside each other; Arrow and numpy let go of the interpreter meanwhile."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda name: encode(table.column(name)), names))


def pack(columns: Sequence[Coded], rows: int) -> tuple[Keys, int]:
    """One key for each row, and a bound that all keys stay below.

    Where the columns do not fit into 64 bits, the keys made so far are replaced by their dense ranks, of which there
    are no more than rows; the result is the same partition of the rows.
    """
    keys = np.zeros(rows, dtype=np.uint64)
    bound = 1
    batch: list[Coded] = []
    for column in columns:
        if bound * column.size > KEY_SPACE:
            _add(keys, batch)
            keys, bound, batch = *ranked(keys), []
        bound *= column.size
        batch.append(column)
    _add(keys, batch)
    return keys, bound


def ranked(keys: Keys) -> tuple[Keys, int]:
    """Dense ranks of keys, and their number."""
    distinct, ranks = np.unique(keys, return_inverse=True)
    return ranks.astype(np.uint64), max(1, len(distinct))


def _add(keys: Keys, columns: Sequence[Coded]) -> None:
    """Append the codes of columns to the keys, in place.

    Measured on ten million rows and eight columns: 0.17 s column by column in 64 bits, 0.08 s with 32-bit parts as
    here, 0.14 s compiled with numba, and no faster with two threads: memory is the limit.
    """
    parts = _parts(columns)
    for start in range(0, len(keys), _BLOCK):
        block = keys[start : start + _BLOCK]
        for part in parts:
            np.multiply(block, np.uint64(math.prod(column.size for column in part)), out=block)
            np.add(block, _small_key(part, start), out=block, casting="unsafe")


def _parts(columns: Sequence[Coded]) -> list[list[Coded]]:
    """Consecutive columns whose packed codes fit into 32 bits, as far as that goes."""
    parts: list[list[Coded]] = []
    for column in columns:
        if parts and math.prod(each.size for each in parts[-1]) * column.size <= _NARROW:
            parts[-1].append(column)
        else:
            parts.append([column])
    return parts


def _small_key(part: Sequence[Coded], start: int) -> npt.NDArray[np.uint32]:
    out = part[0].codes[start : start + _BLOCK].astype(np.uint32)
    for column in part[1:]:
        np.multiply(out, np.uint32(column.size), out=out)
        np.add(out, column.codes[start : start + _BLOCK].astype(np.uint32), out=out)
    return out
