"""Snapshots of a GBFS feed as rows: one row per station, or per free-floating vehicle, and moment. Pure.

Versions 2.x and 3.x differ in the names of the same things; both are read. Free-floating vehicles get a zone from a
plain grid of degrees that the product states, so that no position leaves this function. A snapshot in which no vehicle
was seen is one row without a zone: it tells the disclosure control that somebody looked.
Source: MobilityData GBFS 2.3 and 3.0, ``station_status``, ``free_bike_status``, ``vehicle_status``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cityharvest.errors import ContractBroken

Row = dict[str, Any]

#: Names a contract may use -> the feed's names, newest version first.
STATION_QUANTITIES: Mapping[str, tuple[str, ...]] = {
    "bikes_available": ("num_vehicles_available", "num_bikes_available"),
    "docks_available": ("num_docks_available",),
    "bikes_disabled": ("num_vehicles_disabled", "num_bikes_disabled"),
    "docks_disabled": ("num_docks_disabled",),
}
DEFAULT_GRID_DEGREES = 0.01


def station_rows(document: bytes, measures: Sequence[str], *, zone: str, time: str) -> list[Row]:
    """Return the stations of one ``station_status`` document.

    Args:
        document: the feed's bytes.
        measures: names of ``STATION_QUANTITIES``.
        zone: name of the column for the station's id.
        time: name of the column for the moment.

    Raises:
        ContractBroken: ``snapshot-unreadable`` or ``quantity-unknown``.
    """
    unknown = sorted(set(measures) - set(STATION_QUANTITIES))
    if unknown:
        raise ContractBroken("quantity-unknown", names=", ".join(unknown))
    return _rows(document, lambda data, moment: _stations(data, moment, measures, zone, time))


def vehicle_rows(document: bytes, *, unit: str, zone: str, time: str, grid_degrees: float) -> list[Row]:
    """Return the free-floating vehicles of one ``vehicle_status`` or ``free_bike_status`` document.

    Vehicles that are reserved, disabled or at a station are not there to be taken and are left out.

    Raises:
        ContractBroken: ``snapshot-unreadable``.
    """
    return _rows(document, lambda data, moment: _vehicles(data, moment, unit, zone, time, grid_degrees))


def grid_zone(latitude: float, longitude: float, degrees: float) -> str:
    """Return the name of the grid cell: its south-west corner, such as ``46.16,14.30``."""
    places = max(0, math.ceil(-math.log10(degrees)))
    corner = [math.floor(value / degrees) * degrees for value in (latitude, longitude)]
    return ",".join(f"{value:.{places}f}" for value in corner)


def _rows(document: bytes, read: Callable[[Mapping[str, Any], datetime], list[Row]]) -> list[Row]:
    try:
        feed = json.loads(document)
        return read(feed["data"], _moment(feed["last_updated"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # The text of the error may quote the feed; only its kind is told.
        raise ContractBroken("snapshot-unreadable", problem=type(error).__name__) from None


def _stations(data: Mapping[str, Any], moment: datetime, measures: Sequence[str], zone: str, time: str) -> list[Row]:
    return [
        {zone: str(one["station_id"]), time: moment, **{name: _quantity(one, name) for name in measures}}
        for one in data["stations"]
    ]


def _quantity(station: Mapping[str, Any], name: str) -> int | None:
    for key in STATION_QUANTITIES[name]:
        if station.get(key) is not None:
            return int(station[key])
    return None


def _vehicles(data: Mapping[str, Any], moment: datetime, unit: str, zone: str, time: str, degrees: float) -> list[Row]:
    listed = data["vehicles"] if "vehicles" in data else data["bikes"]
    rows = [
        {
            unit: str(one.get("vehicle_id", one.get("bike_id"))),
            zone: grid_zone(float(one["lat"]), float(one["lon"]), degrees),
            time: moment,
        }
        for one in listed
        if not (one.get("is_reserved") or one.get("is_disabled") or one.get("station_id"))
    ]
    return rows or [{unit: None, zone: None, time: moment}]


def _moment(stamp: Any) -> datetime:
    if isinstance(stamp, str):
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return moment.astimezone(UTC)
    return datetime.fromtimestamp(int(stamp), UTC)
