"""H3 cells, only by parent of child: ids come with the input, and no geometry is computed here.

Hexagons do not nest on the ground; what nests is the tree of ids, and that is all a roll-up needs: each id has one
parent at each coarser resolution. Needs the extra ``h3``. Every child of a parent counts as possible unless declared
impossible, so the world is open and the whole cannot be a level.
"""

# ruff: noqa: ARG002 - one protocol for all kinds of space: not each needs every argument.

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from types import ModuleType
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.space.axis import MOST_AREAS, Axis, Numbers
from disclosure.sqltext import ident

_LEVEL = re.compile(r"r(\d|1[0-5])")


def _library() -> ModuleType:
    try:
        # An extra: only this kind of space needs it.
        h3: ModuleType = import_module("h3")
    except ImportError as error:
        raise SpecInvalid("h3-not-installed") from error
    return h3


def resolution(level: str) -> int:
    """``r9`` is resolution 9.

    Raises:
        SpecInvalid: code ``h3-level-unknown``.
    """
    found = _LEVEL.fullmatch(level)
    if not found:
        raise SpecInvalid("h3-level-unknown", level=level)
    return int(found[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class H3:
    """Cells by their hexadecimal ids.

    Args:
        of: input columns with ids of the finest level; they are published under the same names.
        impossible: ids of the finest level in which nothing can be.
    """

    of: tuple[str, ...]
    impossible: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", tuple(self.of))
        object.__setattr__(self, "impossible", frozenset(self.impossible))

    @property
    def places(self) -> tuple[str, ...]:
        """Published columns."""
        return self.of

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the input, the same ones."""
        return self.of

    @property
    def closed(self) -> bool:
        """The globe is not a study area."""
        return False

    def public(self) -> dict[str, Any]:
        """JSON-safe description."""
        return {"kind": "h3", "of": list(self.of), "impossible": sorted(self.impossible)}

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gave."""
        return cls(of=tuple(data["of"]), impossible=frozenset(data.get("impossible", ())))

    def check(self, levels: Sequence[str]) -> None:
        """Resolutions fall from step to step; impossible cells are of the finest one.

        Raises:
            SpecInvalid: codes ``h3-level-unknown``, ``levels-do-not-nest``, ``h3-cell-unreadable``.
        """
        for fine, coarse in pairwise(levels):
            if resolution(coarse) > resolution(fine):
                raise SpecInvalid("levels-do-not-nest", fine=fine, coarse=coarse)
        h3 = _library()
        for cell in self.impossible:
            if not h3.is_valid_cell(cell) or h3.get_resolution(cell) != resolution(levels[0]):
                raise SpecInvalid("h3-cell-unreadable", cell=cell)

    def axes(self, con: duckdb.DuckDBPyConnection, relation: str, levels: Sequence[str]) -> tuple[Axis, ...]:
        """Number the ids that occur, and their parents."""
        return tuple(self._axis(con, relation, place, levels) for place in self.of)

    def codes_sql(self, place: str, levels: Sequence[str]) -> str:
        """The id as text."""
        return f"lower(CAST({ident(place)} AS VARCHAR))"

    def parent(self, code: str, fine: str, coarse: str) -> str:
        """The id above `code`."""
        return str(_library().cell_to_parent(code, resolution(coarse)))

    def children(self, code: str, coarse: str, fine: str, finest: str) -> int:
        """Ids of resolution `fine` under `code` that hold a finest id that is not impossible."""
        h3 = _library()
        lost: dict[str, int] = {}
        for cell in self.impossible:
            if h3.cell_to_parent(cell, resolution(coarse)) == code:
                under = h3.cell_to_parent(cell, resolution(fine))
                lost[under] = lost.get(under, 0) + 1
        empty = sum(h3.cell_to_children_size(under, resolution(finest)) == count for under, count in lost.items())
        return int(h3.cell_to_children_size(code, resolution(fine))) - int(empty)

    def _axis(self, con: duckdb.DuckDBPyConnection, relation: str, place: str, levels: Sequence[str]) -> Axis:
        h3 = _library()
        finest = self.codes_sql(place, levels)
        seen = con.execute(
            f"SELECT DISTINCT {finest} FROM {ident(relation)} WHERE {ident(place)} IS NOT NULL"
        ).fetchall()
        cells = sorted(str(each) for (each,) in seen)
        if len(cells) > MOST_AREAS:
            raise DisclosureRefused("grid-too-fine", size=levels[0], most=MOST_AREAS)
        if any(not h3.is_valid_cell(each) or h3.get_resolution(each) != resolution(levels[0]) for each in cells):
            raise DisclosureRefused("h3-column-unreadable", column=place, level=levels[0])
        names: list[list[str]] = [cells]
        for level in levels[1:]:
            names.append(sorted({h3.cell_to_parent(each, resolution(level)) for each in names[-1]}))
        number = [{name: at for at, name in enumerate(each)} for each in names]
        parents: list[Numbers | None] = []
        capacity: list[Numbers] = []
        for step, (fine, coarse) in enumerate(pairwise(levels)):
            above = [number[step + 1][h3.cell_to_parent(each, resolution(coarse))] for each in names[step]]
            parents.append(None if fine == coarse else np.array(above, dtype=np.int64))
            counts = [self.children(each, coarse, fine, levels[0]) for each in names[step + 1]]
            capacity.append(np.array(counts, dtype=np.int64))

        def labels(level: int, numbers: Numbers) -> pa.Array:
            return pa.array(names[level], pa.string()).take(pa.array(numbers))

        return Axis(
            name=place,
            finest=finest,
            lookup=pa.table({"raw": pa.array(cells, pa.string()), "id": pa.array(range(len(cells)), pa.int64())}),
            sizes=tuple(max(len(each), 1) for each in names),
            parents=tuple(parents),
            capacity=tuple(capacity),
            possible=np.array([cell not in self.impossible for cell in cells], dtype=np.bool_),
            labels=labels,
        )
