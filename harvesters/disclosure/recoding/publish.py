"""From nodes to the published table, and the witness that lets the gate check it.

A record is published as its labels, its sensitive values, and the mean weight of its class: a weight of its own would
be an identifier. The `record` number is the place in the sorted table and says nothing about where a record stood in
the input. The witness says which input record became which published record. It is confidential, and nothing is
believed because it says so: the gate checks every statement of it against the input and the table by its own queries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from disclosure.errors import DisclosureRefused
from disclosure.protected import Protected
from disclosure.recoding.forest import Forest, Ints
from disclosure.recoding.records import SENSITIVE, WEIGHT, Records, ranked
from disclosure.recoding.search import Recoding
from disclosure.spec import Spec
from disclosure.sqltext import SCALE_DECIMALS

RECORD: Final = "record"
LABEL: Final = "__label"
_MICRO: Final = 10**SCALE_DECIMALS
_EXACT_BELOW: Final = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class RecodedTable(Protected):
    """A candidate with its witness: one row for each input record, its columns as `Records` and ``__label0 …``."""

    witness: pa.Table = field(repr=False, compare=False)


def labels(recoding: Recoding, forest: Forest, missing_label: str) -> list[pa.Array]:
    """For each column the label of each class."""
    columns: list[pa.Array] = []
    for a, hierarchy in enumerate(forest.hierarchies):
        rows = [*hierarchy.rows, (*[missing_label] * (hierarchy.levels - 1), hierarchy.root)]
        pairs = zip(recoding.leaves[:, a].tolist(), recoding.levels[:, a].tolist(), strict=True)
        columns.append(pa.array([rows[leaf][level] for leaf, level in pairs], pa.string()))
    return columns


def witness(records: Records, recoding: Recoding, by_class: list[pa.Array]) -> pa.Table:
    """The input records with the labels they got."""
    classes = pa.array(recoding.classes)
    table = records.table
    for a, column in enumerate(by_class):
        table = table.append_column(f"{LABEL}{a}", pc.take(column, classes))
    return table


def table(spec: Spec, known: pa.Table, recoding: Recoding, *, missing_label: str, weight_decimals: int) -> pa.Table:
    """The published table, sorted by its content."""
    columns: dict[str, Any] = {name: known.column(f"{LABEL}{a}") for a, name in enumerate(spec.quasi)}
    sorting: list[NDArray[Any]] = []
    for s, name in enumerate(spec.sensitive):
        column = known.column(f"{SENSITIVE}{s}")
        sorting.append(ranked(column))
        columns[name] = pc.fill_null(column, missing_label) if pa.types.is_string(column.type) else column
    if spec.weight:
        columns[spec.weight] = weights(known.column(WEIGHT), recoding, weight_decimals)
    order = pa.array(np.lexsort((*sorting[::-1], recoding.classes)))
    body = pa.table({name: pc.take(column, order) for name, column in columns.items()})
    return body.add_column(0, RECORD, pa.array(np.arange(1, body.num_rows + 1, dtype=np.int64))).combine_chunks()


def weights(column: pa.ChunkedArray, recoding: Recoding, decimals: int) -> pa.Array:
    """For each record the mean weight of its class."""
    return pc.take(class_weights(column, recoding, decimals), pa.array(recoding.classes))


def class_weights(column: pa.ChunkedArray, recoding: Recoding, decimals: int) -> pa.Array:
    """The mean weight of each class, exact and rounded half up.

    Raises:
        DisclosureRefused: code ``weight-invalid`` for a missing, zero or negative weight or too large a sum.
    """
    if column.null_count:
        raise DisclosureRefused("weight-invalid")
    micro = pc.call_function("multiply", [column, pa.scalar(Decimal(_MICRO))]).cast(pa.int64()).to_numpy()
    if micro.min() <= 0 or int(micro.max()) * len(micro) >= _EXACT_BELOW:
        raise DisclosureRefused("weight-invalid")
    sums: Ints = np.zeros(len(recoding.levels), dtype=np.int64)
    np.add.at(sums, recoding.classes, micro)
    scale = 10 ** (SCALE_DECIMALS - decimals)
    means = [
        (2 * total + size * scale) // (2 * size * scale)
        for total, size in zip(sums.tolist(), recoding.sizes.tolist(), strict=True)
    ]
    return pa.array([Decimal(mean).scaleb(-decimals) for mean in means], pa.decimal128(18, decimals))
