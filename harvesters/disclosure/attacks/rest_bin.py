"""Rest bin and remainder: what do the bins of a rolled-up table tell about what was too small to be shown?

Attacker: has the table and the public rule: k, the ladder, the areas, the closed hours. A coarse bin with u units
covers its cell less the finer bins shown inside; the cells directly below that are still open hold at most k−1 units
each, since they would have been shown otherwise. With m open cells the attacker concludes that each holds at least
u − (m−1)(k−1) units. Inside the gate also: who is in no bin at all.
Pass rules: every open cell keeps 0 as a possible number of units, and k−1 too; nobody, or k units or more, are in no
bin. Exact over the whole table; geometry is asked of the policy's space, everything else is derived here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from disclosure.attacks.core import Result, Target, judged
from disclosure.attacks.members import has_members, members, unit_text
from disclosure.attacks.periods import label, run, start_of
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN

Key = tuple[tuple[str, ...], datetime]


class RestBin:
    """Attack 16."""

    name: ClassVar[str] = "rest-bin"

    def applies(self, target: Target) -> str | None:
        """Needs bins of several levels."""
        return None if target.policy.name == "rollup" else "no-rest-bins"

    def run(self, target: Target, *, seed: int) -> Result:  # noqa: ARG002 - exact, nothing is drawn
        """Derive the open cells of every bin, and count who is in none."""
        narrow = list(narrow_bins(target))
        left = units_in_no_bin(target)
        reason = "open-cell-is-narrow" if narrow else "remainder-is-small"
        return judged(self.name, reason, [*narrow, *left], bins=target.table.num_rows)


@dataclass(frozen=True, slots=True)
class _Geometry:
    """The public map: which cells exist, and which lie in which."""

    target: Target

    @property
    def policy(self) -> Any:
        return self.target.policy

    @property
    def timezone(self) -> str:
        return self.target.spec.timezone

    def parent(self, key: Key, step: int) -> Key:
        """The cell of level `step` + 1 that holds a cell of level `step`."""
        fine, coarse = self.policy.levels[step], self.policy.levels[step + 1]
        codes = tuple(
            code if fine.space == coarse.space else self.policy.space.parent(code, fine.space, coarse.space)
            for code in key[0]
        )
        first = self.policy.covers.first if self.policy.covers else None
        return codes, start_of(key[1], coarse.time, self.timezone, first)

    def possible(self, key: Key, step: int) -> int:
        """How many cells of level `step` − 1 inside a cell of level `step` can hold something."""
        fine, coarse = self.policy.levels[step - 1], self.policy.levels[step]
        finest = self.policy.levels[0].space
        number = 1
        for code in key[0]:
            if fine.space != coarse.space or fine.space == finest:
                number *= self.policy.space.children(code, coarse.space, fine.space, finest)
        last = self.policy.covers.last if self.policy.covers else None
        return number * _periods(key[1], fine.time, coarse.time, self.timezone, last, self.policy.closed_hours)


@cache
def _periods(
    start: datetime, fine: str, coarse: str, timezone: str, last: date | None, closed_hours: frozenset[int]
) -> int:
    """How many periods inside a longer one have an hour in which something can happen."""
    zone = ZoneInfo(timezone)
    quarters = run(start, coarse, timezone, last)
    return len({label(each, fine, timezone) for each in quarters if each.astimezone(zone).hour not in closed_hours})


def narrow_bins(target: Target) -> Iterator[tuple[str, Key, int]]:
    """Bins whose open cells lose part of 0 … k−1, with the number of open cells."""
    geometry = _Geometry(target)
    least = target.preset.min_units
    closed: set[Key] = set()
    for step, level in enumerate(geometry.policy.levels):
        shown = dict(_bins(target, level.slug))
        inside = Counter(geometry.parent(key, step - 1) for key in closed) if step else Counter()
        if step:
            for key, units in shown.items():
                still_open = geometry.possible(key, step) - inside[key]
                if units > (still_open - 1) * (least - 1) or units < least - 1:
                    yield level.slug, key, still_open
        full = {key for key, number in inside.items() if number >= geometry.possible(key, step)} if step else set()
        closed = set(shown) | full


def _bins(target: Target, slug: str) -> Iterator[tuple[Key, int]]:
    places = target.policy.space.places  # type: ignore[attr-defined]
    names = ("level", PERIOD_COLUMN, UNITS_COLUMN, *places)
    for level, start, units, *codes in zip(*(target.table.column(name).to_pylist() for name in names), strict=True):
        if level == slug:
            yield (tuple(codes), start), units


def units_in_no_bin(target: Target) -> list[tuple[str, int]]:
    """Units of rows that no bin holds, when they are some but fewer than k."""
    if not has_members(target):
        return []
    with members(target) as found:
        counted = ", ".join(f"count(DISTINCT {unit_text(column, 'source.')})" for column in target.spec.units)
        left = found.con.execute(f"SELECT {counted} FROM {found.source} WHERE {found.cell} IS NULL").fetchall()[0]
    return [(column, n) for column, n in zip(target.spec.units, left, strict=True) if 0 < n < target.preset.min_units]
