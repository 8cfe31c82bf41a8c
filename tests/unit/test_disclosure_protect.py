"""Zone × time tables: who is counted, which cells appear, how figures are rounded, when a period begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from disclosure import DisclosureRefused, Measure, Spec, gate, load_preset, protect
from disclosure.engine import connect

PERSONAL = load_preset("house-personal")
METERS = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(decimals=3)}, timezone="Europe/Ljubljana")
START = datetime(2026, 10, 1, 6, tzinfo=UTC)


@pytest.fixture
def con(tmp_path):
    with connect(tmp_path, "500MB") as connection:
        yield connection


def load(con, rows, columns=("meter", "zone", "ts", "kwh"), name="input"):
    """Put rows into a table of the connection."""
    types = {"ts": pa.timestamp("us", "UTC"), "meter": pa.string(), "zone": pa.string(), "kwh": pa.float64()}
    arrays = {column: pa.array([row[i] for row in rows], types.get(column)) for i, column in enumerate(columns)}
    con.register("rows_in", pa.table(arrays))
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def readings(zone, meters, *, start=START, quarters=4, kwh=0.25):
    return [
        (f"{zone}-{m}", zone, start + timedelta(minutes=15 * q), kwh) for m in range(meters) for q in range(quarters)
    ]


def published(con, spec=METERS, preset=PERSONAL, name="input"):
    """Protect, pass the gate, and return the rows: no result is looked at that the gate would not let through."""
    result = protect(con, name, spec, preset)
    gate(con, name, result, spec, preset)
    return result.table.to_pylist()


def test_zone_with_nine_meters_is_absent_and_with_ten_is_there(con):
    load(con, readings("nine", 9) + readings("ten", 10))
    assert published(con) == [{"zone": "ten", "period_start": START, "units": 10, "kwh": Decimal("10.000")}]


def test_readings_are_not_units(con):
    load(con, readings("a", 9, quarters=40) + readings("b", 10))
    assert {row["zone"] for row in published(con)} == {"b"}


def test_missing_and_blank_units_count_together_as_one(con):
    nine = readings("a", 9)
    load(con, [*nine, (None, "a", START, 1.0), ("", "a", START, 1.0), ("  ", "a", START, 1.0)])
    assert [row["units"] for row in published(con)] == [10]
    load(con, [*readings("a", 8), (None, "a", START, 1.0), ("", "a", START, 1.0)])
    assert published(con) == []


def test_spelling_does_not_make_two_units_of_one(con):
    load(con, [*readings("a", 9), (" A-0", "a", START, 1.0)])
    assert published(con) == []


def test_unit_without_a_value_does_not_hide_the_one_who_has_it(con):
    """Twelve meters, one of which has a value: the sum would be that meter's."""
    load(con, [(f"m{i}", "a", START, 5.0 if i == 0 else None) for i in range(12)] + readings("b", 10))
    assert {row["zone"] for row in published(con)} == {"b"}


def test_figure_of_zero_is_small(con):
    load(con, readings("a", 12, kwh=0.0) + readings("b", 12))
    assert {row["zone"] for row in published(con)} == {"b"}


def test_figure_that_rounds_to_zero_is_small(con):
    load(con, readings("a", 12, kwh=0.00001) + readings("b", 12))
    assert {row["zone"] for row in published(con)} == {"b"}


def test_row_without_zone_is_never_published(con):
    load(con, [(f"m{i}", None, START, 1.0) for i in range(12)] + readings("b", 10))
    assert {row["zone"] for row in published(con)} == {"b"}


def test_sum_is_exact_where_floating_point_is_not(con):
    rows = [(f"m{i}", "a", START + timedelta(minutes=q), 0.1) for i in range(10) for q in range(3)]
    load(con, rows)
    assert published(con)[0]["kwh"] == Decimal("3.000")


@pytest.mark.parametrize(
    ("kwh", "rounded"), [(0.05, Decimal("0.5")), (0.045, Decimal("0.5")), (-0.045, Decimal("-0.5"))]
)
def test_halves_are_rounded_away_from_zero(con, kwh, rounded):
    load(con, [(f"m{i}", "a", START, kwh) for i in range(10)])
    spec = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(decimals=1)})
    assert published(con, spec)[0]["kwh"] == rounded


def test_mean_is_over_rows_with_a_value(con):
    load(con, [(f"m{i % 10}", "a", START, None if i >= 30 else float(i % 3)) for i in range(40)])
    spec = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(kind="mean", decimals=2)})
    assert published(con, spec)[0]["kwh"] == Decimal("1.00")


def test_trips_are_counted_beside_their_riders(con):
    rows = [(f"r{i % 10}", "a", "b", START) for i in range(30)] + [(f"r{i % 9}", "a", "c", START) for i in range(90)]
    load(con, rows, ("rider", "origin", "target", "ts"))
    spec = Spec(unit="rider", zone=("origin", "target"), time="ts", count_rows_as="trips")
    assert published(con, spec) == [{"origin": "a", "target": "b", "period_start": START, "units": 10, "trips": 30}]


def test_repeated_hour_of_autumn_stays_two_hours(con):
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 summer time
    second = first + timedelta(hours=1)  # 02:30 winter time
    load(con, readings("a", 10, start=first, quarters=1) + readings("a", 10, start=second, quarters=1))
    assert [row["period_start"].hour for row in published(con)] == [0, 1]


