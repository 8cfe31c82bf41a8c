"""Cells and sums of a table with totals: dimensions with hierarchies, crossed, several linked tables as one system.

Boundary: structure only, no values. A dimension has one or several trees over the same values (zones by district, and
the same zones by police area); each tree gives sums of its own, and a cell that two tables share is one cell here, so
linked tables are one system of equations and cannot be protected against each other by accident.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from disclosure.errors import SpecInvalid

Ints = npt.NDArray[np.int64]
Tree = Mapping[str, str]
"""Parent by child; what has no parent hangs below the total."""

MISSING = "?"
"""Code of a missing value, a category of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One way of breaking a table down.

    Attributes:
        column: name of the input and output column.
        total: code of the whole.
        trees: hierarchies over the values of the column; none means that all values hang below the total.

    Raises:
        SpecInvalid: codes ``hierarchy-cycle``, ``hierarchy-total``, ``hierarchy-leaf-differs``.
    """

    column: str
    total: str = "Total"
    trees: tuple[Tree, ...] = ()

    def __post_init__(self) -> None:
        for tree in self.trees:
            if self.total in tree:
                raise SpecInvalid("hierarchy-total", column=self.column, code=self.total)
            for code in tree:
                self._path(code, tree)
        for one, other in product(self.trees, repeat=2):
            # A value of one tree that is a group in another would be summed once and counted twice.
            if (set(one) - set(one.values())) & (set(other.values()) - {self.total}):
                raise SpecInvalid("hierarchy-leaf-differs", column=self.column)

    def _path(self, code: str, tree: Tree) -> list[str]:
        path = [code]
        while path[-1] in tree:
            path.append(tree[path[-1]])
            if len(path) > len(tree) + 1:
                raise SpecInvalid("hierarchy-cycle", column=self.column)
        return path if path[-1] == self.total else [*path, self.total]

    def groups(self) -> frozenset[str]:
        """Codes that are sums of others, the total among them."""
        return frozenset({self.total}.union(*(tree.values() for tree in self.trees)))

    def codes(self, values: Iterable[str]) -> tuple[str, ...]:
        """All codes in order: the total first, then groups and values of the data and of the trees.

        Raises:
            SpecInvalid: code ``hierarchy-value-is-group`` when the data hold a group as a value.
        """
        leaves = set(values).union(*(set(tree) - set(tree.values()) for tree in self.trees))
        if clash := leaves & self.groups():
            raise SpecInvalid("hierarchy-value-is-group", column=self.column, codes=sorted(clash))
        return (self.total, *sorted(leaves | (self.groups() - {self.total})))

    def ancestors(self, leaf: str) -> tuple[str, ...]:
        """The value itself, its groups in all trees, and the total; each once."""
        paths = [self._path(leaf, tree) for tree in self.trees] or [[leaf, self.total]]
        return tuple(dict.fromkeys(code for path in paths for code in path))

    def sums(self, codes: Sequence[str]) -> list[tuple[int, tuple[int, ...]]]:
        """Places of a group and of what adds up to it, for every group of every tree."""
        place = {code: number for number, code in enumerate(codes)}
        leaves = [code for code in codes if code not in self.groups()]
        found: dict[tuple[int, tuple[int, ...]], None] = {}
        for tree in self.trees or ({},):
            members = {*leaves, *tree, *(tree.values())} - {self.total}
            children: dict[str, list[int]] = {}
            for code in sorted(members):
                children.setdefault(tree.get(code, self.total), []).append(place[code])
            for group, parts in children.items():
                found[place[group], tuple(sorted(parts))] = None
        return sorted(found)

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe form."""
        return {
            "column": self.column,
            "total": self.total,
            "trees": [dict(sorted(tree.items())) for tree in self.trees],
        }

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `as_dict` gives."""
        trees = tuple(dict(tree) for tree in data.get("trees", ()))
        return cls(column=data["column"], total=data.get("total", "Total"), trees=trees)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equations:
    """Sums as rows of a matrix: the total with −1 and its parts with +1 add up to zero."""

    start: Ints
    cell: Ints
    sign: Ints

    def balance(self, values: Ints) -> Ints:
        """Each equation's left side; all zero for values that add up."""
        if not len(self.start):
            return np.zeros(0, np.int64)
        sums: Ints = np.add.reduceat(self.sign * values[self.cell], self.start)
        return sums

    def row_of(self) -> Ints:
        """The equation of each entry."""
        lengths = np.diff(np.append(self.start, len(self.cell)))
        return np.repeat(np.arange(len(self.start)), lengths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """All cells of one or several linked tables over the same dimensions.

    Attributes:
        codes: codes of each dimension.
        cells: numbers of the cells that are published, in the order of the full product of codes, rising.
        equations: sums over places in `cells`.
    """

    dimensions: tuple[Dimension, ...]
    codes: tuple[tuple[str, ...], ...]
    cells: Ints
    equations: Equations

    @property
    def strides(self) -> tuple[int, ...]:
        """What one step in each dimension adds to the number of a cell."""
        return _strides(self.codes)

    def coordinates(self) -> list[Ints]:
        """Place of each cell's code, by dimension."""
        sizes = [len(codes) for codes in self.codes]
        return [self.cells // stride % size for stride, size in zip(self.strides, sizes, strict=True)]

    def key(self, place: int) -> tuple[str, ...]:
        """Codes of a cell."""
        number = int(self.cells[place])
        return tuple(
            codes[number // stride % len(codes)] for codes, stride in zip(self.codes, self.strides, strict=True)
        )

    def place(self, key: Sequence[str]) -> int | None:
        """Place of the cell with these codes, None where there is none."""
        try:
            parts = [codes.index(code) for codes, code in zip(self.codes, key, strict=True)]
        except ValueError:
            return None
        number = sum(part * stride for part, stride in zip(parts, self.strides, strict=True))
        place = int(np.searchsorted(self.cells, number))
        return place if place < len(self.cells) and self.cells[place] == number else None


def _strides(codes: Sequence[Sequence[str]]) -> tuple[int, ...]:
    strides = [1]
    for each in reversed(codes[1:]):
        strides.append(strides[-1] * len(each))
    return tuple(reversed(strides))


def build(
    dimensions: Sequence[Dimension], values: Sequence[Iterable[str]], tables: Sequence[Sequence[str]] = ()
) -> Lattice:
    """Cross the dimensions.

    Args:
        dimensions: in the order of the published columns.
        values: the values of each dimension in the data.
        tables: columns that are crossed with each other, the others standing at their total; one table of all
            dimensions when left out.
    """
    codes = tuple(dimension.codes(each) for dimension, each in zip(dimensions, values, strict=True))
    names = [dimension.column for dimension in dimensions]
    strides = _strides(codes)
    cells: list[Ints] = []
    rows: dict[bytes, Ints] = {}
    for table in tables or (names,):
        used = [number for number, name in enumerate(names) if name in table]
        cells.append(_numbers([(len(codes[each]), strides[each]) for each in used]))
        for each in used:
            others = _numbers([(len(codes[other]), strides[other]) for other in used if other != each])
            for group, parts in dimensions[each].sums(codes[each]):
                line = np.array([group, *parts], np.int64) * strides[each]
                for offset in others:
                    row = line + offset
                    rows.setdefault(row.tobytes(), row)
    every = np.unique(np.concatenate(cells)) if cells else np.zeros(0, np.int64)
    return Lattice(dimensions=tuple(dimensions), codes=codes, cells=every, equations=_equations(every, rows.values()))


def _numbers(axes: Sequence[tuple[int, int]]) -> Ints:
    numbers = np.zeros(1, np.int64)
    for size, stride in axes:
        numbers = (numbers[:, None] + np.arange(size, dtype=np.int64) * stride).ravel()
    return numbers


def _equations(cells: Ints, rows: Iterable[Ints]) -> Equations:
    every = list(rows)
    lengths = np.array([len(row) for row in every], np.int64)
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)[:-1]]) if every else np.zeros(0, np.int64)
    numbers = np.concatenate(every) if every else np.zeros(0, np.int64)
    sign = np.ones(len(numbers), np.int64)
    sign[start] = -1
    return Equations(start=start, cell=np.searchsorted(cells, numbers).astype(np.int64), sign=sign)
