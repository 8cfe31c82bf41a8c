"""The nested metric grid of EPSG:3035 (ETRS89-LAEA) with INSPIRE cell codes.

Source: INSPIRE data specification on geographical grid systems, Annex: the code of a cell is its size (``m`` below a
kilometre, else ``km``) and the coordinates of its lower left corner in metres, northing first, divided by 10ⁿ where n
is the number of trailing zeros of the size in metres: ``1kmN2594E4732``, ``100mN25943E47321``, ``10kmN259E473``.

*Which sizes nest.* A cell of size s lies in one cell of size S exactly if S is a multiple of s, since all corners are
multiples of the size counted from the same origin. So 100 m, 200 m, 1 km, 2 km, 10 km nest, and 100 m, 500 m, 1 km,
5 km, 10 km as well, but 2 km cells do not nest in 5 km cells (5/2 is no whole number): a ladder takes one of the
chains. 4 km and 8 km are no INSPIRE sizes but nest from 2 km and are coded by the same rule.

*Arithmetic.* Metres are first floored to whole metres, then divided as whole numbers: ⌊⌊x⌋/s⌋ = ⌊x/s⌋ for whole s, so
no floating quotient exists. Before dividing, the corner of the frame is subtracted, which makes every number
nonnegative: SQL's integer division would round negative ones towards zero and merge two cells.

Boundary: projected metres in, codes out. Longitude and latitude are projected by ``disclosure.space.project``.
"""

# ruff: noqa: ARG002 - one protocol for all kinds of space: not each needs every argument.

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.space.axis import MOST_AREAS, WHOLE, Axis, Flags, Numbers, capacities
from disclosure.sqltext import ident, one_row

_SIZE = re.compile(r"([1-9]\d*)(m|km)")
_CODE = re.compile(r"([1-9]\d*(?:m|km))N(-?\d+)E(-?\d+)")
Box = tuple[int, int, int, int]


@cache
def size_m(level: str) -> int:
    """Metres of a level name such as ``500m`` or ``2km``.

    Raises:
        SpecInvalid: code ``grid-size-unknown``.
    """
    found = _SIZE.fullmatch(level)
    metres = int(found[1]) * (1000 if found[2] == "km" else 1) if found else 0
    if not found or size_name(metres) != level:
        raise SpecInvalid("grid-size-unknown", size=level)
    return metres


def size_name(metres: int) -> str:
    """``1000`` is ``1km``, ``250`` is ``250m``, and so is every size that is not whole kilometres."""
    return f"{metres // 1000}km" if metres % 1000 == 0 else f"{metres}m"


@cache
def _unit(metres: int) -> int:
    """10ⁿ with n trailing zeros in `metres`."""
    return int(10 ** (len(str(metres)) - len(str(metres).rstrip("0"))))


def cell_code(level: str, x_m: int, y_m: int) -> str:
    """The code of the cell of a level that holds a point, in whole metres; negative ones are rounded down as well."""
    size = size_m(level)
    unit = _unit(size)
    return f"{level}N{y_m // size * size // unit}E{x_m // size * size // unit}"


