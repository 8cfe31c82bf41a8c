"""Attacks on a release of one table: each has a leaking table that must not pass and its repaired twin that does."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from disclosure import (
    DisclosureRefused,
    LaxerThanLaw,
    Measure,
    Spec,
    gate,
    load_preset,
    passes,
    protect,
    release,
    verify,
)
from disclosure.engine import connect

PRESET = load_preset("house-personal")
SPEC = Spec(unit="person", zone="zone", time="ts", measures={"kwh": Measure(decimals=1)}, count_rows_as="rows")
START = datetime(2026, 10, 1, 6, tzinfo=UTC)
NAMES = ("person", "zone", "ts", "kwh")
WORDS = {"release_id": "r", "input_hmac": "0" * 64, "extra": {}}


@pytest.fixture
def con(tmp_path):
    (tmp_path / "work").mkdir()
    with connect(tmp_path / "work", "500MB") as connection:
        yield connection


def load(con, rows, names=NAMES):
    con.register("rows_in", pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)}))
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def people(zone, count, rows_each=3, kwh=1.0):
    return [(f"{zone}{n}", zone, START + timedelta(minutes=n + r), kwh) for n in range(count) for r in range(rows_each)]


def publish(con, rows, tmp_path, name="release", spec=SPEC, preset=PRESET, names=NAMES):
    """The way of the pipeline; returns the release folder."""
    load(con, rows, names)
    cleared = gate(con, "input", protect(con, "input", spec, preset), spec, preset)
    release.write(tmp_path / name, cleared, spec, preset, **WORDS)
    assert passes(verify(tmp_path / name))
    return tmp_path / name


def csv_rows(folder):
    return list(csv.DictReader((folder / "data.csv").open(encoding="utf-8")))


def withheld(folder):
    return json.loads((folder / "proof.json").read_text(encoding="utf-8"))["withheld"]


def recount(rows, column=1):
    """What an attacker with the raw data would count: distinct people behind each published cell."""
    seen = defaultdict(set)
    for row in rows:
        seen[row[column], row[2].replace(minute=0)].add(row[0])
    return {(zone, hour.strftime("%Y-%m-%dT%H:%M:%SZ")): len(names) for (zone, hour), names in seen.items()}


def test_recount_nine_people_with_thirty_rows_are_nine_people(con, tmp_path):
    rows = people("leak", 9, rows_each=30) + people("safe", 10)
    counted = recount(rows)
    shown = csv_rows(publish(con, rows, tmp_path))
    assert [row["zone"] for row in shown] == ["safe"]
    assert all(counted[row["zone"], row["period_start"]] >= 10 for row in shown)


@pytest.mark.parametrize("blank", [[None] * 5, [""] * 5, [" ", "", None, "   ", ""]])
def test_missing_units_make_one_person_and_not_five(con, tmp_path, blank):
    leaking = people("leak", 8) + [(unit, "leak", START, 1.0) for unit in blank]
    repaired = people("safe", 9) + [(unit, "safe", START, 1.0) for unit in blank]
    assert {row["zone"] for row in csv_rows(publish(con, leaking + repaired, tmp_path))} == {"safe"}


def test_pseudo_units_made_by_spelling_are_one_person(con, tmp_path):
    spelled = [(text, "leak", START, 1.0) for text in ("leak0", "LEAK0", " leak0", "Leak0 ")]
    shown = csv_rows(publish(con, people("leak", 9) + spelled + people("safe", 10), tmp_path))
    assert {row["zone"] for row in shown} == {"safe"}


def test_row_number_in_place_of_a_person_is_refused(con):
    load(con, [(f"trip-{n}", "a", START + timedelta(seconds=n), 1.0) for n in range(100)])
    with pytest.raises(DisclosureRefused) as refusal:
        protect(con, "input", SPEC, PRESET)
    assert refusal.value.code == "unit-looks-like-row-id"
    load(con, [(f"trip-{n % 40}", "a", START + timedelta(seconds=n), 1.0) for n in range(100)])
    assert protect(con, "input", SPEC, PRESET).achieved_min == 40


def test_zero_is_small_everybody_away_is_not_published(con, tmp_path):
    """A total of zero over twenty homes says of each of them that nobody was there."""
    shown = csv_rows(publish(con, people("away", 20, kwh=0.0) + people("home", 20), tmp_path))
    assert {row["zone"] for row in shown} == {"home"}
    assert all(float(row["kwh"]) != 0 for row in shown)


def test_one_value_behind_many_silent_units_is_not_published(con, tmp_path):
    silent = [(f"leak{n}", "leak", START, None) for n in range(1, 30)]
    shown = csv_rows(publish(con, [("leak0", "leak", START, 7.3), *silent, *people("safe", 10)], tmp_path))
    assert {row["zone"] for row in shown} == {"safe"}


def test_each_figure_rests_on_enough_people_and_not_only_the_best_answered(con, tmp_path):
    """Thirty people gave the first figure, one of them the second: the second would be that one's."""
    spec = Spec(
        unit="person", zone="zone", time="ts", measures={"kwh": Measure(decimals=1), "gas": Measure(decimals=1)}
    )
    rows = [(f"l{n}", "leak", START, 1.0, 8.4 if n == 0 else None) for n in range(30)]
    rows += [(f"s{n}", "safe", START, 1.0, 2.0 if n < 10 else None) for n in range(30)]
    rows += [(f"s{n}", "safe", START, 1.0, None) for n in range(30)]
    shown = csv_rows(publish(con, rows, tmp_path, spec=spec, names=(*NAMES, "gas")))
    assert [(row["zone"], row["units"]) for row in shown] == [("safe", "10")]


