"""Published tables as figures by their labels, with totals recognized.

Boundary: reads what is printed. A withheld figure has no value; a total has the label `ANY` in the column it adds
over. Labels of totals are the words people use, and the ones that the policies here print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from disclosure.attacks.core import Target
from disclosure.spec import UNITS_COLUMN, MeasureKind, Presence

ANY: Final = "\u2211"
"""The label of a total after reading."""

TOTAL_WORDS: Final = frozenset({"total", "all", "sum", "skupaj", "vsota", "vse", "vsi", "skupno", "Σ", "∑", "*"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed figure; None where it is withheld. `step` is its last digit."""

    value: Decimal | None
    step: Decimal


Group = frozenset[str]
"""A printed label that stands for several others."""


def reading(target: Target, column: str) -> Mapping[str, Any]:
    """What labels of a key column stand for beside themselves: `ANY`, or a group, as the policy states publicly."""
    found: dict[str, Any] = {}
    for dimension in getattr(target.policy, "dimensions", ()):
        if dimension.column == column:
            leaves = {code for tree in dimension.trees for code in tree} - dimension.groups()
            for leaf in leaves:
                for group in dimension.ancestors(leaf)[1:]:
                    found[group] = found.get(group, frozenset()) | {leaf}
            found[dimension.total] = ANY
    return found


def is_total(label: object) -> bool:
    """Whether a label stands for a total in the words people use."""
    return isinstance(label, str) and (label.strip().casefold() in TOTAL_WORDS or label.strip() in TOTAL_WORDS)


def has_totals(target: Target) -> bool:
    """Whether any key column of the table has a total or a group."""
    for name in (each for each in target.spec.zones if each in target.table.column_names):
        known = reading(target, name)
        if any(is_total(label) or label in known for label in target.table.column(name).unique().to_pylist()):
            return True
    return False


def labels_of(target: Target, column: str) -> list[Any]:
    """The labels of a key column, with totals and groups as what they stand for."""
    known = reading(target, column)
    labels = target.table.column(column).to_pylist()
    return [
        known.get(label, ANY if is_total(label) else label) if isinstance(label, str) else label for label in labels
    ]


def additive_columns(target: Target) -> list[str]:
    """Published counts and sums; a count of units adds up where each unit is in one cell, which the solver notices."""
    spec = target.spec
    sums = [name for name, measure in spec.measures.items() if measure.kind is MeasureKind.SUM]
    units = [UNITS_COLUMN] if spec.presence is Presence.DISTINCT else []
    rows = [spec.count_rows_as] if spec.count_rows_as and spec.presence is not Presence.SIMULTANEOUS else []
    return [name for name in (*units, *rows, *sums) if name in target.table.column_names]


def cells_of(target: Target, column: str) -> Mapping[tuple[Any, ...], Cell]:
    """Every printed figure of a column by its labels."""
    table = target.table
    keys = [labels_of(target, name) for name in target.spec.key_columns]
    step = _step(table.schema.field(column).type)
    values = [None if value is None else Decimal(value) for value in table.column(column).to_pylist()]
    rows = zip(zip(*keys, strict=True), values, is_partial(target), strict=True)
    return {key: Cell(value, step) for key, value, partial in rows if not partial}


def is_partial(target: Target) -> list[bool]:
    """Whether each row is a partial total: the sum of what is printed below it, which says nothing new."""
    if target.policy.name != "magnitude":
        return [False] * target.table.num_rows
    return [kind == "partial-total" for kind in target.table.column("kind").to_pylist()]


def _step(kind: pa.DataType) -> Decimal:
    return Decimal(1).scaleb(-kind.scale) if pa.types.is_decimal(kind) else Decimal(1)
