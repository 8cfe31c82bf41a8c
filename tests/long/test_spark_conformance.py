"""DuckDB and Spark give identical rows for the same expressions, and reduced rows the same release as raw ones.

Runs in the environment of the lock ``spark`` (`make test-long`): local Spark, no cluster.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from disclosure.assess.measuring import assess
from disclosure.engine import connect
from disclosure.errors import DisclosureRefused
from disclosure.gate import gate
from disclosure.policies.cell_key import CellKey
from disclosure.policies.threshold import Threshold
from disclosure.presets import load_preset
from disclosure.protect import protect
from disclosure.site import SiteRules
from disclosure.spec import Measure, Spec

pytestmark = pytest.mark.long
pytest.importorskip("ibis", reason="the extra `spark` is not installed here")
pytest.importorskip("pyspark", reason="the extra `spark` is not installed here")

from disclosure.spark import local, plans, session  # noqa: E402

SITE = SiteRules(key=b"0123456789abcdef0123456789abcdef")
PRESET = load_preset("house-personal")
CLOCKS_BACK = datetime(2026, 10, 24, 20, tzinfo=UTC)
CLOCKS_FORWARD = datetime(2026, 3, 28, 20, tzinfo=UTC)
SPEC = Spec(
    unit="rider",
    zone="zone",
    time="ts",
    measures={"km": Measure(decimals=1, unit="km"), "fare": Measure(decimals=2, unit="EUR")},
    count_rows_as="trips",
    timezone="Europe/Ljubljana",
    quasi=("zone", "x"),
)
GRID = Spec(
    unit="rider",
    also_units=("host",),
    contributor="operator",
    zone=("x", "y"),
    time="ts",
    measures={"km": Measure(decimals=0, unit="km")},
    time_bin="P1D",
    timezone="Europe/Ljubljana",
)


def trips(rows=30_000, seed=7):
    """Trips over both nights of clock changes: missing riders, zones, times and values, spellings, ties, negative x."""
    chance = random.Random(seed)

    def one():
        start = chance.choice((CLOCKS_BACK, CLOCKS_FORWARD))
        moment = start + timedelta(microseconds=chance.randrange(12 * 3600 * 10**6))
        if chance.random() < 0.1:
            # On the boundary itself, just before it, and on the repeated hour.
            hour = start + timedelta(hours=chance.randrange(12))
            moment = hour - timedelta(microseconds=chance.choice((0, 1, 499_999, 500_000, 1_000_000)))
        rider = f"v{chance.randrange(900)}f"
        return (
            chance.choice((rider, rider, rider.upper(), f" {rider} ", None, "", "  ")),
            f"h{chance.randrange(40)}" if chance.random() > 0.02 else None,
            chance.randrange(5),
            chance.choice(("šentvid", "Šentvid", "ß", "a'b", None, "z|1", "")),
            chance.randrange(-2500, 2500),
            chance.choice((-1, 0, 999, 1000, -1000, -1001)),
            moment if chance.random() > 0.01 else None,
            chance.choice(
                (Decimal("0.05"), Decimal("-0.05"), Decimal("1.25"), None, Decimal(chance.randrange(10**6)) / 10**6)
            ),
            chance.randrange(-5, 60) if chance.random() > 0.05 else None,
        )

    return [one() for _ in range(rows)]


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """The trips as Parquet."""
    rows = trips()
    types = {
        "rider": pa.string(),
        "host": pa.string(),
        "operator": pa.int32(),
        "zone": pa.string(),
        "x": pa.int32(),
        "y": pa.int64(),
        "ts": pa.timestamp("us", "UTC"),
        "km": pa.decimal128(12, 6),
        "fare": pa.int32(),
    }
    table = pa.table({name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(types.items())})
    path = tmp_path_factory.mktemp("raw") / "trips.parquet"
    pq.write_table(table, path)
    return path


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """Both engines behind Ibis."""
    spark = session.local_spark(folder=tmp_path_factory.mktemp("spark"))
    yield {"duckdb": session.through_duckdb(), "spark": spark}
    spark._session.stop()


@pytest.fixture
def con(tmp_path):
    with connect(tmp_path, "1GB") as connection:
        yield connection


def reduced(con, engines, raw, folder, spec, **options):
    """Contributions by each engine as relations of their names; gives the specification for them."""
    for name, engine in engines.items():
        local.store(plans.contributions(engine.read_parquet(raw), spec, **options), folder / name)
        adopted = local.adopt(con, folder / name, spec, name)
    return adopted


def load_raw(con, raw):
    con.register("arrow_raw", pq.read_table(raw))
    con.execute("CREATE OR REPLACE TABLE raw AS SELECT * FROM arrow_raw")
    con.unregister("arrow_raw")


@pytest.mark.parametrize("time_bin", ["PT15M", "PT1H", "P1D"])
@pytest.mark.parametrize("timezone", ["Europe/Ljubljana", "UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_contributions_are_the_same_rows_on_both_engines(con, engines, raw, tmp_path, time_bin, timezone):
    reduced(con, engines, raw, tmp_path, replace(SPEC, time_bin=time_bin, timezone=timezone))
    hashes = {name: local.fingerprint(con, name) for name in engines}
    assert hashes["duckdb"] == hashes["spark"]
    assert con.execute("SELECT count(*) FROM spark").fetchall()[0][0] > 1000


def test_negative_coordinates_fall_into_the_right_cell_of_the_grid(con, engines, raw, tmp_path):
    reduced(con, engines, raw, tmp_path, GRID, grid_m=1000)
    assert local.fingerprint(con, "duckdb") == local.fingerprint(con, "spark")
    corners = {row[0] for row in con.execute("SELECT DISTINCT y FROM spark").fetchall()}
    assert corners == {-2000, -1000, 0, 1000}


@pytest.mark.parametrize("policy", [Threshold(), CellKey()], ids=["threshold", "cell-key"])
def test_release_from_reduced_rows_is_the_release_from_raw_rows_and_passes_the_gate(
    con, engines, raw, tmp_path, policy
):
    load_raw(con, raw)
    spec = replace(SPEC, count_rows_as=None, measures={"km": SPEC.measures["km"]})
    adopted = reduced(con, engines, raw, tmp_path, spec)
    expected = protect(con, "raw", spec, PRESET, policy, SITE)
    assert expected.table.num_rows > 20
    for name in engines:
        protected = protect(con, name, adopted, PRESET, policy, SITE)
        gate(con, name, protected, adopted, PRESET, SITE)
        assert local.table_fingerprint(con, protected.table) == local.table_fingerprint(con, expected.table)


@pytest.mark.parametrize("time_bin", ["PT1H", "P1D"])
def test_share_kept_at_a_level_is_the_same_on_both_engines_and_that_of_the_release(con, engines, raw, time_bin):
    spec = replace(SPEC, time_bin=time_bin, measures={})
    found = {name: plans.kept(engine.read_parquet(raw), spec, 10) for name, engine in engines.items()}
    assert found["duckdb"] == found["spark"]
    load_raw(con, raw)
    lost = protect(con, "raw", spec, PRESET).confidential
    kept = found["spark"]
    assert (kept.rows_kept, kept.cells_kept) == (lost["rows_published"], lost["cells_published"])
    assert 0 < kept.rows_kept < kept.rows == lost["rows_in"]


def test_number_of_rows_survives_as_a_measure(con, engines, raw, tmp_path):
    load_raw(con, raw)
    adopted = reduced(con, engines, raw, tmp_path, SPEC)
    expected = protect(con, "raw", SPEC, PRESET).table.to_pylist()
    for name in engines:
        shown = protect(con, name, adopted, PRESET).table.to_pylist()
        assert [row["trips"] for row in shown] == [row["trips"] for row in expected]
        assert [row["units"] for row in shown] == [row["units"] for row in expected]


def test_class_sizes_are_the_same_on_both_engines_and_those_of_assess(con, engines, raw):
    found = {name: plans.class_sizes(engine.read_parquet(raw), SPEC) for name, engine in engines.items()}
    assert found["duckdb"] == found["spark"]
    load_raw(con, raw)
    ours = assess(con, "raw", replace(SPEC, measures={}))
    assert [list(pair) for pair in found["spark"].sizes] == ours.as_dict()["units"][0]["classes"]["sizes"]


def test_what_engines_would_compute_differently_is_refused(engines, tmp_path):
    table = pa.table(
        {
            "rider": ["Ö1", "b"],
            "zone": ["a", "b"],
            "ts": pa.array([CLOCKS_BACK] * 2, pa.timestamp("us", "UTC")),
            "km": [0.5, 1.5],
            "fare": [1, 2],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    spec = replace(SPEC, quasi=())
    for engine in engines.values():
        rows = engine.read_parquet(tmp_path / "t.parquet")
        with pytest.raises(DisclosureRefused, match="spark-type"):
            plans.contributions(rows, spec)
        with pytest.raises(DisclosureRefused, match="spark-unit-not-ascii"):
            plans.contributions(rows, replace(spec, measures={"fare": Measure()}))


def test_session_of_a_cluster_must_have_the_settings_that_keep_figures_equal(engines):
    spark = engines["spark"]._session
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        with pytest.raises(DisclosureRefused, match="spark-setting"):
            session.on_session(spark)
    finally:
        spark.conf.set("spark.sql.ansi.enabled", "true")
    assert session.on_session(spark) is not None