@pytest.mark.parametrize("small", range(10))
def test_report_says_the_same_whether_nobody_or_a_few_were_withheld(con, tmp_path, small):
    """From "some were withheld" an attacker would learn that a zone without figures holds one to nine people."""
    folder = publish(con, people("shown", 40) + people("hidden", small), tmp_path)
    assert withheld(folder) == {"cells": "not-stated", "units": "not-stated", "reason": "fewer-than-min-units"}


def test_report_gives_only_bands_when_many_were_withheld(con, tmp_path):
    rows = people("shown", 40) + [row for z in range(5) for row in people(f"hidden{z}", 8)]
    folder = publish(con, rows, tmp_path)
    assert withheld(folder) == {"cells": ">50 %", "units": "20–50 %", "reason": "fewer-than-min-units"}
    proof = (folder / "proof.json").read_text(encoding="utf-8")
    assert "hidden" not in proof
    assert '"40"' not in proof


def test_zones_and_cells_that_are_withheld_leave_no_trace_in_any_file(con, tmp_path):
    folder = publish(con, people("shown", 40) + people("forbidden", 9), tmp_path)
    assert all(b"forbidden" not in path.read_bytes() for path in folder.iterdir())


def test_totals_cannot_be_used_to_subtract_what_was_withheld(con, tmp_path):
    shown = csv_rows(publish(con, people("a", 20) + people("b", 20) + people("c", 3), tmp_path))
    assert sum(int(row["units"]) for row in shown) == 40


@pytest.mark.parametrize("floor", [0, 1, 9])
def test_preset_cannot_be_talked_below_its_law(floor):
    with pytest.raises(LaxerThanLaw):
        PRESET.tightened(min_units=floor)


def test_formula_in_a_zone_name_does_not_run(con, tmp_path):
    zones = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1")
    rows = [
        row for number, zone in enumerate(zones) for row in ((f"{number}{p[0]}", zone, *p[2:]) for p in people("x", 10))
    ]
    for row in csv_rows(publish(con, rows, tmp_path)):
        assert row["zone"].startswith("'")


