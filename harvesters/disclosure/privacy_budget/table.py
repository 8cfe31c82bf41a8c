"""The noisy table: its types, its bytes in the store, and the part of it that is released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

from disclosure.shape import Shape
from disclosure.spec import UNITS_COLUMN

_GREATEST: Final = 10**18 - 1
"""What 18 decimal digits hold; noisy figures beyond are held there, which costs no privacy."""


def typed(keys: pa.Table, figures: Mapping[str, Sequence[int]], shape: Shape) -> pa.Table:
    """Put keys and noisy whole numbers together in the published types."""
    columns = {name: keys.column(name).combine_chunks() for name in keys.column_names}
    for field in shape.fields:
        if field.name not in figures:
            continue
        held = [max(-_GREATEST, min(_GREATEST, value)) for value in figures[field.name]]
        if field.decimals is None:
            columns[field.name] = pa.array(held, pa.int64())
        else:
            values = [Decimal(value).scaleb(-field.decimals) for value in held]
            columns[field.name] = pa.array(values, pa.decimal128(18, field.decimals))
    return pa.table({name: columns[name] for name in shape.names})


def arrow_bytes(table: pa.Table) -> bytes:
    """A table as the bytes of an Arrow stream."""
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(stored: bytes) -> pa.Table:
    """The table of an Arrow stream."""
    with ipc.open_stream(pa.BufferReader(stored)) as reader:
        return reader.read_all()


def released(stored: bytes, min_units: int) -> pa.Table:
    """The rows whose noisy count is large enough: a function of the noisy output alone."""
    table = from_bytes(stored)
    return table.filter(pc.field(UNITS_COLUMN) >= min_units).combine_chunks()
