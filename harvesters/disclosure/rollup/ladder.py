"""Levels of a roll-up over space and time, and which lengths of time lie within which.

Boundary: names and their order; no data, no clock.

*How to choose a ladder.* Start with the finest level that a reader can use, and coarsen what the reader misses least.
Prefer steps that put many cells together (a space twice as wide joins 4 cells of places, and 16 of pairs of places):
a rest needs several open cells beside each other, so a step of three hours passes less often than one in space. Put
a longer time (``10km-P7D``) before a larger place where it matters where something happened more than when; go on to
the whole only at the end. `explain` prints the share of rows that each level keeps: a level that keeps next to
nothing can go, and one that keeps most of the table wants a finer one before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from disclosure.errors import SpecInvalid
from disclosure.space.axis import WHOLE

QUARTER = "PT15M"
DAY, WEEK, MONTH = "P1D", "P7D", "P1M"
_HOURS = re.compile(r"PT([1-9]\d?)H")


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One rung: a level of the space, and a length of time as ISO 8601 duration or ``all``."""

    space: str
    time: str

    @property
    def slug(self) -> str:
        """How the level is named in the published table."""
        return f"{self.space}-{self.time}"


def hours(time: str) -> int | None:
    """Hours of a length such as ``PT3H``, None where it is none of those.

    Raises:
        SpecInvalid: code ``time-length-unknown``; hours that do not divide a day would drift through the days.
    """
    if time in {QUARTER, DAY, WEEK, MONTH, WHOLE}:
        return None
    found = _HOURS.fullmatch(time)
    if not found or 24 % int(found[1]) or int(found[1]) == 24:
        raise SpecInvalid("time-length-unknown", length=time)
    return int(found[1])


def time_nests(fine: str, coarse: str) -> bool:
    """Whether each period of `fine` lies in one of `coarse`. Weeks do not nest in months."""
    if fine == coarse or coarse == WHOLE:
        return True
    order = {QUARTER: 0, DAY: 2, WEEK: 3, MONTH: 3, WHOLE: 4}
    fine_hours, coarse_hours = hours(fine), hours(coarse)
    if fine_hours and coarse_hours:
        return coarse_hours % fine_hours == 0
    return order.get(fine, 1) < order.get(coarse, 1)


def check_levels(levels: Sequence[Level]) -> None:
    """Each step leaves the space and the time coarser or the same, and not both the same.

    Raises:
        SpecInvalid: codes ``ladder-empty``, ``levels-do-not-nest``, ``level-repeated``, ``time-length-unknown``.
    """
    if not levels:
        raise SpecInvalid("ladder-empty")
    for level in levels:
        hours(level.time)
    for fine, coarse in pairwise(levels):
        if fine == coarse:
            raise SpecInvalid("level-repeated", level=fine.slug)
        if not time_nests(fine.time, coarse.time):
            raise SpecInvalid("levels-do-not-nest", fine=fine.slug, coarse=coarse.slug)
        if fine.space == WHOLE != coarse.space:
            raise SpecInvalid("levels-do-not-nest", fine=fine.slug, coarse=coarse.slug)
    if WHOLE in (levels[0].space, levels[0].time):
        raise SpecInvalid("ladder-starts-whole")


def fan_out(fine: str, coarse: str) -> int | None:
    """Periods of `fine` in one of `coarse` on an ordinary day, None where that is many or depends on the calendar."""
    lengths = {QUARTER: 15, DAY: 24 * 60}
    minutes = [lengths.get(each, 60 * (hours(each) or 0)) for each in (fine, coarse)]
    return minutes[1] // minutes[0] if all(minutes) else None