def corner(code: str) -> tuple[str, int, int]:
    """Level and lower left corner (x, y in metres) of a code.

    Raises:
        SpecInvalid: code ``grid-code-unreadable``.
    """
    found = _CODE.fullmatch(code)
    if not found:
        raise SpecInvalid("grid-code-unreadable", cell=code)
    unit = _unit(size_m(found[1]))
    x, y = int(found[3]) * unit, int(found[2]) * unit
    if cell_code(found[1], x, y) != code:
        raise SpecInvalid("grid-code-unreadable", cell=code)
    return found[1], x, y


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Square cells.

    Args:
        of: for each published place the two input columns with its x and y in metres of EPSG:3035.
        area: the outer frame (least x, least y, greatest x, greatest y, the latter two exclusive) outside of which
            nothing can be; multiples of the finest size. Rows outside are withheld like rows without a place. Without
            it every cell of the plane is held possible, and the whole cannot be a level.
        impossible: codes of finest cells that everybody knows to be empty, such as water. Declared, because an
            intruder knows them too: a rest bin whose other cells are lakes would tell exactly.

    Raises:
        SpecInvalid: codes ``grid-area-empty``, ``grid-code-unreadable``.
    """

    of: Mapping[str, tuple[str, str]]
    area: Box | None = None
    impossible: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", {place: (pair[0], pair[1]) for place, pair in self.of.items()})
        object.__setattr__(self, "impossible", frozenset(self.impossible))
        if self.area is not None:
            west, south, east, north = (int(each) for each in self.area)
            object.__setattr__(self, "area", (west, south, east, north))
            if west >= east or south >= north:
                raise SpecInvalid("grid-area-empty")
        for code in self.impossible:
            corner(code)

    @property
    def places(self) -> tuple[str, ...]:
        """Published columns."""
        return tuple(self.of)

    @property
    def columns(self) -> tuple[str, ...]:
        """Coordinate columns of the input."""
        return tuple(dict.fromkeys(name for pair in self.of.values() for name in pair))

    @property
    def closed(self) -> bool:
        """Whether the frame is declared."""
        return self.area is not None

    def public(self) -> dict[str, Any]:
        """JSON-safe description."""
        return {
            "kind": "grid",
            # A list, because the order of places must survive JSON with sorted keys.
            "of": [[place, *pair] for place, pair in self.of.items()],
            "area": list(self.area) if self.area else None,
            "impossible": sorted(self.impossible),
        }

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gave."""
        area = data.get("area")
        return cls(
            of={place: (x, y) for place, x, y in data["of"]},
            area=(area[0], area[1], area[2], area[3]) if area else None,
            impossible=frozenset(data.get("impossible", ())),
        )

    def check(self, levels: Sequence[str]) -> None:
        """Each size must be a whole multiple of the one before; a frame and impossible cells fit the finest.

        Raises:
            SpecInvalid: codes ``levels-do-not-nest``, ``grid-area-not-aligned``, ``grid-impossible-not-finest``.
        """
        named = [level for level in levels if level != WHOLE]
        for fine, coarse in pairwise(named):
            if size_m(coarse) % size_m(fine):
                raise SpecInvalid("levels-do-not-nest", fine=fine, coarse=coarse)
        if self.area is not None and any(each % size_m(named[0]) for each in self.area):
            raise SpecInvalid("grid-area-not-aligned", size=named[0])
        if any(corner(code)[0] != named[0] for code in self.impossible):
            raise SpecInvalid("grid-impossible-not-finest", size=named[0])

    def axes(self, con: duckdb.DuckDBPyConnection, relation: str, levels: Sequence[str]) -> tuple[Axis, ...]:
        """Number the cells of a frame that is aligned to the coarsest size."""
        frame = self._frame(con, relation, levels)
        possible = self._possible(frame, size_m(levels[0]))
        parents = tuple(_above(frame, fine, coarse) for fine, coarse in pairwise(levels))
        sizes = tuple(_count(frame, level) for level in levels)
        capacity = capacities(possible, parents, sizes)

        def labels(level: int, numbers: Numbers) -> pa.Array:
            return pa.array(_codes(frame, levels[level], numbers), pa.string())

        return tuple(
            Axis(
                name=place,
                finest=self._number_sql(place, frame, size_m(levels[0])),
                lookup=None,
                sizes=sizes,
                parents=parents,
                capacity=capacity,
                possible=possible,
                labels=labels,
            )
            for place in self.of
        )

    def codes_sql(self, place: str, levels: Sequence[str]) -> str:
        """The finest code as text, from the corner that a remainder gives."""
        size = size_m(levels[0])
        x, y = (f"TRY_CAST(floor({ident(name)}) AS BIGINT)" for name in self.of[place])

        def part(metres: str) -> str:
            # The remainder of a negative number is negative in SQL; adding the size once makes it the distance down.
            return f"CAST(({metres} - ({metres} % {size} + {size}) % {size}) // {_unit(size)} AS VARCHAR)"

        inside = "true"
        if self.area is not None:
            west, south, east, north = self.area
            inside = f"{x} >= {west} AND {x} < {east} AND {y} >= {south} AND {y} < {north}"
        return f"CASE WHEN {inside} THEN '{levels[0]}N' || {part(y)} || 'E' || {part(x)} END"

    def parent(self, code: str, fine: str, coarse: str) -> str:
        """The cell of a coarser size that holds `code`."""
        if coarse == WHOLE:
            return WHOLE
        _, x, y = corner(code)
        return cell_code(coarse, x, y)

    def children(self, code: str, coarse: str, fine: str, finest: str) -> int:
        """Cells of size `fine` inside `code` that hold a finest cell inside the frame that is not impossible."""
        return _children(self.area, self.impossible, code, fine, finest)

    def _frame(self, con: duckdb.DuckDBPyConnection, relation: str, levels: Sequence[str]) -> Box:
        coarsest = max(size_m(level) for level in levels if level != WHOLE)
        box = self.area or self._extent(con, relation)
        west, south = (each // coarsest * coarsest for each in box[:2])
        east, north = (-(-each // coarsest) * coarsest for each in box[2:])
        finest = size_m(levels[0])
        if (east - west) // finest * ((north - south) // finest) > MOST_AREAS:
            raise DisclosureRefused("grid-too-fine", size=levels[0], most=MOST_AREAS)
        return west, south, east, north

    def _extent(self, con: duckdb.DuckDBPyConnection, relation: str) -> Box:
        xs = [f"TRY_CAST(floor({ident(pair[0])}) AS BIGINT)" for pair in self.of.values()]
        ys = [f"TRY_CAST(floor({ident(pair[1])}) AS BIGINT)" for pair in self.of.values()]
        found = one_row(
            con,
            f"SELECT {', '.join(f'min({each}), max({each})' for each in [*xs, *ys])} FROM {ident(relation)}",
        )
        x_found = [each for each in found[: 2 * len(xs)] if each is not None] or [0]
        y_found = [each for each in found[2 * len(xs) :] if each is not None] or [0]
        return min(x_found), min(y_found), max(x_found) + 1, max(y_found) + 1

    def _possible(self, frame: Box, size: int) -> Flags:
        west, south, east, north = frame
        wide, high = (east - west) // size, (north - south) // size
        flags = np.ones((high, wide), dtype=np.bool_)
        if self.area is not None:
            flags[:] = False
            inner = self.area
            flags[
                (inner[1] - south) // size : (inner[3] - south) // size,
                (inner[0] - west) // size : (inner[2] - west) // size,
            ] = True
        for code in self.impossible:
            _, x, y = corner(code)
            if west <= x < east and south <= y < north:
                flags[(y - south) // size, (x - west) // size] = False
        return flags.ravel()

    def _number_sql(self, place: str, frame: Box, size: int) -> str:
        west, south, east, north = self.area or frame
        x, y = (f"TRY_CAST(floor({ident(name)}) AS BIGINT)" for name in self.of[place])
        wide = (frame[2] - frame[0]) // size
        return (
            f"CASE WHEN {x} >= {west} AND {x} < {east} AND {y} >= {south} AND {y} < {north}"
            f" THEN ({y} - ({frame[1]})) // {size} * {wide} + ({x} - ({frame[0]})) // {size} END"
        )


def _count(frame: Box, level: str) -> int:
    if level == WHOLE:
        return 1
    size = size_m(level)
    return (frame[2] - frame[0]) // size * ((frame[3] - frame[1]) // size)


def _above(frame: Box, fine: str, coarse: str) -> Numbers | None:
    if fine == coarse:
        return None
    numbers = np.arange(_count(frame, fine), dtype=np.int64)
    if coarse == WHOLE:
        return np.zeros_like(numbers)
    factor = size_m(coarse) // size_m(fine)
    wide = (frame[2] - frame[0]) // size_m(fine)
    return numbers // wide // factor * (wide // factor) + numbers % wide // factor


def _codes(frame: Box, level: str, numbers: Numbers) -> list[str]:
    if level == WHOLE:
        return [WHOLE] * len(numbers)
    size = size_m(level)
    wide = (frame[2] - frame[0]) // size
    return [
        cell_code(level, frame[0] + each % wide * size, frame[1] + each // wide * size) for each in numbers.tolist()
    ]


@cache
def _children(area: Box | None, impossible: frozenset[str], code: str, fine: str, finest: str) -> int:
    """One cell at a time, by listing; for the audit of the gate and of `verify`."""
    if code == WHOLE:
        if area is None:
            raise SpecInvalid("whole-needs-a-frame")
        box = area
    else:
        level, x, y = corner(code)
        box = (x, y, x + size_m(level), y + size_m(level))
    step = size_m(fine)
    west, south = box[0] // step * step, box[1] // step * step
    cells = ((x, y) for y in range(south, box[3], step) for x in range(west, box[2], step))
    return sum(_can_hold(area, impossible, cell, step, finest) for cell in cells)


def _can_hold(area: Box | None, impossible: frozenset[str], cell: tuple[int, int], step: int, finest: str) -> bool:
    size = size_m(finest)
    west, south, east, north = cell[0], cell[1], cell[0] + step, cell[1] + step
    if area is not None:
        west, south = max(west, area[0]), max(south, area[1])
        east, north = min(east, area[2]), min(north, area[3])
    if west >= east or south >= north:
        return False
    if not impossible:
        return True
    inside = ((x, y) for y in range(south, north, size) for x in range(west, east, size))
    return any(cell_code(finest, x, y) not in impossible for x, y in inside)
