"""GBFS 3.0 and 2.3 documents of the invented bike share at a moment.

Boundary: pure; only shapes of documents live here, the model is `demo.stations`.
Source: MobilityData GBFS 3.0 and 2.3 (system_information, vehicle_types, station_information, station_status).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from demo.months import TIMEZONE
from demo.region import BIKE_SHARE, SKOFJA_LOKA
from demo.stations import SNAPSHOT, STATIONS, Station, StationState, snapshot_time, states_at

Document = dict[str, Any]

VERSIONS = ("3.0", "2.3")
TTL_S = int(SNAPSHOT.total_seconds())
FEEDS = ("system_information", "vehicle_types", "station_information", "station_status")
LANGUAGE = "sl"
VEHICLE_TYPE = "city-bike"
SYSTEM_ID = "loska_kolesa_demo"
LICENSE_ID = "CC-BY-4.0"


def discovery(version: str, moment: datetime, base_url: str) -> Document:
    """Return gbfs.json with the addresses of the other documents below `base_url`."""
    feeds = [{"name": name, "url": f"{base_url}/{name}.json"} for name in FEEDS]
    return _envelope(version, moment, {"feeds": feeds} if version == "3.0" else {LANGUAGE: {"feeds": feeds}})


def document(version: str, name: str, moment: datetime) -> Document:
    """Return one of the documents in `FEEDS`.

    Raises:
        KeyError: for a name that is not in `FEEDS`.
    """
    return _envelope(version, moment, _DATA[name](version, snapshot_time(moment)))


def _envelope(version: str, moment: datetime, data: Document) -> Document:
    return {"last_updated": _stamp(version, snapshot_time(moment)), "ttl": TTL_S, "version": version, "data": data}


def _stamp(version: str, moment: datetime) -> str | int:
    return moment.astimezone(TIMEZONE).isoformat() if version == "3.0" else int(moment.timestamp())


def _text(version: str, text: str) -> str | list[dict[str, str]]:
    return [{"text": text, "language": LANGUAGE}] if version == "3.0" else text


def _system_information(version: str, _moment: datetime) -> Document:
    common: Document = {
        "system_id": SYSTEM_ID,
        "name": _text(version, f"{BIKE_SHARE.title} – {SKOFJA_LOKA.name} (demo)"),
        "timezone": TIMEZONE.key,
        "license_id": LICENSE_ID,
    }
    if version == "2.3":
        return {**common, "language": LANGUAGE}
    return {
        **common,
        "languages": [LANGUAGE],
        "opening_hours": "24/7",
        "feed_contact_email": "podatki@loska-kolesa.example",
    }


def _vehicle_types(version: str, _moment: datetime) -> Document:
    bicycle: Document = {
        "vehicle_type_id": VEHICLE_TYPE,
        "form_factor": "bicycle",
        "propulsion_type": "human",
        "name": _text(version, "Mestno kolo"),
    }
    return {"vehicle_types": [bicycle]}


def _station_information(version: str, _moment: datetime) -> Document:
    def one(station: Station) -> Document:
        return {
            "station_id": station.station_id,
            "name": _text(version, station.name),
            "lat": station.latitude,
            "lon": station.longitude,
            "capacity": station.capacity,
            "is_virtual_station": False,
        }

    return {"stations": [one(station) for station in STATIONS]}


def _station_status(version: str, moment: datetime) -> Document:
    kind = "vehicles" if version == "3.0" else "bikes"

    def one(state: StationState) -> Document:
        return {
            "station_id": state.station.station_id,
            f"num_{kind}_available": state.bikes,
            f"num_{kind}_disabled": state.disabled_bikes,
            "num_docks_available": state.free_docks,
            "is_installed": True,
            "is_renting": state.is_renting,
            "is_returning": True,
            "last_reported": _stamp(version, moment),
            "vehicle_types_available": [{"vehicle_type_id": VEHICLE_TYPE, "count": state.bikes}],
        }

    return {"stations": [one(state) for state in states_at(moment)]}


_DATA: dict[str, Callable[[str, datetime], Document]] = {
    "system_information": _system_information,
    "vehicle_types": _vehicle_types,
    "station_information": _station_information,
    "station_status": _station_status,
}
