"""The demo region: three neighboring municipalities, two companies, settlements with their numbers of meters.

Boundary: values only. Codes and names of the municipalities are ISO 3166-2 and are read from pycountry, so that a
wrong code cannot go unnoticed. Companies are invented. Outlines were drawn by hand for this demo, share their borders
and are good for a sketch only; every shape says so in its properties (`schematic`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, radians, sin
from typing import Any

import pycountry

Point = tuple[float, float]

SCHEMATIC_NOTE = {
    "sl": "Shematska meja, narisana za prikaz; ni uradna in ni primerna za meritve.",
    "en": "A schematic outline drawn for this demo; it is not official and not fit for measuring.",
}
ZONE_RADIUS_KM = 0.9
KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A settlement: the district by which the utility reports, and how many meters it has there."""

    name: str
    longitude: float
    latitude: float
    meter_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Municipality:
    """A city of the demo: CKAN name, ISO code, outline (longitude, latitude) and settlements."""

    slug: str
    iso_code: str
    outline: tuple[Point, ...]
    zones: tuple[Zone, ...]

    @property
    def code(self) -> str:
        """The national code, three digits with leading zeros."""
        return self.iso_code.removeprefix("SI-")

    @property
    def name(self) -> str:
        """The official name of the municipality, from the ISO register."""
        found = pycountry.subdivisions.get(code=self.iso_code)
        return str(found.name)  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An invented company that owes data to the cities."""

    slug: str
    title: str
    description: dict[str, str]


def _zones(*rows: tuple[str, float, float, int]) -> tuple[Zone, ...]:
    return tuple(Zone(name=name, longitude=lon, latitude=lat, meter_count=count) for name, lon, lat, count in rows)


# Corners where two or three outlines meet, stated once.
_NORTH, _TRIPLE, _SOUTH, _WEST = (14.225, 46.240), (14.215, 46.178), (14.225, 46.098), (14.022, 46.172)

SKOFJA_LOKA = Municipality(
    slug="skofja-loka",
    iso_code="SI-122",
    outline=(_NORTH, (14.300, 46.238), (14.372, 46.205), (14.392, 46.158), (14.330, 46.102), _SOUTH, _TRIPLE),
    zones=_zones(
        ("Škofja Loka", 14.306, 46.166, 420),
        ("Sveti Duh", 14.324, 46.184, 150),
        ("Reteče", 14.371, 46.163, 120),
        ("Godešič", 14.350, 46.172, 110),
        ("Puštal", 14.298, 46.150, 90),
        ("Zminec", 14.275, 46.143, 60),
        ("Bukovica", 14.285, 46.213, 44),
        ("Breznica pod Lubnikom", 14.262, 46.172, 6),
    ),
)
ZELEZNIKI = Municipality(
    slug="zelezniki",
    iso_code="SI-146",
    outline=(_NORTH, _TRIPLE, (14.130, 46.170), _WEST, (13.988, 46.215), (14.040, 46.272), (14.160, 46.281)),
    zones=_zones(
        ("Železniki", 14.165, 46.225, 210),
        ("Selca", 14.196, 46.229, 90),
        ("Dolenja vas", 14.207, 46.215, 50),
        ("Dražgoše", 14.172, 46.253, 30),
        ("Zali Log", 14.113, 46.204, 25),
        ("Sorica", 14.030, 46.222, 16),
        ("Podlonk", 14.134, 46.246, 10),
        ("Davča", 14.073, 46.198, 9),
    ),
)
GORENJA_VAS_POLJANE = Municipality(
    slug="gorenja-vas-poljane",
    iso_code="SI-027",
    outline=(
        _TRIPLE,
        _SOUTH,
        (14.190, 46.050),
        (14.110, 46.038),
        (14.025, 46.070),
        (14.018, 46.120),
        _WEST,
        (14.130, 46.170),
    ),
    zones=_zones(
        ("Gorenja vas", 14.147, 46.107, 200),
        ("Poljane nad Škofjo Loko", 14.187, 46.118, 110),
        ("Hotavlje", 14.111, 46.120, 70),
        ("Trebija", 14.108, 46.090, 60),
        ("Sovodenj", 14.042, 46.083, 50),
        ("Lučine", 14.165, 46.060, 30),
        ("Javorje", 14.178, 46.150, 24),
        ("Todraž", 14.178, 46.087, 12),
        ("Leskovica", 14.085, 46.145, 4),
    ),
)
MUNICIPALITIES = (SKOFJA_LOKA, ZELEZNIKI, GORENJA_VAS_POLJANE)
ZONES = tuple(zone for municipality in MUNICIPALITIES for zone in municipality.zones)
METER_COUNT = sum(zone.meter_count for zone in ZONES)

UTILITY = Company(
    slug="elektro-sora",
    title="Elektro Sora, d. o. o.",
    description={
        "sl": "Izmišljeni distributer električne energije za tri občine (prikazni podatki).",
        "en": "An invented electricity distributor that serves three municipalities (demo data).",
    },
)
BIKE_SHARE = Company(
    slug="loska-kolesa",
    title="Loška kolesa, d. o. o.",
    description={
        "sl": "Izmišljeni ponudnik izposoje koles s postajami v Škofji Loki (prikazni podatki).",
        "en": "An invented operator of docked shared bicycles in Škofja Loka (demo data).",
    },
)
COMPANIES = (UTILITY, BIKE_SHARE)


def outline_geometry(municipality: Municipality) -> dict[str, Any]:
    """Return the schematic outline as a GeoJSON polygon, wound counterclockwise and closed."""
    return {"type": "Polygon", "coordinates": [_closed_ring(municipality.outline)]}


def zone_geometry(zone: Zone) -> dict[str, Any]:
    """Return a hexagon around the settlement's center as a GeoJSON polygon."""
    north_degrees = ZONE_RADIUS_KM / KM_PER_DEGREE
    east_degrees = north_degrees / cos(radians(zone.latitude))
    corners = tuple(
        (
            round(zone.longitude + east_degrees * cos(k * pi / 3), 5),
            round(zone.latitude + north_degrees * sin(k * pi / 3), 5),
        )
        for k in range(6)
    )
    return {"type": "Polygon", "coordinates": [_closed_ring(corners)]}


def feature_collection(municipality: Municipality) -> dict[str, Any]:
    """Return the outline and the settlements of a municipality as GeoJSON; each feature says that it is schematic."""
    base = {"municipality_code": municipality.code, "municipality": municipality.name, "schematic": True}
    features = [_feature(outline_geometry(municipality), {**base, "kind": "municipality", "note": SCHEMATIC_NOTE})]
    features += [
        _feature(zone_geometry(zone), {**base, "kind": "zone", "zone": zone.name, "note": SCHEMATIC_NOTE})
        for zone in municipality.zones
    ]
    return {"type": "FeatureCollection", "features": features}


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _closed_ring(corners: tuple[Point, ...]) -> list[list[float]]:
    ring = [*corners, corners[0]]
    doubled_area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))
    return [list(corner) for corner in (ring if doubled_area > 0 else ring[::-1])]
