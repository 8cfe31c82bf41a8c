"""Sums of a table with totals, made from its keys: for the gate and for the public check, apart from what protects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from disclosure.suppression.lattice import Dimension

Key = tuple[str, ...]
Equation = tuple[Key, tuple[Key, ...]]


def equations(keys: Iterable[Key], dimensions: Sequence[Dimension], tables: Sequence[Sequence[str]]) -> list[Equation]:
    """Every group with its parts, along each dimension of each table and each of its trees; each once."""
    every = list(keys)
    found: dict[Equation, None] = {}
    for table in tables:
        inside = [key for key in every if all(d.column in table or key[i] == d.total for i, d in enumerate(dimensions))]
        for number, dimension in enumerate(dimensions):
            if dimension.column in table:
                found.update(dict.fromkeys(_along(inside, number, dimension)))
    return list(found)


def _along(keys: Sequence[Key], number: int, dimension: Dimension) -> list[Equation]:
    found: list[Equation] = []
    for tree in dimension.trees or ({},):
        foreign = {code for each in dimension.trees for code in each.values()} - set(tree.values()) - {dimension.total}
        groups: dict[Key, list[Key]] = defaultdict(list)
        for key in keys:
            code = key[number]
            if code != dimension.total and code not in foreign:
                groups[(*key[:number], tree.get(code, dimension.total), *key[number + 1 :])].append(key)
        found += [(total, tuple(sorted(parts))) for total, parts in groups.items()]
    return found
