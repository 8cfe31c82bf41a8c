"""Anonymous ways through published counts: the assignment from period to period, and how right a way is.

Boundary: counts and sightings in, shares out; see ``attacks.trajectory`` for the attacker and the source.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

Place = tuple[str, ...]
Counts = Mapping[datetime, Mapping[Place, int]]
Sightings = Mapping[str, dict[datetime, Place]]
Way = dict[datetime, Place]
Step = tuple[Way, Place]
"""A way and its last place."""

MOST_PEOPLE: Final = 150
"""Anonymous people that are followed; larger counts are scaled down to this number."""


def recovered(counts: Counts, drawn: random.Random) -> list[Way]:
    """Ways of anonymous people, so that as many as possible are where they were last seen.

    Whoever is not seen in a period (no phone, a withheld cell) waits, and is the first to come back.
    """
    last: list[Step] = []
    for period, places in _scaled(counts).items():
        wanted = Counter(places)
        drawn.shuffle(last)
        # Who is away from home leaves a place before who lives there.
        last.sort(key=lambda each: _home(each[0]) != each[1])
        found, moving = _taken([(step, step[1]) for step in last], wanted)
        home, moving = _taken([(step, _home(step[0])) for step in moving], wanted)
        moving = _exchanged(found, moving, wanted)
        day_before = period - timedelta(days=1)
        before, moving = _taken([(step, step[0].get(day_before)) for step in moving], wanted)
        anywhere, waiting = _spread(moving, wanted)
        new: list[Step] = [({}, place) for place, number in wanted.items() for _ in range(number)]
        last = found + home + before + anywhere + new
        for way, place in last:
            way[period] = place
        last += waiting
    return [way for way, _ in last]


def _taken(hints: list[tuple[Step, Place | None]], wanted: Counter[Place]) -> tuple[list[Step], list[Step]]:
    """Who goes where the hint says, as far as people are wanted there; and who is left."""
    placed: list[Step] = []
    left: list[Step] = []
    for (way, place), hint in hints:
        if hint is not None and wanted[hint] > 0:
            wanted[hint] -= 1
            placed.append((way, hint))
        else:
            left.append((way, place))
    return placed, left


def _spread(moving: list[Step], wanted: Counter[Place]) -> tuple[list[Step], list[Step]]:
    """Who is left goes where most people are still wanted, or waits."""
    free = [place for place, number in wanted.most_common() for _ in range(max(0, number))]
    placed = [(way, place) for (way, _), place in zip(moving, free, strict=False)]
    for _, place in placed:
        wanted[place] -= 1
    return placed, moving[len(placed) :]


def _exchanged(found: list[Step], moving: list[Step], wanted: Counter[Place]) -> list[Step]:
    """Who cannot go home because a guest is taken to have stayed there: the guest goes home instead, where wanted."""
    guests: dict[Place, list[int]] = {}
    for number, (way, place) in enumerate(found):
        if _home(way) != place:
            guests.setdefault(place, []).append(number)
    left = []
    for way, place in moving:
        home = _home(way)
        leaving = next((n for n in guests.get(home, []) if _wants(wanted, found[n])), None) if home else None
        if home is None or leaving is None:
            left.append((way, place))
            continue
        guests[home].remove(leaving)
        guest, house = found[leaving][0], _home(found[leaving][0])
        if house is not None:
            wanted[house] -= 1
            found[leaving] = (guest, house)
            found.append((way, home))
    return left


def _wants(wanted: Counter[Place], step: Step) -> bool:
    """Whether somebody is wanted at the home of this one."""
    home = _home(step[0])
    return home is not None and wanted[home] > 0


def _home(way: Way) -> Place | None:
    return next(iter(way.values()), None)


def _scaled(counts: Counts) -> dict[datetime, dict[Place, int]]:
    most = max((sum(places.values()) for places in counts.values()), default=0)
    if most <= MOST_PEOPLE:
        return {period: dict(places) for period, places in counts.items()}
    return {
        period: {place: max(1, number * MOST_PEOPLE // most) for place, number in places.items()}
        for period, places in counts.items()
    }


def share_right(way: Way, away: Way) -> float:
    """Share of the periods in `away` (where a target truly was) that a way has right."""
    return sum(way.get(moment) == place for moment, place in away.items()) / len(away) if away else 0.0


def crowd(counts: Counts, known: Place) -> Way:
    """Where most people are in each period, other than the place that is known already."""
    busiest = {}
    for moment, places in counts.items():
        others = {place: number for place, number in places.items() if place != known}
        if others:
            busiest[moment] = max(others, key=lambda place: (others[place], place))
    return busiest
