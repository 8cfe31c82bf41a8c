"""The invented bike share's thirty stations and how full each is at a moment: a seeded model, a function of time alone.

Boundary: pure. Any moment can be asked in any order and gives the same answer on every machine, so a replay and a
live feed come from the same rule. Stations near homes are full at night and empty by day, those near work and school
the other way round, those in the center swing twice; weekends swing less; a slow random wave lies over all.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from demo.months import TIMEZONE

SEED = 20260901
SNAPSHOT = timedelta(seconds=300)
STATION_COUNT = 30
# The lowest and the highest share of docks that are taken: nearly empty and nearly full, as on a real day.
LOWEST, HIGHEST = 0.02, 0.98
WAVE_HOURS = 3


class Habit(StrEnum):
    """What a station's surroundings do to it over the day."""

    HOME = "home"
    WORK = "work"
    CENTER = "center"


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A docking station."""

    station_id: str
    name: str
    longitude: float
    latitude: float
    capacity: int
    habit: Habit


@dataclass(frozen=True, slots=True, kw_only=True)
class StationState:
    """What a station reports at a moment."""

    station: Station
    bikes: int
    disabled_bikes: int
    is_renting: bool

    @property
    def free_docks(self) -> int:
        """Docks that can take a bicycle."""
        return self.station.capacity - self.bikes - self.disabled_bikes


_PLACES = (
    ("Mestni trg", Habit.CENTER), ("Kapucinski trg", Habit.CENTER), ("Avtobusna postaja", Habit.WORK),
    ("Spodnji trg", Habit.CENTER), ("Grad", Habit.CENTER), ("Železniška postaja", Habit.WORK),
    ("Trata", Habit.WORK), ("Podlubnik", Habit.HOME), ("Novi svet", Habit.HOME), ("Frankovo naselje", Habit.HOME),
    ("Groharjevo naselje", Habit.HOME), ("Partizanska", Habit.HOME), ("Kamnitnik", Habit.HOME),
    ("Gimnazija", Habit.WORK), ("Osnovna šola", Habit.WORK), ("Zdravstveni dom", Habit.WORK),
    ("Knjižnica", Habit.CENTER), ("Športni park", Habit.CENTER), ("Puštal", Habit.HOME), ("Stara Loka", Habit.HOME),
    ("Vincarje", Habit.HOME), ("Hosta", Habit.HOME), ("Suha", Habit.HOME), ("Lipica", Habit.WORK),
    ("Sveti Duh", Habit.HOME), ("Virmaše", Habit.HOME), ("Grenc", Habit.WORK), ("Godešič", Habit.HOME),
    ("Reteče", Habit.HOME), ("Zminec", Habit.HOME),
)  # fmt: skip
_CENTER = (14.306, 46.166)


def _noise(*key: object) -> float:
    """Return a number in [0, 1) that depends on the key alone."""
    digest = hashlib.blake2b(repr((SEED, *key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _station(index: int, name: str, habit: Habit) -> Station:
    # A sunflower spiral: evenly spread, denser at the center, and plainly not a survey.
    angle, radius = index * 2.399963, 0.0045 * math.sqrt(index)
    return Station(
        station_id=f"lk-{index + 1:02d}",
        name=name,
        longitude=round(_CENTER[0] + 1.4 * radius * math.cos(angle), 6),
        latitude=round(_CENTER[1] + radius * math.sin(angle), 6),
        capacity=10 + int(_noise("capacity", index) * 8) * 2,
        habit=habit,
    )


STATIONS = tuple(_station(index, name, habit) for index, (name, habit) in enumerate(_PLACES))


def snapshot_time(moment: datetime) -> datetime:
    """Return the start of the snapshot interval in which a moment lies, in UTC."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(SNAPSHOT.total_seconds()), UTC)


def states_at(moment: datetime) -> list[StationState]:
    """Return what every station reports in the snapshot interval of a moment."""
    at = snapshot_time(moment)
    return [_state(station, at) for station in STATIONS]


def _state(station: Station, at: datetime) -> StationState:
    local = at.astimezone(TIMEZONE)
    disabled = int(_noise("disabled", station.station_id, local.date()) * 1.25)
    share = min(max(_share(station, at, local), LOWEST), HIGHEST)
    bikes = min(round(station.capacity * share), station.capacity - disabled)
    return StationState(
        station=station, bikes=bikes, disabled_bikes=disabled, is_renting=not _under_repair(station, local)
    )


def _share(station: Station, at: datetime, local: datetime) -> float:
    """Return the share of docks that are taken, before limits."""
    hour = local.hour + local.minute / 60
    by_day = _bump(hour, 8.0, 16.0)
    swing = {
        Habit.HOME: -0.55 * by_day,
        Habit.WORK: 0.6 * by_day,
        Habit.CENTER: 0.3 * by_day - 0.25 * _bump(hour, 19, 23),
    }
    resting = {Habit.HOME: 0.78, Habit.WORK: 0.22, Habit.CENTER: 0.45}
    pace = 0.35 if local.weekday() >= 5 else 1.0
    return resting[station.habit] + pace * swing[station.habit] + 0.35 * (_wave(station, at) - 0.5)


def _bump(hour: float, rises: float, falls: float) -> float:
    """Return a smooth step that is 1 between two hours and 0 outside."""
    return 1 / (1 + math.exp(-1.8 * (hour - rises))) - 1 / (1 + math.exp(-1.8 * (hour - falls)))


def _wave(station: Station, at: datetime) -> float:
    """Return a slow random wave: seeded values some hours apart, joined by straight lines."""
    position = at.timestamp() / 3600 / WAVE_HOURS
    before = math.floor(position)
    left, right = (_noise("wave", station.station_id, before + step) for step in (0, 1))
    return left + (right - left) * (position - before)


def _under_repair(station: Station, local: datetime) -> bool:
    """Each day one station rents nothing for two hours: the repair crew is there."""
    chosen = int(_noise("repair", local.date()) * STATION_COUNT)
    return STATIONS[chosen] is station and 10 <= local.hour < 12
