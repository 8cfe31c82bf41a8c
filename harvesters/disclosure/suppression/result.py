"""The published table of an audited pattern: one row a cell, totals among them, one symbol for what is withheld."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from disclosure.shape import Shape
from disclosure.suppression.audit import Audited
from disclosure.suppression.lattice import Lattice

STATUS_COLUMN = "status"
SHOWN = "shown"
WITHHELD = "withheld"


def published(lattice: Lattice, audited: Audited, shape: Shape) -> pa.Table:
    """Rows in the order of their codes."""
    coordinates = lattice.coordinates()
    names: list[Any] = [
        np.array(codes, dtype=object)[place] for codes, place in zip(lattice.codes, coordinates, strict=True)
    ]
    order = sorted(range(len(lattice.cells)), key=lambda row: tuple(column[row].encode() for column in names))
    withheld = audited.withheld
    columns: dict[str, Any] = {
        field.name: [column[row] for row in order] for field, column in zip(shape.fields, names, strict=False)
    }
    columns[STATUS_COLUMN] = [WITHHELD if withheld[row] else SHOWN for row in order]
    fields = {field.name: field for field in shape.fields}
    for quantity, problem in zip(audited.request.quantities, audited.request.problems, strict=True):
        decimals = fields[quantity.name].decimals
        values = [None if withheld[row] else int(problem.values[row]) for row in order]
        columns[quantity.name] = values if decimals is None else [_decimal(each, decimals) for each in values]
    schema = pa.schema([(field.name, _arrow(field.type)) for field in shape.fields])
    return pa.table({name: columns[name] for name in shape.names}, schema=schema)


def _decimal(value: int | None, decimals: int) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-decimals)


def _arrow(name: str) -> pa.DataType:
    if name.startswith("decimal128"):
        width, scale = name.removeprefix("decimal128(").removesuffix(")").split(",")
        return pa.decimal128(int(width), int(scale))
    return {"string": pa.string(), "int64": pa.int64()}[name]