@pytest.mark.parametrize(
    ("day", "quarters", "start"),
    [
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 92, "2026-03-28T23:00:00+00:00"),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 100, "2026-10-24T22:00:00+00:00"),
    ],
)
def test_local_day_has_92_or_100_quarters_when_the_clock_changes(con, day, quarters, start):
    load(con, readings("a", 10, start=day, quarters=quarters, kwh=1.0))
    spec = Spec(
        unit="meter", zone="zone", time="ts", measures={"kwh": Measure()}, time_bin="P1D", timezone="Europe/Ljubljana"
    )
    (row,) = published(con, spec)
    assert (row["period_start"].astimezone(UTC).isoformat(), row["kwh"]) == (start, 10 * quarters)


def test_periods_are_half_open(con):
    load(con, readings("a", 10, start=START + timedelta(hours=1), quarters=1))
    assert [row["period_start"] for row in published(con)] == [START + timedelta(hours=1)]


def test_half_hour_offsets_are_binned_in_local_time(con):
    spec = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(decimals=2)}, timezone="Asia/Kolkata")
    load(con, readings("a", 10, start=START, quarters=4))  # 11:30 to 12:30 local
    assert [row["period_start"].minute for row in published(con, spec)] == [30, 30]


def test_stations_have_no_unit_and_may_show_zero(con):
    rows = [("s1", START + timedelta(minutes=m), bikes) for m, bikes in ((0, 3), (10, 4), (20, 4))]
    load(con, [*rows, ("s2", START, 0)], ("station", "ts", "bikes"))
    spec = Spec(
        unit=None, zone="station", time="ts", presence="none", measures={"bikes": Measure(kind="mean", decimals=1)}
    )
    rows = published(con, spec, load_preset("gbfs-docked-stations"))
    assert [(row["station"], row["bikes"]) for row in rows] == [("s1", Decimal("3.7")), ("s2", Decimal("0.0"))]


def snapshots(*counts, zone="a"):
    """Vehicles with a fresh identifier at every snapshot, as a rotating feed shows them."""
    return [
        (f"{zone}{number}-{vehicle}", zone, START + timedelta(minutes=10 * number))
        for number, count in enumerate(counts)
        for vehicle in range(count)
    ]


FLOATING = Spec(unit="vehicle", zone="zone", time="ts", presence="simultaneous", count_rows_as="vehicles")


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((10, 12, 11), (10, Decimal("11.0"))),
        ((2, 2, 2, 2, 2, 2), None),
        ((30, 30, 9), None),
        ((10, 0, 10), None),
    ],
    ids=["always-ten", "rotation-makes-twelve-of-two", "once-nine", "once-none"],
)
def test_free_floating_vehicles_must_be_present_at_once_in_every_snapshot(con, counts, expected):
    elsewhere = [("v", "elsewhere", START + timedelta(minutes=10 * number)) for number in range(len(counts))]
    load(con, snapshots(*counts) + elsewhere, ("vehicle", "zone", "ts"))
    rows = published(con, FLOATING, load_preset("gbfs-free-floating"))
    assert [(row["units"], row["vehicles"]) for row in rows] == ([expected] if expected else [])


def test_snapshot_without_any_vehicle_counts_as_zero_when_it_is_a_row_without_a_zone(con):
    empty = [(None, None, START + timedelta(minutes=30))]
    load(con, snapshots(12, 12) + empty, ("vehicle", "zone", "ts"))
    assert published(con, FLOATING, load_preset("gbfs-free-floating")) == []


@pytest.mark.parametrize(
    ("spec", "preset_id", "code"),
    [
        (Spec(unit=None, zone="zone", time="ts"), "house-personal", "unit-missing"),
        (METERS, "gbfs-docked-stations", "unit-not-expected"),
        (METERS, "gbfs-free-floating", "presence-mismatch"),
        (METERS, "house-business", "site-rule-missing"),
        (Spec(unit="owner", zone="zone", time="ts"), "house-personal", "column-missing"),
        (Spec(unit="zone", zone="meter", time="kwh"), "house-personal", "time-without-offset"),
        (
            Spec(unit="kwh", zone="zone", time="ts", measures={"meter": Measure()}),
            "house-personal",
            "measure-not-a-number",
        ),
    ],
)
def test_specification_that_does_not_fit_is_refused(con, spec, preset_id, code):
    load(con, readings("a", 10))
    with pytest.raises(DisclosureRefused) as refusal:
        protect(con, "input", spec, load_preset(preset_id))
    assert refusal.value.code == code


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e15])
def test_value_that_is_no_usable_number_is_refused_without_naming_it(con, value):
    load(con, [*readings("a", 10), ("x", "a", START, value)])
    with pytest.raises(DisclosureRefused) as refusal:
        protect(con, "input", METERS, PERSONAL)
    assert refusal.value.code == "measure-out-of-range"
    assert refusal.value.params == {"columns": ["kwh"]}
    assert refusal.value.__suppress_context__


def test_nothing_with_units_stays_in_the_database(con):
    load(con, readings("a", 10))
    published(con)
    names = con.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert names == [("input",)]
