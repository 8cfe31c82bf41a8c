"""Order and hierarchy of the values of a sensitive column, for the distances of t-closeness.

Numbers and dates have their natural order; other values have one only if it is given. The order and the hierarchy are
those of the values that occur: a value nobody has moves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from disclosure.assess.closeness import Metric
from disclosure.assess.runs import Ints
from disclosure.errors import SpecInvalid

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)

Hierarchy = Iterable[Sequence[str]]
"""For each value one row: the value as text, then the labels above it, nearest first; all rows are equally long."""


def metric_of(
    column: str, labels: Sequence[Any], order: Sequence[Any] | None = None, hierarchy: Hierarchy | None = None
) -> Metric:
    """The metric of a column.

    Args:
        column: its name, for messages.
        labels: the values that occur, sorted.
        order: all values in their order.
        hierarchy: labels above each value.

    Raises:
        SpecInvalid: codes ``order-incomplete``, ``hierarchy-incomplete``, ``hierarchy-ragged``.
    """
    return Metric(
        ranks=_ranks(column, labels, order), levels=() if hierarchy is None else _levels(column, labels, hierarchy)
    )


def _ranks(column: str, labels: Sequence[Any], order: Sequence[Any] | None) -> Ints | None:
    if order is not None:
        places = {str(value): place for place, value in enumerate(order)}
        if any(str(label) not in places for label in labels):
            raise SpecInvalid("order-incomplete", column=column)
        return _by_place([places[str(label)] for label in labels])
    if not labels:
        return None
    if all(isinstance(each, int | float | Decimal | date | datetime) for each in labels):
        return np.arange(len(labels), dtype=np.int64)
    # Numbers that were left as text, as a CSV may hold them; codes with leading zeros are not numbers.
    if all(isinstance(each, str) and _NUMBER.fullmatch(each) for each in labels):
        return _by_place([(Decimal(each), each) for each in labels])
    return None


def _by_place(places: Sequence[Any]) -> Ints:
    """Rank of each label by its place."""
    ranks = np.empty(len(places), dtype=np.int64)
    ranks[sorted(range(len(places)), key=places.__getitem__)] = np.arange(len(places))
    return ranks


def _levels(column: str, labels: Sequence[Any], hierarchy: Hierarchy) -> tuple[Ints, ...]:
    rows = {str(row[0]): tuple(map(str, row)) for row in hierarchy}
    if any(str(label) not in rows for label in labels):
        raise SpecInvalid("hierarchy-incomplete", column=column)
    paths = [rows[str(label)] for label in labels]
    depths = {len(path) for path in paths}
    if len(depths) > 1:
        raise SpecInvalid("hierarchy-ragged", column=column)
    depth = depths.pop() if depths else 0
    levels = [_nodes([path[level:] for path in paths]) for level in range(depth)]
    # The topmost label is the root where everybody shares it; otherwise the root above it has no label.
    return tuple(levels[:-1] if levels and int(levels[-1].max()) == 0 else levels)


def _nodes(suffixes: Sequence[tuple[str, ...]]) -> Ints:
    """Nodes of one level: labels are the same node only if everything above them is the same too."""
    numbers: dict[tuple[str, ...], int] = {}
    return np.array([numbers.setdefault(suffix, len(numbers)) for suffix in suffixes], dtype=np.int64)
