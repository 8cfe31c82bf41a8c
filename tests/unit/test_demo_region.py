from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pycountry
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

from demo import region

ALL = pytest.mark.parametrize("municipality", region.MUNICIPALITIES, ids=lambda one: one.slug)


@ALL
def test_a_municipality_has_its_true_name_and_a_three_digit_code(municipality):
    expected = {"skofja-loka": "Škofja Loka", "zelezniki": "Železniki", "gorenja-vas-poljane": "Gorenja vas-Poljane"}
    assert municipality.name == expected[municipality.slug]
    assert pycountry.subdivisions.get(code=municipality.iso_code).type == "Municipality"
    assert len(municipality.code) == 3
    assert municipality.code.isdigit()


def test_the_utility_has_two_thousand_meters_with_zones_around_the_threshold():
    counts = [zone.meter_count for zone in region.ZONES]
    assert sum(counts) == region.METER_COUNT == 2000
    assert counts.count(9) == 1
    assert counts.count(10) == 1
    assert sum(count < 9 for count in counts) >= 2
    assert len({zone.name for zone in region.ZONES}) == len(region.ZONES)


@ALL
def test_every_shape_says_that_it_is_schematic(municipality):
    features = region.feature_collection(municipality)["features"]
    assert len(features) == 1 + len(municipality.zones)
    assert all(one["properties"]["schematic"] is True for one in features)
    assert all(one["properties"]["note"].keys() == {"sl", "en"} for one in features)


@ALL
def test_rings_are_closed_and_counterclockwise(municipality):
    for feature in region.feature_collection(municipality)["features"]:
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) > 0


@ALL
def test_settlements_lie_inside_their_own_municipality_only(municipality):
    for zone in municipality.zones:
        inside = [one.slug for one in region.MUNICIPALITIES if _contains(one.outline, zone.longitude, zone.latitude)]
        assert inside == [municipality.slug], zone.name


def test_the_three_municipalities_are_neighbors():
    outlines = [set(one.outline) for one in region.MUNICIPALITIES]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert len(outlines[first] & outlines[second]) >= 2


def _contains(outline, x, y):
    inside = False
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
