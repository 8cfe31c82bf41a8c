"""Zones with a parent table: zone → district → municipality, or any chain in which each area has one parent.

Boundary: names only; no shapes. The table lists every zone that exists, so it is also the list of what is possible:
a zone that nobody visited is still a place where somebody could have been.
"""

# ruff: noqa: ARG002 - one protocol for all kinds of space: not each needs every argument.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.errors import SpecInvalid
from disclosure.space.axis import WHOLE, Axis, Numbers, capacities
from disclosure.sqltext import ident


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Named areas.

    Args:
        of: input columns with zones of the first level; they are published under the same names.
        levels: names of the levels, finest first.
        parents: for each zone its areas of the further levels, in order.
        impossible: zones in which nothing can be, as everybody knows.

    Raises:
        SpecInvalid: codes ``zones-empty``, ``zones-chain-incomplete``, ``zones-two-parents``, ``zones-name-reserved``.
    """

    of: tuple[str, ...]
    levels: tuple[str, ...]
    parents: Mapping[str, tuple[str, ...]]
    impossible: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", tuple(self.of))
        object.__setattr__(self, "levels", tuple(self.levels))
        object.__setattr__(self, "parents", {zone: tuple(chain) for zone, chain in sorted(self.parents.items())})
        object.__setattr__(self, "impossible", frozenset(self.impossible))
        if not self.parents or not self.levels:
            raise SpecInvalid("zones-empty")
        if WHOLE in self.levels:
            raise SpecInvalid("zones-name-reserved", level=WHOLE)
        if any(len(chain) != len(self.levels) - 1 for chain in self.parents.values()):
            raise SpecInvalid("zones-chain-incomplete", levels=list(self.levels))
        for fine, coarse in pairwise(self.levels):
            above: dict[str, str] = {}
            for zone in self.parents:
                if above.setdefault(self._at(zone, fine), self._at(zone, coarse)) != self._at(zone, coarse):
                    raise SpecInvalid("zones-two-parents", level=fine)

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
        """The table lists all zones."""
        return True

    def public(self) -> dict[str, Any]:
        """JSON-safe description."""
        return {
            "kind": "zones",
            "of": list(self.of),
            "levels": list(self.levels),
            "parents": {zone: list(chain) for zone, chain in self.parents.items()},
            "impossible": sorted(self.impossible),
        }

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gave."""
        return cls(
            of=tuple(data["of"]),
            levels=tuple(data["levels"]),
            parents={zone: tuple(chain) for zone, chain in data["parents"].items()},
            impossible=frozenset(data.get("impossible", ())),
        )

    def check(self, levels: Sequence[str]) -> None:
        """Levels must be those of the table, in its order, from the first.

        Raises:
            SpecInvalid: codes ``zones-level-unknown``, ``levels-do-not-nest``.
        """
        named = [level for level in levels if level != WHOLE]
        for level in named:
            if level not in self.levels:
                raise SpecInvalid("zones-level-unknown", level=level, known=list(self.levels))
        if named[0] != self.levels[0]:
            raise SpecInvalid("zones-level-unknown", level=named[0], known=[self.levels[0]])
        for fine, coarse in pairwise(named):
            if self.levels.index(coarse) < self.levels.index(fine):
                raise SpecInvalid("levels-do-not-nest", fine=fine, coarse=coarse)

    def axes(self, con: duckdb.DuckDBPyConnection, relation: str, levels: Sequence[str]) -> tuple[Axis, ...]:
        """Number the areas of each level by their names."""
        names = [sorted({self._at(zone, level) for zone in self.parents}) for level in levels]
        number = [{name: place for place, name in enumerate(each)} for each in names]
        parents = tuple(self._above(number, levels, step) for step in range(len(levels) - 1))
        possible = np.array([zone not in self.impossible for zone in names[0]], dtype=np.bool_)
        sizes = tuple(map(len, names))

        def labels(level: int, numbers: Numbers) -> pa.Array:
            return pa.array(names[level], pa.string()).take(pa.array(numbers))

        lookup = pa.table({"raw": pa.array(names[0], pa.string()), "id": pa.array(range(sizes[0]), pa.int64())})
        return tuple(
            Axis(
                name=place,
                finest=f"CAST({ident(place)} AS VARCHAR)",
                lookup=lookup,
                sizes=sizes,
                parents=parents,
                capacity=capacities(possible, parents, sizes),
                possible=possible,
                labels=labels,
            )
            for place in self.of
        )

    def codes_sql(self, place: str, levels: Sequence[str]) -> str:
        """The zone as text."""
        return f"CAST({ident(place)} AS VARCHAR)"

    def parent(self, code: str, fine: str, coarse: str) -> str:
        """The area of a coarser level that holds `code`.

        Raises:
            SpecInvalid: code ``zone-not-in-table``.
        """
        for zone in self.parents:
            if self._at(zone, fine) == code:
                return self._at(zone, coarse)
        raise SpecInvalid("zone-not-in-table", level=fine)

    def children(self, code: str, coarse: str, fine: str, finest: str) -> int:
        """Areas of level `fine` inside `code` that hold a zone that is not impossible."""
        open_zones = (zone for zone in self.parents if zone not in self.impossible)
        return len({self._at(zone, fine) for zone in open_zones if self._at(zone, coarse) == code})

    def _at(self, zone: str, level: str) -> str:
        if level == WHOLE:
            return WHOLE
        place = self.levels.index(level)
        return zone if place == 0 else self.parents[zone][place - 1]

    def _above(self, number: Sequence[Mapping[str, int]], levels: Sequence[str], step: int) -> Numbers | None:
        if levels[step] == levels[step + 1]:
            return None
        above = np.zeros(len(number[step]), dtype=np.int64)
        for zone in self.parents:
            fine, coarse = self._at(zone, levels[step]), self._at(zone, levels[step + 1])
            above[number[step][fine]] = number[step + 1][coarse]
        return above
