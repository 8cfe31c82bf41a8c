"""Ten million trips rolled up, against the same rule at every single level; 57.6 million readings in flat cells."""

from __future__ import annotations

import meters_bench_arm
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from benching import data_folder, in_fresh_process, is_small, measure, report, sized
from generators import meters, od_trips
from rollup_bench_arm import LEVELS, SPEC, figures, least, policy, run

from disclosure.protect import explain
from disclosure.source import opened

K = 10
GOAL = "≤ 8 s, ≤ 1 GB, ≥ 99 % of trips kept"
HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def trips():
    rows = sized(10_000_000, 60_000)
    return od_trips.write(data_folder() / f"od-trips-{od_trips.SEED}-{rows}.parquet", rows)


def flat_with_pyarrow(path, units=K):
    """The peer: origin × destination × hour at one kilometre, distinct riders counted in two steps."""
    table = pq.read_table(path)
    ends = {
        name: pc.floor(pc.divide(pc.cast(table[name], pa.float64()), 1000.0)).cast(pa.int32()) for name in SPEC.zones
    }
    hour = pc.divide(table["start"].cast(pa.int64()), HOUR_US)
    keys = [*ends, "hour"]
    coded = pa.table({**ends, "hour": hour, "rider": table["rider"]})
    per_rider = coded.group_by([*keys, "rider"]).aggregate([([], "count_all")])
    cells = per_rider.group_by(keys).aggregate([("count_all", "sum"), ([], "count_all")])
    kept = cells.filter(pc.greater_equal(cells["count_all"], units))
    return kept.num_rows, pc.sum(kept["count_all_sum"]).as_py() or 0


def test_adaptive_hourly_od(trips):
    finest = run(trips, K, LEVELS[:1])
    cells, kept = flat_with_pyarrow(trips)
    # One level is the flat table, less at most the bins withdrawn for the remainder and those one rider dominates.
    assert finest.table.num_rows <= cells
    assert finest.confidential["rows_published"] <= kept
    assert cells - finest.table.num_rows <= 0.01 * cells + 1
    result = figures(run(trips, K))
    timed = measure({"ours": lambda: run(trips, K), "pyarrow flat": lambda: flat_with_pyarrow(trips)})
    fresh = in_fresh_process("rollup_bench_arm", str(trips), str(K))
    ours, peer = timed["ours"], timed["pyarrow flat"]
    share = result["kept"] / result["trips"]
    report(
        "adaptive hourly OD",
        goal=GOAL,
        met=ours.median_s <= 8 and fresh["rss_mb"] <= 1024 and share >= 0.99,
        seed=od_trips.SEED,
        figures={
            "k": K,
            "ours_s": ours.median_s,
            "fastest_s": ours.fastest_s,
            "slowest_s": ours.slowest_s,
            "peer": "pyarrow group_by, flat at 1 km and one hour",
            "peer_s": peer.median_s,
            "ratio": peer.median_s / ours.median_s,
            "cpu_s": fresh["cpu_s"],
            "rss_mb": fresh["rss_mb"],
            "flat_kept": kept,
            **result,
        },
    )
    assert is_small() or share >= 0.99


def test_no_level_keeps_more_with_a_flat_threshold(trips):
    """The whole ladder keeps at least what a flat table of any of its levels keeps.

    Level by level the goal cannot be met by disjoint bins: what a finer bin has taken is missing in the rest of its
    cell, which may fall below the least number and climb on. Both shares are printed beside each other.
    """
    kept = figures(run(trips, K))
    flat = {}
    with opened(trips, memory="700MB") as (con, relation):
        for level in LEVELS[:-1]:
            plan = explain(con, relation, SPEC, least(K), policy((level,)))
            flat[level.slug] = sum(step.rows for step in plan.steps)
    percent = {slug: round(100 * rows / kept["trips"], 4) for slug, rows in flat.items()}
    report(
        "adaptive OD against flat",
        goal="at every level no fewer trips than the same flat threshold",
        met=all(kept["cumulative_percent"][slug] >= share for slug, share in percent.items()),
        seed=od_trips.SEED,
        figures={
            "kept": kept["kept"],
            "cumulative_percent": kept["cumulative_percent"],
            "flat_percent": percent,
        },
    )
    assert all(kept["kept"] >= rows for rows in flat.values())


def test_five_units_beside_the_prototype(trips):
    fresh = in_fresh_process("rollup_bench_arm", str(trips), "5")
    report(
        "adaptive hourly OD, k = 5",
        goal="beside the prototype (5.7 s, 0.9 GB, 99.999 % on its own trips)",
        met=None,
        seed=od_trips.SEED,
        figures={"k": 5, "ours_s": fresh.pop("seconds"), **fresh},
    )
    assert fresh["kept"] > 0.9 * fresh["trips"]


def meters_with_pyarrow(path):
    """The peer: zone × class × hour, summed per meter first, then count, total and the two largest of each cell."""
    # A file of time in order can be read a row group at a time; hours are cut by them, so sums are put together after.
    parts = []
    source = pq.ParquetFile(path)
    for group in range(source.num_row_groups):
        table = source.read_row_group(group)
        hour = pc.divide(table["start"].cast(pa.int64()), HOUR_US)
        coded = pa.table(
            {"zone": table["zone"], "class": table["class"], "hour": hour, "meter": table["meter"], "kwh": table["kwh"]}
        )
        parts.append(coded.group_by(["zone", "class", "hour", "meter"]).aggregate([("kwh", "sum")]))
    per_meter = pa.concat_tables(parts).group_by(["zone", "class", "hour", "meter"]).aggregate([("kwh_sum", "sum")])
    total = per_meter.group_by(["zone", "class", "hour"]).aggregate([("kwh_sum_sum", "sum"), ([], "count_all")])
    cells = total.num_rows
    kept = pc.sum(pc.greater_equal(total["count_all"], K)).as_py()
    return cells, kept


def test_meters_with_p_percent_and_dominance():
    days = sized(30, 1)
    path = meters.write(data_folder() / f"meters-{meters.SEED}-{days}.parquet", days)
    cells, at_least_k = meters_with_pyarrow(path)
    result = meters_bench_arm.run(path)
    exact = result.confidential
    assert exact["cells_published"] + exact["cells_withheld"] == cells
    # Beyond small cells, p % and dominance withhold a few, and so does a figure of zero.
    assert 0.98 * at_least_k <= exact["cells_published"] <= at_least_k
    timed = measure({"ours": lambda: meters_bench_arm.run(path), "pyarrow": lambda: meters_with_pyarrow(path)})
    fresh = in_fresh_process("meters_bench_arm", str(path))
    ours, peer = timed["ours"], timed["pyarrow"]
    report(
        "meters, zone × class × hour with p % and dominance",
        goal="≤ 5 s under a 500 MB limit",
        met=ours.median_s <= 5,
        seed=meters.SEED,
        figures={
            "readings": exact["rows_in"],
            "k": K,
            "ours_s": ours.median_s,
            "fastest_s": ours.fastest_s,
            "slowest_s": ours.slowest_s,
            "peer": "pyarrow group_by, minimum count only, no memory limit",
            "peer_s": peer.median_s,
            "ratio": peer.median_s / ours.median_s,
            "cpu_s": fresh["cpu_s"],
            "rss_mb": fresh["rss_mb"],
            "limit": meters_bench_arm.MEMORY,
            "cells": cells,
            "too_few_units": cells - at_least_k,
            "withheld_by_rules": at_least_k - exact["cells_published"],
        },
    )
