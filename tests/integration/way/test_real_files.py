"""The same way on real files: bike-share samples of two GBFS versions, a month of taxi trips, municipal boundaries."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pycountry
import pytest
from shapely.geometry import box, mapping, shape
from way_feeds import Feed, moment_of
from way_portal import RefusedError, Way, wait_for
from way_region import Region, approve, first_published, rows_of, table_of
from way_site import Site
from way_world import CITY, FREQUENCY, ZONE, dataset, mandate

# --- bike share -----------------------------------------------------------------------------------------------------

#: What the samples' stations say: version -> station -> (bicycles, free docks). None: the number stands for "unknown".
SAMPLES: dict[str, dict[str, tuple[int | None, int | None]]] = {
    "2.2": {"station 1": (1, 3), "station 2": (6, 8), "station 3": (None, None)},
    "3.0": {"station1": (1, 3), "station2": (6, 8)},
}


@pytest.fixture(scope="module", params=sorted(SAMPLES))
def bike_day(request: pytest.FixtureRequest, way: Way, region: Region, site: Site, fixtures_dir: Path) -> Any:
    """The day of a sample, collected, approved and published."""
    version = request.param
    samples = fixtures_dir / "gbfs" / "samples"
    sample = json.loads((samples / f"station_status.{version}.json").read_text(encoding="utf-8"))
    start = moment_of(sample["last_updated"]).astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    feed = Feed(site, samples, version, step=timedelta(hours=1), until=start + timedelta(days=1))
    day, slug = start.date().isoformat(), f"postaje-{version.replace('.', '-')}"
    region.officer.call("datastrategy_mandate_create", **stations_mandate(slug, day, sorted(SAMPLES[version])))
    source = region.officer.call("datastrategy_source_create", mandate_id=slug, kind="gbfs", config=feed.config)
    collected = way.harvest("run", source["id"], "--period", day, "--follow")
    assert collected.code in (0, 1), collected
    delivery = way.latest(region.officer, slug, day)
    assert (delivery["state"], delivery["held_reason"]) == ("held", "first-release"), (delivery, collected)
    return slug, day, version, feed, delivery, approve(way, region, slug, day)


def test_every_snapshot_of_the_day_is_a_sealed_part(bike_day: Any) -> None:
    _, _, _, feed, delivery, _ = bike_day
    labels = [one["label"] for one in delivery["parts"] if not one["label"].startswith("reference-")]
    assert labels == [f"{moment:%Y%m%dT%H%M%SZ}" for moment in feed.moments]
    assert len(labels) > 5


def test_station_hours_are_published_as_the_sample_counts_them(way: Way, bike_day: Any) -> None:
    slug, day, version, feed, _, _ = bike_day
    rows = rows_of(way.visitor, table_of(way.visitor, slug, day)["id"])
    known = {name: counts for name, counts in SAMPLES[version].items() if counts != (None, None)}
    hours = {moment.replace(minute=0, second=0, microsecond=0) for moment in feed.moments}
    shown = {(row["station_id"], hour_of(row)): row for row in rows if row["station_id"] in known}
    assert set(shown) == {(station, hour) for station in known for hour in hours}
    for (station, _), row in shown.items():
        assert (float(row["bikes_available"]), float(row["docks_available"])) == known[station]


def test_a_placeholder_count_is_published_as_a_gap_and_never_as_a_number(way: Way, bike_day: Any) -> None:
    slug, day, _, _, _, _ = bike_day
    rows = rows_of(way.visitor, table_of(way.visitor, slug, day)["id"])
    numbers = [float(row[name]) for row in rows for name in ("bikes_available", "docks_available") if row[name]]
    assert max(numbers) <= 8


def test_the_proof_says_that_stations_have_no_personal_unit(bike_day: Any) -> None:
    proof = bike_day[-1]["release"]["proof"]
    assert proof["unit"]["kind"] == "none"
    assert set(proof["unit"]["why_no_unit"]) == {"sl", "en"}


# --- taxi trips -----------------------------------------------------------------------------------------------------

TRIPS = "voznje-taksi"
MONTH = "2019-03"
#: A quiet zone, and the day on which one rider makes thirty trips there.
PLANTED_ZONE, PLANTED_DAY, PLANTED_RIDER = "Rosedale", "2019-03-15", "rider-planted"
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def trips(fixtures_dir: Path) -> list[dict[str, str]]:
    """The trips of March with riders, who are ours: the file names none. One of them is planted."""
    rng = random.Random(20190301)
    with (fixtures_dir / "trips" / "nyc-taxis.csv").open(encoding="utf-8", newline="") as file:
        real = [row for row in csv.DictReader(file) if row["pickup_zone"] and row["pickup"].startswith(MONTH)]
    listed = [{"rider_id": f"rider-{rng.randrange(3000):04d}", **row} for row in real]
    trip = {**listed[0], "rider_id": PLANTED_RIDER, "pickup_zone": PLANTED_ZONE}
    listed += [{**trip, "pickup": f"{PLANTED_DAY} 08:{minute:02d}:00"} for minute in range(30)]
    return listed


@pytest.fixture(scope="module")
def taxi_table(way: Way, region: Region, trips: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The published table, as anybody reads it."""
    first_published(way, region, trips_mandate(TRIPS, list(trips[0])), MONTH, as_csv(trips))
    return rows_of(way.visitor, table_of(way.visitor, TRIPS, MONTH)["id"])