def test_name_of_a_column_is_no_way_into_the_query(con, tmp_path):
    name = 'zone"; DROP TABLE input; --'
    spec = Spec(unit="person", zone=name, time="ts", measures={"kwh": Measure(decimals=1)}, count_rows_as="rows")
    folder = publish(con, people("a", 10), tmp_path, spec=spec, names=("person", name, "ts", "kwh"))
    assert csv_rows(folder)[0][name] == "a"


def test_rotating_vehicle_identifiers_do_not_turn_two_vehicles_into_ten(con):
    """Two vehicles with a new identifier after each trip: 120 "distinct" ones in an hour."""
    spec = Spec(unit="vehicle", zone="zone", time="ts", presence="simultaneous", count_rows_as="vehicles")
    preset = load_preset("gbfs-free-floating")
    rotating = [(f"v{m}-{v}", "leak", START + timedelta(minutes=m)) for m in range(60) for v in range(2)]
    safe = [(f"w{m}-{v}", "safe", START + timedelta(minutes=m)) for m in range(60) for v in range(10)]
    load(con, rotating + safe, ("vehicle", "zone", "ts"))
    result = protect(con, "input", spec, preset)
    gate(con, "input", result, spec, preset)
    assert {row["zone"] for row in result.table.to_pylist()} == {"safe"}


@pytest.fixture
def taxi_trips(fixtures_dir):
    """Real trips with riders planted on them: some ride often, so trips outnumber riders in every zone."""
    choice = random.Random(7)
    with (fixtures_dir / "trips" / "nyc-taxis.csv").open(encoding="utf-8") as stream:
        trips = [trip for trip in csv.DictReader(stream) if trip["pickup_zone"]]
    parsed = [
        (datetime.fromisoformat(trip["pickup"]).replace(tzinfo=UTC), trip["pickup_zone"], trip["fare"])
        for trip in trips
    ]
    return [(f"rider-{choice.randrange(900)}", zone, at, float(fare)) for at, zone, fare in parsed]


TAXI = Spec(
    unit="rider",
    zone="zone",
    time="ts",
    time_bin="P1D",
    timezone="America/New_York",
    measures={"fare": Measure(decimals=0, unit="USD")},
    count_rows_as="trips",
)


def test_taxi_trips_keep_to_the_preset_by_riders_and_not_by_trips(con, tmp_path, taxi_trips):
    regular = [("regular", "Jamaica", taxi_trips[0][2], 9.0) for _ in range(40)]
    names = ("rider", "zone", "ts", "fare")
    folder = publish(con, taxi_trips + regular, tmp_path, spec=TAXI, names=names)
    shown = csv_rows(folder)
    # An attacker's own count, with the same local day but in plain SQL.
    counted = con.execute(
        "SELECT zone, CAST(timezone('America/New_York', ts) AS DATE) AS day, count(DISTINCT rider)"
        " FROM input GROUP BY ALL"
    ).fetchall()
    riders = Counter({(zone, str(day)): count for zone, day, count in counted})
    assert len(shown) > 20
    for row in shown:
        day = str((datetime.fromisoformat(row["period_start"]) - timedelta(hours=4)).date())
        assert riders[row["zone"], day] == int(row["units"]) >= 10
        assert int(row["trips"]) >= int(row["units"])
    assert not any(row["zone"] == "Jamaica" and int(row["trips"]) >= 40 for row in shown)


def test_taxi_trips_without_a_unit_column_are_refused(con, taxi_trips):
    load(con, taxi_trips, ("rider", "zone", "ts", "fare"))
    spec = Spec(unit=None, zone="zone", time="ts", count_rows_as="trips")
    with pytest.raises(DisclosureRefused) as refusal:
        protect(con, "input", spec, PRESET)
    assert refusal.value.code == "unit-missing"


def test_input_cannot_be_used_to_reach_other_files(con):
    with pytest.raises(duckdb.Error):
        protect(con, "read_csv('/etc/passwd')", SPEC, PRESET)
