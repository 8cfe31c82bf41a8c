"""Anonymous ways through published counts: the assignment from period to period, and how right a way is.

Boundary: counts and sightings in, shares out; see ``attacks.trajectory`` for the attacker and the source.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

Place = str
Counts = Mapping[datetime, Mapping[Place, int]]
Sightings = Mapping[str, dict[datetime, Place]]
Way = dict[datetime, Place]

MOST_PEOPLE: Final = 400
"""Anonymous people that are followed; larger counts are scaled down to this number."""


def recovered(counts: Counts, drawn: random.Random) -> list[Way]:
    """Ways of anonymous people, so that as many as possible stay from each period to the next."""
    periods = list(counts)
    scaled = _scaled(counts)
    ways: list[Way] = []
    here: list[tuple[Way, Place]] = []
    for period in periods:
        wanted = Counter(scaled[period])
        staying: list[tuple[Way, Place]] = []
        moving: list[Way] = []
        drawn.shuffle(here)
        # Who is away from home leaves a place before who lives there.
        for way, place in sorted(here, key=lambda each: _home(each[0]) != each[1]):
            if wanted[place] > 0:
                wanted[place] -= 1
                staying.append((way, place))
            else:
                moving.append(way)
        here = staying + _moved(moving, wanted, period)
        for place, number in wanted.items():
            for _ in range(number):
                ways.append({})
                here.append((ways[-1], place))
        for way, place in here:
            way[period] = place
    return ways


def _moved(moving: list[Way], wanted: Counter[Place], period: datetime) -> list[tuple[Way, Place]]:
    """Whoever must move goes home, or where the way was a day before, or to any place that wants people."""
    placed: list[tuple[Way, Place]] = []
    for hint in (_home, lambda way: _day_before(way, period), lambda _: _any(wanted)):
        left = []
        for way in moving:
            place = hint(way)
            if place is not None and wanted[place] > 0:
                wanted[place] -= 1
                placed.append((way, place))
            else:
                left.append(way)
        moving = left
    return placed


def _home(way: Way) -> Place | None:
    return next(iter(way.values()), None)


def _day_before(way: Way, period: datetime) -> Place | None:
    earlier = [place for moment, place in way.items() if (period - moment).total_seconds() == 24 * 3600]
    return earlier[0] if earlier else None


def _any(wanted: Counter[Place]) -> Place | None:
    return max((place for place in wanted if wanted[place] > 0), key=lambda place: wanted[place], default=None)


def _scaled(counts: Counts) -> dict[datetime, dict[Place, int]]:
    most = max((sum(places.values()) for places in counts.values()), default=0)
    if most <= MOST_PEOPLE:
        return {period: dict(places) for period, places in counts.items()}
    return {
        period: {place: max(1, number * MOST_PEOPLE // most) for place, number in places.items()}
        for period, places in counts.items()
    }


def share_right(way: Way, true: Way) -> float:
    """Share of the later true sightings in published periods that the way has right."""
    later = list(true.items())[1:]
    return sum(way.get(moment) == place for moment, place in later) / len(later) if later else 0.0


def baseline_share(counts: Counts, true: Way, first: datetime) -> float:
    """The better of staying where known and of being where most people are."""
    later = list(true.items())[1:]
    if not later:
        return 0.0
    stays = sum(place == true[first] for _, place in later)
    crowd = {moment: max(places, key=lambda place: (places[place], place)) for moment, places in counts.items()}
    follows = sum(crowd.get(moment) == place for moment, place in later)
    return max(stays, follows) / len(later)
