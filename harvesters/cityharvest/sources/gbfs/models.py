"""GBFS documents of 2.x and 3.x as one set of values. Pure.

2.x has seconds since 1970 and, in its discovery, one list of feeds per language; 3.x has RFC 3339 times, one list,
texts as lists per language, and calls bicycles vehicles. What a feed leaves out stays None; a count that is none
(negative, or a placeholder such as 555555) is None as well, because a wrong number is worse than a gap.
Source: MobilityData GBFS 2.3 and 3.0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cityharvest.clock import moment as rfc3339
from cityharvest.errors import FetchRefused, FetchTemporary

#: No station has so many docks; feeds write such numbers for "unlimited" or "unknown".
MOST_AT_STATION: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The envelope of every GBFS document."""

    last_updated: datetime
    ttl_s: int
    version: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A docked station: who it is."""

    station_id: str
    name: Mapping[str, str]
    latitude: float | None
    longitude: float | None
    capacity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StationStatus:
    """A docked station at one moment."""

    station_id: str
    bikes_available: int | None  # num_bikes_available (2.x), num_vehicles_available (3.x)
    docks_available: int | None  # num_docks_available


def document(body: bytes, url: str) -> Document:
    """Read a document's envelope.

    Raises:
        FetchRefused: ``html-instead-of-data``.
        FetchTemporary: ``feed-invalid``; the next poll may find it repaired.
    """
    if body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise FetchRefused("html-instead-of-data", url=url)
    try:
        content = json.loads(body)
        return Document(
            last_updated=moment(content["last_updated"]),
            ttl_s=max(0, int(content.get("ttl", 0))),
            version=str(content.get("version", "1.0")),
            data=dict(content["data"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError, RecursionError) as error:
        # The error's text may quote the feed; only that it is wrong is told.
        raise FetchTemporary("feed-invalid", url=url) from error


def moment(stamp: Any) -> datetime:
    """Return the UTC moment of seconds since 1970 or RFC 3339 text.

    Raises:
        ValueError, TypeError: it is neither.
    """
    if isinstance(stamp, str) and not stamp.isdigit():
        return rfc3339(stamp)
    return datetime.fromtimestamp(int(stamp), UTC)


def feed_urls(discovery: Document, language: str | None, url: str) -> dict[str, str]:
    """Return name -> address of the feeds that a discovery document lists; nothing is ever put together by us.

    Raises:
        FetchTemporary: ``feed-invalid``.
    """
    data = discovery.data
    try:
        if "feeds" not in data:  # 2.x: one list per language, all with the same feeds
            data = data[language] if language is not None and language in data else next(iter(data.values()))
        return {str(one["name"]): str(one["url"]) for one in data["feeds"]}
    except (KeyError, TypeError, StopIteration) as error:
        raise FetchTemporary("feed-invalid", url=url) from error


def stations(information: Document, url: str) -> list[Station]:
    """Return the stations of ``station_information``. Raises as ``feed_urls``."""
    try:
        return [
            Station(
                station_id=str(one["station_id"]),
                name=_texts(one.get("name")),
                latitude=_degrees(one.get("lat"), 90),
                longitude=_degrees(one.get("lon"), 180),
                capacity=_count(one.get("capacity")),
            )
            for one in information.data["stations"]
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FetchTemporary("feed-invalid", url=url) from error


def station_states(status: Document, url: str) -> list[StationStatus]:
    """Return the installed stations of ``station_status``; one that is not installed has no count. Raises as above."""
    try:
        return [
            StationStatus(
                station_id=str(one["station_id"]),
                bikes_available=_count(one.get("num_vehicles_available", one.get("num_bikes_available"))),
                docks_available=_count(one.get("num_docks_available")),
            )
            for one in status.data["stations"]
            if one.get("is_installed", True)
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FetchTemporary("feed-invalid", url=url) from error


def parked_in_cells(status: Document, grid_degrees: float, url: str) -> dict[str, int]:
    """Return grid cell -> vehicles of ``vehicle_status`` (2.x: ``free_bike_status``) that stand there for hire.

    Reserved and disabled vehicles, and those at a station, are left out. Ids do not leave this function.

    Raises:
        FetchTemporary: ``feed-invalid``.
    """
    try:
        listed = status.data["vehicles"] if "vehicles" in status.data else status.data["bikes"]
        # An id that is listed twice is one vehicle; of several positions the last is taken.
        cells = {
            str(one.get("vehicle_id", one.get("bike_id"))): grid_cell(one["lat"], one["lon"], grid_degrees)
            for one in listed
            if _is_for_hire(one)
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FetchTemporary("feed-invalid", url=url) from error
    return _counted(cells.values())


def grid_cell(latitude: float, longitude: float, degrees: float) -> str:
    """Return a grid cell's name: its south-west corner, such as ``46.16,14.30``.

    Raises:
        TypeError, ValueError: the position is none.
    """
    corners = []
    for value, most in ((latitude, 90), (longitude, 180)):
        known = _degrees(value, most)
        if known is None:
            raise ValueError("no position")
        # The tiny addition keeps 46.16 / 0.01 from falling into the cell before.
        corners.append(math.floor(known / degrees + 1e-9) * degrees)
    places = max(0, math.ceil(-math.log10(degrees) - 1e-9))
    return ",".join(f"{corner:.{places}f}" for corner in corners)


def _is_for_hire(vehicle: Mapping[str, Any]) -> bool:
    taken = vehicle.get("is_reserved") or vehicle.get("is_disabled") or vehicle.get("station_id")
    return not taken and vehicle.get("lat") is not None and vehicle.get("lon") is not None


def _counted(cells: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cell in cells:
        counts[cell] = counts.get(cell, 0) + 1
    return dict(sorted(counts.items()))


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 <= value <= MOST_AT_STATION else None


def _degrees(value: Any, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        return None
    return float(value)


def _texts(value: Any) -> dict[str, str]:
    """Texts by language; 2.x has one text without (key ``und``, undetermined)."""
    if isinstance(value, str):
        return {"und": value}
    return {str(one["language"]): str(one["text"]) for one in value or ()}
