"""Snapshots of a GBFS feed as rows: one row per station, or per free-floating vehicle, and moment. Pure.

The parts are those of ``cityharvest.sources.gbfs.parts`` (the names are GBFS's, of 2.x or 3.x). Free floating, a part
holds only how many vehicles stood in each grid cell; they are numbered anew in each cell and snapshot, so that the
disclosure control can count what was present at once, and nothing joins two snapshots. A snapshot in which no vehicle
was seen is one row without a zone: it tells the disclosure control that somebody looked.
"""

from __future__ import annotations

import json
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


def vehicle_rows(document: bytes, *, unit: str, zone: str, time: str) -> list[Row]:
    """Return a row for each vehicle of one free-floating snapshot; ``unit`` is its number within the cell, from 1.

    Raises:
        ContractBroken: ``snapshot-unreadable``.
    """
    return _rows(document, lambda data, moment: _vehicles(data, moment, unit, zone, time))


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


def _vehicles(data: Mapping[str, Any], moment: datetime, unit: str, zone: str, time: str) -> list[Row]:
    rows = [
        {unit: str(number), zone: str(cell["zone"]), time: moment}
        for cell in data["cells"]
        for number in range(1, int(cell["vehicles"]) + 1)
    ]
    return rows or [{unit: None, zone: None, time: moment}]


def _moment(stamp: Any) -> datetime:
    if isinstance(stamp, str):
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return moment.astimezone(UTC)
    return datetime.fromtimestamp(int(stamp), UTC)
