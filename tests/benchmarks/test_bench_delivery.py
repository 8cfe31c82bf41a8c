"""The two steps a company waits for, against named peers in the same run: checking a file, and aggregating it.

Correctness is compared first, then the median of three runs. Goals are ratios; seconds depend on the machine.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frictionless
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cityharvest.contract import read
from cityharvest.periods import Cadence, Period
from disclosure import Measure, Spec, load_preset, protect
from disclosure.engine import connect

METERS, DAYS = 240, 30
LEAST_RATIO_CHECK = 10.0
CONTRACT: dict[str, Any] = {
    "fields": [
        {"name": "meter_id", "type": "string", "role": "unit", "constraints": {"required": True}},
        {"name": "zone", "type": "string", "role": "zone"},
        {"name": "ts", "type": "datetime", "format": "%Y-%m-%d %H:%M", "role": "time"},
        {"name": "usage_kwh", "type": "number", "role": "measure", "decimalChar": ",", "constraints": {"minimum": 0}},
    ],
    "dialect": {"delimiter": ";"},
    "missingValues": [""],
    "interval": "PT15M",
}


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """691,200 readings: 240 meters, the thirty days of a September, quarter-hours."""
    path = tmp_path_factory.mktemp("bench") / "2026-09.csv"
    with path.open("w") as file:
        file.write("meter_id;zone;ts;usage_kwh\n")
        for meter in range(METERS):
            for day in range(1, DAYS + 1):
                file.writelines(
                    f"M{meter:05d};Z{meter % 20:02d};2026-09-{day:02d} {quarter // 4:02d}:{quarter % 4 * 15:02d};"
                    f"0,{(meter * 31 + quarter * 7 + day) % 1000:03d}\n"
                    for quarter in range(96)
                )
    return path


def median_s(run: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Return the median seconds of several runs, and the last result."""
    taken, result = [], None
    for _ in range(times):
        start = time.perf_counter()
        result = run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), result


def report(name: str, ours_s: float, peer: str, peer_s: float, rows: int) -> None:
    """Print one line of the table as JSON."""
    print(
        "\n"
        + json.dumps(
            {
                "bench": name,
                "rows": rows,
                "ours_s": round(ours_s, 3),
                "rows_per_s": round(rows / ours_s),
                "peer": peer,
                "peer_s": round(peer_s, 3),
                "ratio": round(peer_s / ours_s, 1),
            }
        )
    )


def test_checking_a_file_against_frictionless(delivery: Path):
    """Every row is read, typed and checked; the peer is the reference implementation of the standard."""
    period = Period.parse(Cadence.MONTH, "2026-09", "Europe/Ljubljana")

    def ours() -> int:
        with connect(delivery.parent) as con:
            return read(con, [delivery], CONTRACT, period).rows

    def peer() -> int:
        schema = frictionless.Schema.from_descriptor(
            {"fields": [{k: v for k, v in one.items() if k != "role"} for one in CONTRACT["fields"]]}
        )
        dialect = frictionless.Dialect(controls=[frictionless.formats.CsvControl(delimiter=";")])
        resource = frictionless.Resource(
            path=delivery.name, basepath=str(delivery.parent), schema=schema, dialect=dialect
        )
        found = resource.validate()
        assert found.valid, found.flatten(["type"])[:3]
        return int(found.tasks[0].stats["rows"])

    ours_s, rows = median_s(ours)
    peer_s, peer_rows = median_s(peer, times=1)
    assert rows == peer_rows == METERS * DAYS * 96
    report("check a delivery", ours_s, f"frictionless {frictionless.__version__}", peer_s, rows)
    assert peer_s / ours_s >= LEAST_RATIO_CHECK


def test_aggregating_with_distinct_units_against_arrow(delivery: Path):
    """Zone × hour with distinct meters; the peer is a plain group-by that proves and withholds nothing."""
    spec = Spec(
        unit="meter_id",
        zone="zone",
        time="ts",
        measures={"usage_kwh": Measure(decimals=3)},
        timezone="Europe/Ljubljana",
    )
    period = Period.parse(Cadence.MONTH, "2026-09", "Europe/Ljubljana")
    preset = load_preset("house-personal")
    with connect(delivery.parent) as con:
        checked = read(con, [delivery], CONTRACT, period)
        table = con.sql(
            f"SELECT meter_id, zone, ts, CAST(usage_kwh AS DOUBLE) AS kwh FROM {checked.relation}"
        ).to_arrow_table()
        ours_s, protected = median_s(lambda: protect(con, checked.relation, spec, preset))

    def peer() -> pa.Table:
        hours = table.set_column(2, "hour", pc.floor_temporal(table["ts"], unit="hour"))
        return hours.group_by(["zone", "hour"]).aggregate([("meter_id", "count_distinct"), ("kwh", "sum")])

    peer_s, peer_table = median_s(peer)
    assert protected.table.num_rows == peer_table.num_rows == 20 * DAYS * 24
    ours_kwh = float(sum(protected.table["usage_kwh"].to_pylist()))
    assert ours_kwh == pytest.approx(pc.sum(peer_table["kwh_sum"]).as_py(), abs=0.001 * peer_table.num_rows)
    report("protect zone × hour", ours_s, f"pyarrow {pa.__version__}", peer_s, table.num_rows)
