"""A long table counted some days at a time gives the cells, figures and unit counts of one go."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from generators import meters

from disclosure import Measure, Spec, cells, load_preset, protect, slices
from disclosure.concentration import rules_for
from disclosure.engine import connect
from disclosure.policies.threshold import Threshold
from disclosure.site import SiteRules

PRESET = load_preset("house-personal")
SITE = SiteRules(p_percent=15, dominance_n=1, dominance_percent=85)
SPEC = Spec(
    unit="meter",
    zone=("zone", "class"),
    time="start",
    timezone="Europe/Ljubljana",
    measures={"kwh": Measure(decimals=1), "volt": Measure(kind="mean", decimals=2)},
    count_rows_as="readings",
)


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("slices"), "300MB", threads=2) as connection:
        yield connection


@pytest.fixture
def short_slices(monkeypatch):
    """Slices of a day or two, whatever the length."""
    monkeypatch.setattr(slices, "ROWS_WORTH_SLICING", 0)
    monkeypatch.setattr(slices, "ROWS_OF_A_SLICE", 1_500)


def rows(named: bool):
    """Four days around the end of summer time; some readings, zones and (unless `named`) meters are missing."""
    chance = random.Random(7)
    start = datetime(2026, 10, 23, 22, tzinfo=UTC)
    found = []
    for _ in range(6_000):
        meter = chance.randrange(40) if named or chance.random() < 0.95 else None
        zone = chance.choice(["a", "b", "c", None])
        moment = start + timedelta(seconds=chance.randrange(4 * 86_400))
        found.append((meter, zone, chance.choice("xy"), moment, chance.choice([None, -2.5, 0.0, 1.25, 40.0]), 230.0))
    return found


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("kind", [pa.int32(), pa.string()])
def test_slices_give_what_one_go_gives(con, short_slices, named, kind):
    names = ("meter", "zone", "class", "start", "kwh", "volt")
    columns = {name: [row[at] for row in rows(named)] for at, name in enumerate(names)}
    columns["meter"] = pa.array(columns["meter"]).cast(kind)
    columns["start"] = pa.array(columns["start"], pa.timestamp("us", "UTC"))
    con.register("rows_in", pa.table(columns))
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    rules = rules_for(PRESET, SITE)
    everything = f"SELECT * FROM {cells.CELLS} ORDER BY ALL"
    try:
        found = slices.extent(con, "input", SPEC)
        assert found is not None
        assert found.nameless is not named
        sliced = slices.distinct_cells(con, "input", SPEC, PRESET, rules, found)
        sliced_cells = con.execute(everything).fetchall()
        whole = cells.distinct_cells(con, "input", SPEC, PRESET, rules)
        assert sliced == whole
        assert sliced_cells == con.execute(everything).fetchall()
    finally:
        cells.drop(con)


def test_gate_agrees_with_a_sliced_table_of_meters(con, short_slices):
    con.register("rows_in", meters.table(400, days=3))
    con.execute("CREATE OR REPLACE TABLE input AS SELECT * FROM rows_in")
    spec = Spec(unit="meter", zone="class", time="start", timezone="Europe/Ljubljana", measures={"kwh": Measure()})
    result = protect(con, "input", spec, PRESET, site=SITE)
    Threshold().recount(con, "input", result, spec, PRESET, SITE)
    assert result.table.num_rows > 100


def test_table_with_rows_out_of_time_or_several_units_is_counted_in_one_go(con, short_slices):
    con.execute(
        "CREATE OR REPLACE TABLE input AS SELECT 1 AS meter, 'a' AS zone, 'x' AS class, NULL::TIMESTAMPTZ AS start,"
        " 1.0 AS kwh, 1.0 AS volt"
    )
    assert slices.extent(con, "input", SPEC) is None
    several = Spec(unit="meter", zone="zone", time="start", also_units=("class",))
    assert slices.extent(con, "input", several) is None
