"""What every kind of space has in common: areas numbered densely, level by level, each inside one of the next level.

Boundary: a description that the roll-up turns into lookups; nothing is counted here. Numbers exist only inside one
run; what is published are the codes that `Axis.labels` gives.

Two faces on purpose. ``axes`` gives whole arrays, for `protect`. ``parent`` and ``children`` answer for one code at a
time in plain Python, for the gate's audit and for `verify`, which must not share the counting of `protect`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

WHOLE = "all"
"""Name of the level with one area, and of that area."""

MOST_AREAS = 4_000_000
"""Areas of the finest level; more would be a table larger than what is published."""

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One dimension of a ladder.

    Attributes:
        name: the published column.
        finest: SQL for what a row says about the finest level, NULL where it says nothing usable.
        lookup: columns ``raw`` (what `finest` gives) and ``id``; None where `finest` is the number already.
        sizes: how many numbers there are, for each level of the ladder.
        parents: for each step up, the number above each number; None where the step leaves this dimension as it is.
        capacity: for each step up, how many areas that can hold something lie directly under each coarser number.
        possible: which numbers of the finest level can hold something at all.
        labels: published values of some numbers of a level.
    """

    name: str
    finest: str
    lookup: pa.Table | None
    sizes: tuple[int, ...]
    parents: tuple[Numbers | None, ...]
    capacity: tuple[Numbers, ...]
    possible: Flags
    labels: Callable[[int, Numbers], pa.Array]


class Space(Protocol):
    """A kind of space."""

    @property
    def places(self) -> tuple[str, ...]:
        """Published columns, for example origin and destination."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the input."""
        ...

    @property
    def closed(self) -> bool:
        """Whether all areas are known beforehand; only then can the whole be a level."""
        ...

    def public(self) -> dict[str, Any]:
        """JSON-safe description."""
        ...

    def check(self, levels: Sequence[str]) -> None:
        """Refuse levels that do not nest.

        Raises:
            SpecInvalid: with a code that says which step is wrong.
        """
        ...

    def axes(self, con: duckdb.DuckDBPyConnection, relation: str, levels: Sequence[str]) -> tuple[Axis, ...]:
        """One axis for each place."""
        ...

    def codes_sql(self, place: str, levels: Sequence[str]) -> str:
        """SQL for the published code of the finest level, written apart from `axes` for the gate."""
        ...

    def parent(self, code: str, fine: str, coarse: str) -> str:
        """The code of level `coarse` that holds `code` of level `fine`."""
        ...

    def children(self, code: str, coarse: str, fine: str, finest: str) -> int:
        """How many areas of level `fine` inside `code` can hold something (finest areas declared impossible cannot)."""
        ...


def capacities(possible: Flags, parents: Sequence[Numbers | None], sizes: Sequence[int]) -> tuple[Numbers, ...]:
    """For each step, the possible areas directly under each coarser one; a step that changes nothing counts itself."""
    result: list[Numbers] = []
    now = possible
    for step, above in enumerate(parents):
        if above is None:
            counted = now.astype(np.int64)
        else:
            counted = np.bincount(above[now], minlength=sizes[step + 1]).astype(np.int64)
        result.append(counted)
        now = counted > 0
    return tuple(result)