def test_only_zones_and_days_with_ten_different_riders_are_published(
    trips: list[dict[str, str]], taxi_table: list[dict[str, Any]]
) -> None:
    riders = defaultdict(set)
    for trip in trips:
        riders[trip["pickup_zone"], trip["pickup"][:10]].add(trip["rider_id"])
    enough = {cell for cell, found in riders.items() if len(found) >= 10}
    assert enough
    assert {(row["pickup_zone"], local_day(row)) for row in taxi_table} == enough


def test_thirty_trips_of_one_rider_do_not_open_a_zone(
    trips: list[dict[str, str]], taxi_table: list[dict[str, Any]]
) -> None:
    there = [one for one in trips if one["pickup_zone"] == PLANTED_ZONE and one["pickup"].startswith(PLANTED_DAY)]
    assert len(there) >= 30
    assert PLANTED_ZONE not in {row["pickup_zone"] for row in taxi_table}


def test_sums_of_trips_are_those_of_the_file(trips: list[dict[str, str]], taxi_table: list[dict[str, Any]]) -> None:
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for trip in trips:
        sums[trip["pickup_zone"], trip["pickup"][:10]] += float(trip["distance"])
    for row in taxi_table:
        assert float(row["distance"]) == pytest.approx(sums[row["pickup_zone"], local_day(row)], abs=0.051)


def test_a_table_of_trips_without_a_unit_is_refused_as_a_mandate(region: Region, trips: list[dict[str, str]]) -> None:
    columns = [name for name in trips[0] if name != "rider_id"]
    with pytest.raises(RefusedError) as refusal:
        region.officer.call("datastrategy_mandate_create", **trips_mandate("voznje-brez-enote", columns))
    assert "unit-missing" in refusal.value.codes
    [problem] = [one for one in refusal.value.error["problems"] if one["code"] == "unit-missing"]
    assert problem["message"]["sl"] != problem["message"]["en"]


def test_a_file_of_trips_without_the_unit_column_is_rejected(
    way: Way, region: Region, trips: list[dict[str, str]], taxi_table: list[dict[str, Any]]
) -> None:
    bare = [{name: value for name, value in trip.items() if name != "rider_id"} for trip in trips]
    answer = region.sender.push(TRIPS, MONTH, as_csv(bare))
    assert answer.status_code == 201, answer.text
    way.harvest("process", "--mandate", TRIPS)
    delivery = way.latest(region.officer, TRIPS, MONTH)
    assert delivery["state"] == "rejected"
    assert ("column-missing", "rider_id") in {(one["code"], one.get("column")) for one in delivery["findings"]}
    assert rows_of(way.visitor, table_of(way.visitor, TRIPS, MONTH)["id"]) == taxi_table


# --- territory ------------------------------------------------------------------------------------------------------


