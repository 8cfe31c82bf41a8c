"""The parts that a day of snapshots is made of: small JSON texts of our own, never the feed's documents. Pure.

* a docked snapshot, label ``20261025T061500Z``:
  ``{"last_updated", "data": {"stations": [{"station_id", "num_vehicles_available", "num_docks_available"}]}}``
* a free-floating one, same label: ``{"last_updated", "data": {"cells": [{"zone": "46.16,14.30", "vehicles": 3}]}}``
* ``reference-stations``: ``{"last_updated", "stations": [{"station_id", "name": {language: text}, "lat", "lon", …}]}``
* ``reference-gaps``: ``{"gaps": [{"from", "to", "code"}]}``, when nothing fresh was to be had, and why

Names inside are those of GBFS 3.0. Equal snapshots give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from cityharvest.sources.base import REFERENCE_PREFIX
from cityharvest.sources.gbfs.models import Station, StationStatus

STATIONS_LABEL: Final = f"{REFERENCE_PREFIX}stations"
GAPS_LABEL: Final = f"{REFERENCE_PREFIX}gaps"


def snapshot_label(moment: datetime) -> str:
    """Return the label of the snapshot of a UTC moment: the same moment is the same part."""
    return f"{moment:%Y%m%dT%H%M%SZ}"


def stations_part(moment: datetime, states: Iterable[StationStatus]) -> bytes:
    """Return the part of a docked snapshot."""
    listed = [
        {
            "station_id": one.station_id,
            "num_vehicles_available": one.bikes_available,
            "num_docks_available": one.docks_available,
        }
        for one in states
    ]
    return _json({"last_updated": stamp(moment), "data": {"stations": listed}})


def cells_part(moment: datetime, counts: Mapping[str, int]) -> bytes:
    """Return the part of a free-floating snapshot; no cell at all says that somebody looked and saw none."""
    listed = [{"zone": zone, "vehicles": count} for zone, count in counts.items()]
    return _json({"last_updated": stamp(moment), "data": {"cells": listed}})


def reference_part(moment: datetime, stations: Iterable[Station]) -> bytes:
    """Return the list of stations."""
    listed = [
        {
            "station_id": one.station_id,
            "name": dict(one.name),
            "lat": one.latitude,
            "lon": one.longitude,
            "capacity": one.capacity,
        }
        for one in stations
    ]
    return _json({"last_updated": stamp(moment), "stations": listed})


def gaps_part(gaps: Iterable[Mapping[str, str]]) -> bytes:
    """Return the list of gaps."""
    return _json({"gaps": [dict(gap) for gap in gaps]})


def stamp(moment: datetime) -> str:
    """Return a UTC moment as RFC 3339."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
