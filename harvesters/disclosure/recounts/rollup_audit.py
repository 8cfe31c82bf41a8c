"""The audit of a rolled-up table from the table alone, one code at a time.

Shares no code with ``rollup.rest``: that one multiplies lookups inside the engine while climbing; this one walks the
published table with dictionaries and asks the geography how many parts a code has. Used by the gate (with the units
of the input) and by `verify` (with the published ones).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from disclosure.recounts import rollup_calendar
from disclosure.recounts.rollup_calendar import Periods
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, Spec

if TYPE_CHECKING:
    from disclosure.policies.rollup import Rollup

Cell = tuple[tuple[str, ...], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The published bins by level, and the way up."""

    policy: Rollup
    times: Periods
    bins: tuple[dict[Cell, int], ...]
    parents: dict[tuple[str, int], str] = field(default_factory=dict)
    parts: dict[tuple[str, int], int] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pa.Table, policy: Rollup, spec: Spec) -> Walk:
        """Read a table.

        Raises:
            KeyError: when a level or a period of the table is none of the ladder's.
        """
        slugs = {level.slug: number for number, level in enumerate(policy.levels)}
        starts = table.column(PERIOD_COLUMN).combine_chunks().cast(pa.int64()).to_pylist()
        codes = list(zip(*(table.column(place).to_pylist() for place in policy.space.places), strict=True))
        bins: tuple[dict[Cell, int], ...] = tuple({} for _ in policy.levels)
        for row, (slug, code, start) in enumerate(zip(table.column("level").to_pylist(), codes, starts, strict=True)):
            bins[slugs[slug]][code, start] = row
        return cls(policy=policy, times=_periods(policy, spec, starts), bins=bins)

    def above(self, cell: Cell, level: int) -> Cell:
        """The cell of the next level that holds `cell`."""
        return tuple(self._parent(code, level) for code in cell[0]), self.times.above[level][cell[1]]

    def room(self, cell: Cell, level: int) -> int:
        """How many cells of the level below lie in `cell` and can hold something."""
        number = self.times.room[level - 1].get(cell[1], 0)
        for code in cell[0]:
            number *= self._parts(code, level)
        return number

    def narrow(self, units: Sequence[int], least: int) -> list[int]:
        """Rows of which some open part does not keep the interval 0 … least−1."""
        found: list[int] = []
        shown: set[Cell] = set(self.bins[0])
        for level in range(1, len(self.bins)):
            taken = Counter(self.above(cell, level - 1) for cell in shown)
            for cell, row in self.bins[level].items():
                if units[row] > (self.room(cell, level) - taken[cell] - 1) * (least - 1):
                    found.append(row)
            full = {cell for cell, number in taken.items() if number == self.room(cell, level)}
            shown = set(self.bins[level]) | full
        return sorted(found)

    def subtracted(self) -> dict[int, int]:
        """For each row, how many finer bins lie inside its cell."""
        inside: dict[int, int] = dict.fromkeys((row for each in self.bins for row in each.values()), 0)
        for level, each in enumerate(self.bins):
            for start in each:
                cell = start
                for step in range(level, len(self.bins) - 1):
                    cell = self.above(cell, step)
                    row = self.bins[step + 1].get(cell)
                    if row is not None:
                        inside[row] += 1
        return inside

    def impossible(self) -> list[int]:
        """Rows whose cell cannot exist: the code is unreadable, outside the frame, or cannot hold anything."""
        wrong = []
        for level, each in enumerate(self.bins[1:], start=1):
            wrong += [row for cell, row in each.items() if self.room(cell, level) < 1]
        return sorted(wrong)

    def _parent(self, code: str, level: int) -> str:
        if (code, level) not in self.parents:
            fine, coarse = self.policy.levels[level].space, self.policy.levels[level + 1].space
            self.parents[code, level] = code if fine == coarse else self.policy.space.parent(code, fine, coarse)
        return self.parents[code, level]

    def _parts(self, code: str, level: int) -> int:
        if (code, level) not in self.parts:
            fine, coarse = self.policy.levels[level - 1].space, self.policy.levels[level].space
            finest = self.policy.levels[0].space
            same = fine == coarse and fine != finest
            self.parts[code, level] = 1 if same else self.policy.space.children(code, coarse, fine, finest)
        return self.parts[code, level]


def narrow_bins(table: pa.Table, policy: Rollup, spec: Spec, min_units: int) -> list[int]:
    """Rows of `table` whose unpublished parts do not all keep 0 … min_units−1, judged by the published units."""
    return Walk.of(table, policy, spec).narrow(table.column(UNITS_COLUMN).to_pylist(), min_units)


def _periods(policy: Rollup, spec: Spec, starts: Sequence[int]) -> Periods:
    span = tuple(datetime.fromtimestamp(each / 1e6, UTC) for each in (min(starts, default=0), max(starts, default=0)))
    con = duckdb.connect(":memory:")
    try:
        con.execute("SET TimeZone = 'UTC'")
        rollup_calendar.map_quarters(con, policy.levels, spec.timezone, (span[0], span[1]), policy.covers)
        return rollup_calendar.periods(con, len(policy.levels), policy.closed_hours)
    finally:
        con.close()