def test_the_demo_s_municipalities_are_those_of_the_register_and_of_iso_3166(fixtures_dir: Path) -> None:
    from demo.region import MUNICIPALITIES

    with (fixtures_dir / "territory" / "gurs-municipalities.csv").open(encoding="utf-8-sig", newline="") as file:
        register = {int(row["OB_ID"]): row["OB_UIME"] for row in csv.DictReader(file)}
    assert len(MUNICIPALITIES) == 3
    for one in MUNICIPALITIES:
        known = pycountry.subdivisions.get(code=one.iso_code)
        assert known is not None
        assert plain(register[int(one.code)]) == plain(known.name) == plain(one.name)


def test_a_dataset_is_found_by_its_real_boundary_and_not_by_the_box_around_it(
    way: Way, region: Region, fixtures_dir: Path
) -> None:
    with gzip.open(fixtures_dir / "territory" / "gurs-municipalities.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    [feature] = [one for one in features if one["properties"]["OB_ID"] == 147]
    boundary = shape(feature["geometry"])
    fields = dataset("obmocje-ziri", "admin-boundaries", spatial=json.dumps(mapping(boundary)))
    region.officer.call("package_create", **fields)
    inside = around(boundary.representative_point())
    west, south, east, north = boundary.bounds
    corners = [(west, south), (west, north), (east, south), (east, north)]
    outside = [around(corner) for corner in corners if not boundary.intersects(box(*around(corner)))]
    assert outside
    wait_for(lambda: found_in(way, inside) == {"obmocje-ziri"}, "the index to hold the boundary")
    for corner in outside:
        assert found_in(way, corner) == set()


# --- values ---------------------------------------------------------------------------------------------------------


def stations_mandate(slug: str, day: str, stations: list[str]) -> dict[str, Any]:
    counts = [
        {"name": name, "type": "integer", "role": "measure", "constraints": {"minimum": 0}}
        for name in ("bikes_available", "docks_available")
    ]
    made = mandate(slug, day, day, preset_id="gbfs-docked-stations", municipality_organization_ids=[CITY])
    made["contract"] = {
        "fields": [
            {"name": "station_id", "type": "string", "role": "zone", "constraints": {"enum": stations}},
            {"name": "ts", "type": "datetime", "role": "time"},
            *counts,
        ]
    }
    made["product"] |= {
        "kind": "stations",
        "measures": {one["name"]: {"kind": "mean", "decimals": 1} for one in counts},
        "tags": ["kolesa"],
    }
    return made


def trips_mandate(slug: str, columns: list[str]) -> dict[str, Any]:
    """A month of taxi trips by zone and day; a few columns are published, the others are agreed and left behind."""
    roles: dict[str, dict[str, Any]] = {
        "rider_id": {"type": "string", "role": "unit"},
        "pickup_zone": {"type": "string", "role": "zone"},
        "pickup": {"type": "datetime", "role": "time", "format": "%Y-%m-%d %H:%M:%S"},
        "distance": {"type": "number", "role": "measure", "unit": "mi", "constraints": {"minimum": 0}},
    }
    made = mandate(slug, "2019-03-01", "2019-03-31", cadence="month", timezone="America/New_York")
    made["legal_basis"]["valid_from"] = "2019-01-01"
    made["municipality_organization_ids"] = [CITY]
    made["contract"] = {
        "fields": [{"name": name, **roles.get(name, {"type": "string", "role": "attribute"})} for name in columns],
        "unit_label": {"sl": "potniki", "en": "riders"},
    }
    made["product"] |= {"time_bin": "P1D", "frequency": f"{FREQUENCY}MONTHLY", "tags": ["taksi"]}
    return made


def as_csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def hour_of(row: dict[str, Any]) -> datetime:
    return moment_of(row["period_start"])


def local_day(row: dict[str, Any]) -> str:
    return moment_of(row["period_start"]).astimezone(NEW_YORK).date().isoformat()


def plain(name: str) -> str:
    """A municipality's name without the differences between registers in blanks around a hyphen."""
    return "-".join(part.strip() for part in name.split("-"))


def around(point: Any) -> tuple[float, float, float, float]:
    """A box of some ten meters around a point."""
    x, y = (point.x, point.y) if hasattr(point, "x") else point
    return (x - 0.0001, y - 0.0001, x + 0.0001, y + 0.0001)


def found_in(way: Way, bounds: tuple[float, float, float, float]) -> set[str]:
    text = ",".join(f"{value:.5f}" for value in bounds)
    return {one["name"] for one in way.visitor.call("package_search", extras={"ext_bbox": text})["results"]}
