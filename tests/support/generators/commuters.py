"""A month of people in a city, seen by the hour: home, work, and now and then somewhere else.

Seeded, and the same everywhere: only ``random.Random`` draws. Everybody has a home zone and a work zone (drawn with
unequal popularity), own hours of leaving and returning, days off, and errands. One row for each person and hour in
which the person is seen (phones are not always on). Not a model of any real city: it is what recovery and membership
attacks are measured on, so regularity is on the attacker's side.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 9, 7, tzinfo=UTC)
"""A Monday."""

Row = tuple[str, str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """Size and habits.

    Args:
        people: number of people.
        zones: number of zones; popularity falls with 1/(1 + rank/3).
        days: length of the month.
        seen: share of hours in which a person is seen at all.
        errand: share of working days with an hour in a third zone.
    """

    people: int = 400
    zones: int = 8
    days: int = 28
    seen: float = 0.9
    errand: float = 0.3


def commuters(city: City, seed: int) -> Iterator[Row]:
    """Rows (person, zone, start of the hour), by person and time."""
    for number in range(city.people):
        choice = random.Random(f"{seed}-{number}")
        yield from _person(f"p{number:05}", city, choice)


def _person(name: str, city: City, choice: random.Random) -> Iterator[Row]:
    weights = [1 / (1 + rank / 3) for rank in range(city.zones)]
    home, work = choice.choices(range(city.zones), weights, k=2)
    leaves, returns = choice.randint(6, 9), choice.randint(15, 19)
    for day in range(city.days):
        works = day % 7 < 5 and choice.random() < 0.95
        errand = choice.randrange(city.zones) if choice.random() < city.errand else home
        for hour in range(24):
            at_work = works and leaves <= hour < returns
            zone = work if at_work else errand if hour == returns else home
            if choice.random() < city.seen:
                yield name, f"z{zone:02}", START + timedelta(days=day, hours=hour)
