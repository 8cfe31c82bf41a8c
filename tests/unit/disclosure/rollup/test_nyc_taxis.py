"""Real trips with planted riders: the release keeps to the preset, and without a rider column there is none."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from disclosure.attacks import Verdict
from disclosure.engine import connect
from disclosure.errors import DisclosureRefused
from disclosure.gate import gate
from disclosure.policies.rollup import Rollup, ladder
from disclosure.presets import load_preset
from disclosure.protect import protect
from disclosure.rollup.calendar import Covers
from disclosure.site import NO_SITE
from disclosure.space import Zones
from disclosure.spec import Spec

PRESET = load_preset("house-personal")
NEW_YORK = ZoneInfo("America/New_York")
RIDERS = 900
SPEC = Spec(
    unit="rider",
    zone=("pickup_zone", "dropoff_zone"),
    time="pickup",
    timezone="America/New_York",
    count_rows_as="trips",
)


@pytest.fixture(scope="module")
def trips(fixtures_dir):
    """Every trip with a rider planted from a seed; a few ride often."""
    chance = random.Random(20261124)
    with (fixtures_dir / "trips" / "nyc-taxis.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["pickup"].startswith("2019-03")]
    for row in rows:
        row["rider"] = f"rider-{int(RIDERS * chance.random() ** 2)}"
        row["pickup"] = datetime.fromisoformat(row["pickup"]).replace(tzinfo=NEW_YORK)
    return rows


@pytest.fixture(scope="module")
def policy(trips):
    """Zone, borough, city; six hours, day, month; the table of zones is what the file names."""
    boroughs = {}
    for row in trips:
        for end in ("pickup", "dropoff"):
            if row[f"{end}_zone"] and row[f"{end}_borough"]:
                boroughs[row[f"{end}_zone"]] = (row[f"{end}_borough"],)
    return Rollup(
        space=Zones(of=SPEC.zones, levels=("zone", "borough"), parents=boroughs),
        levels=ladder(("zone", "PT6H"), ("zone", "P1D"), ("zone", "P1M"), ("borough", "P1M"), ("all", "all")),
        covers=Covers(first=date(2019, 3, 1), last=date(2019, 3, 31)),
    )


@pytest.fixture(scope="module")
def con(tmp_path_factory, trips):
    names = ("rider", "pickup", "pickup_zone", "dropoff_zone")
    table = pa.table({name: [row[name] or None for row in trips] for name in names})
    with connect(tmp_path_factory.mktemp("taxis"), "300MB", threads=2) as connection:
        connection.register("taxis_in", table)
        connection.execute(
            "CREATE TABLE taxis AS SELECT * REPLACE (CAST(pickup AS TIMESTAMPTZ) AS pickup) FROM taxis_in"
        )
        yield connection


def test_release_with_planted_riders_keeps_to_the_preset(con, trips, policy):
    result = protect(con, "taxis", SPEC, PRESET, policy)
    policy.recount(con, "taxis", result, SPEC, PRESET, NO_SITE)
    rows = result.table.to_pylist()
    assert min(row["units"] for row in rows) >= 10
    assert result.confidential["rows_published"] == sum(row["trips"] for row in rows) > 0.95 * len(trips)
    # A recount in plain Python of the finest zone level that has bins, without rests.
    seen = defaultdict(set)
    for trip in trips:
        seen[trip["pickup_zone"], trip["dropoff_zone"]].add(trip["rider"])
    whole = [row for row in rows if row["level"] == "zone-P1M" and not row["is_rest"]]
    assert whole
    for row in whole:
        assert row["units"] == len(seen[row["pickup_zone"], row["dropoff_zone"]])


def test_release_passes_the_gate_and_survives_every_attack(con, policy):
    cleared = gate(con, "taxis", protect(con, "taxis", SPEC, PRESET, policy), SPEC, PRESET)
    verdicts = {each.attack: each.verdict for each in cleared.attacks}
    assert {"recount", "rest-bin", "pseudo-unit", "differencing", "engine-drift"} <= verdicts.keys()
    assert Verdict.BROKEN not in verdicts.values()
    assert verdicts["rest-bin"] is Verdict.SURVIVED


def test_release_without_riders_is_refused(con, policy):
    with pytest.raises(DisclosureRefused, match="unit-missing"):
        protect(con, "taxis", replace(SPEC, unit=None), PRESET, policy)


def test_trip_number_for_a_rider_is_refused(con, policy):
    con.execute("CREATE OR REPLACE VIEW numbered AS SELECT * REPLACE (row_number() OVER () AS rider) FROM taxis")
    with pytest.raises(DisclosureRefused, match="unit-looks-like-row-id"):
        protect(con, "numbered", SPEC, PRESET, policy)
