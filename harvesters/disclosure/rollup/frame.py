"""Keys of cells: one whole number for a place (or several) and a period, and the way from one level to the next.

Boundary: SQL text and lookup tables; counts nothing. A key is (…(n₁·size₂ + n₂)·size₃ + n₃…) of the numbers of the
axes, so equal keys are equal cells, exactly; no hash is used. Keys are BIGINT where they fit and HUGEINT otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.rollup.ladder import Level
from disclosure.space.axis import Axis, Numbers

PREFIX = "_rollup_"
_FITS_BIGINT = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The axes of a table, places first and time last, under the levels of a ladder."""

    axes: tuple[Axis, ...]
    levels: tuple[Level, ...]

    def load(self, con: duckdb.DuckDBPyConnection) -> None:
        """Store the lookups that the SQL below refers to."""
        for name, table in self._tables():
            con.register("_rollup_load", table)
            con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM _rollup_load")
            con.unregister("_rollup_load")

    def drop(self, con: duckdb.DuckDBPyConnection) -> None:
        """Remove them."""
        for name, _ in self._tables():
            con.execute(f"DROP TABLE IF EXISTS {name}")

    def cells(self, level: int) -> int:
        """How many cells a level can have at most."""
        return prod(axis.sizes[level] for axis in self.axes)

    def finest_key_sql(self) -> tuple[str, str]:
        """The key of a row of the input, NULL where one of its parts is missing; and the joins it needs."""
        parts, joins = [], ""
        for number, axis in enumerate(self.axes):
            if axis.lookup is None:
                parts.append(f"({axis.finest})")
            else:
                name = f"{PREFIX}raw{number}"
                joins += f" LEFT JOIN {name} ON {name}.raw = {axis.finest}"
                parts.append(f"{name}.id")
        return self._packed(0, parts), joins

    def numbers_sql(self, level: int, key: str) -> list[str]:
        """The numbers of the axes out of a key."""
        sizes = [axis.sizes[level] for axis in self.axes]
        return [f"CAST(({key} // {prod(sizes[place + 1 :])}) % {size} AS BIGINT)" for place, size in enumerate(sizes)]

    def above_sql(self, level: int, key: str) -> tuple[str, str]:
        """The key one level up from `level`, and the joins it needs."""
        parts, joins = [], ""
        for number, (axis, own) in enumerate(zip(self.axes, self.numbers_sql(level, key), strict=True)):
            if axis.parents[level] is None:
                parts.append(own)
            else:
                name = self._step(number, level)
                joins += f" LEFT JOIN {name} ON {name}.id = {own}"
                parts.append(f"{name}.parent")
        return self._packed(level + 1, parts), joins

    def up_sql(self, level: int, key: str) -> tuple[str, str]:
        """The key at `level` out of a finest key in one step, and the joins it needs."""
        if level == 0:
            return key, ""
        parts, joins = [], ""
        for number, (axis, own) in enumerate(zip(self.axes, self.numbers_sql(0, key), strict=True)):
            if all(parents is None for parents in axis.parents[:level]):
                parts.append(own)
            else:
                name = self._up(number, level)
                joins += f" LEFT JOIN {name} ON {name}.id = {own}"
                parts.append(f"{name}.parent")
        return self._packed(level, parts), joins

    def capacity_sql(self, level: int, key: str) -> tuple[str, str]:
        """How many cells of the level below lie in the cell `key` and can hold something; and the joins."""
        parts, joins = ["CAST(1 AS HUGEINT)"], ""
        for number, (axis, own) in enumerate(zip(self.axes, self.numbers_sql(level, key), strict=True)):
            if axis.parents[level - 1] is not None:
                name = self._room(number, level)
                joins += f" LEFT JOIN {name} ON {name}.id = {own}"
                parts.append(f"{name}.n")
        return " * ".join(parts), joins

    def impossible_sql(self) -> list[str]:
        """Conditions under which a finest key lies in a cell that was declared impossible; without aliases."""
        return [
            f"{own} IN (SELECT id FROM {PREFIX}closed{number})"
            for number, (axis, own) in enumerate(zip(self.axes, self.numbers_sql(0, "key"), strict=True))
            if not axis.possible.all()
        ]

    def _packed(self, level: int, parts: list[str]) -> str:
        sizes = [axis.sizes[level] for axis in self.axes]
        wide = "BIGINT" if self._fits() else "HUGEINT"
        packed = f"CAST({parts[0]} AS {wide})"
        for part, size in zip(parts[1:], sizes[1:], strict=True):
            packed = f"({packed} * {size} + {part})"
        return packed

    def _fits(self) -> bool:
        return self.cells(0) < _FITS_BIGINT

    def _step(self, axis: int, level: int) -> str:
        return f"{PREFIX}step{axis}_{level}"

    def _up(self, axis: int, level: int) -> str:
        return f"{PREFIX}up{axis}_{level}"

    def _room(self, axis: int, level: int) -> str:
        return f"{PREFIX}room{axis}_{level}"

    def _tables(self) -> Iterator[tuple[str, pa.Table]]:
        for number, axis in enumerate(self.axes):
            if axis.lookup is not None:
                yield f"{PREFIX}raw{number}", axis.lookup
            if not axis.possible.all():
                yield f"{PREFIX}closed{number}", pa.table({"id": pa.array(np.flatnonzero(~axis.possible))})
            above = np.arange(axis.sizes[0], dtype=np.int64)
            for level, parents in enumerate(axis.parents):
                if parents is not None:
                    above = parents[above]
                if any(each is not None for each in axis.parents[: level + 1]):
                    yield self._up(number, level + 1), _numbered({"parent": above})
                if parents is not None:
                    yield self._step(number, level), _numbered({"parent": parents})
                    yield self._room(number, level + 1), _numbered({"n": axis.capacity[level]})


def _numbered(columns: Mapping[str, Numbers]) -> pa.Table:
    first = next(iter(columns.values()))
    return pa.table({"id": pa.array(np.arange(len(first), dtype=np.int64)), **columns})
