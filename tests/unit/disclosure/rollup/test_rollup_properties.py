"""Properties of every roll-up: nothing is lost or counted twice; order, threads and the sieve change nothing."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rollup_world import MIDNIGHT, TREE, WITH_KM, at, least, load, made, town

from disclosure.engine import connect
from disclosure.errors import DisclosureRefused
from disclosure.protect import protect
from disclosure.recounts.rollup_audit import narrow_bins
from disclosure.rollup import sieve
from disclosure.site import NO_SITE
from disclosure.tables import csv_bytes

FEW = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
LEVELS = town().levels

riders = st.one_of(
    st.none(), st.just(" "), st.integers(0, 9).map(lambda n: f"r{n}"), st.integers(0, 9).map(lambda n: f" R{n}")
)
row = st.tuples(
    riders,
    st.sampled_from([*TREE, None]),
    st.sampled_from([0.2, 1, 1.5, 6, 7.25, 12, 18, 23.9, 24.0]).map(at),
    st.one_of(st.none(), st.floats(-9, 9, allow_nan=False)),
)
group = st.tuples(st.integers(3, 9), st.sampled_from(sorted(TREE)), st.sampled_from([0, 1, 6, 12]), st.floats(0.1, 5))
tables = st.tuples(st.lists(row, max_size=40), st.lists(group, min_size=1, max_size=8)).map(
    lambda parts: parts[0] + [(f"r{n}", zone, at(hour), km) for size, zone, hour, km in parts[1] for n in range(size)]
)


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("properties"), "300MB", threads=1) as connection:
        yield connection


def refused(con, rows, units):
    """Load the rows; the code of the refusal, if the table cannot be published at all."""
    load(con, rows)
    try:
        protect(con, "input", WITH_KM, least(units), town(max_share_percent=60))
    except DisclosureRefused as refusal:
        return refusal.code
    return None


def cells_of(zone, hour):
    """The cells that hold a row, finest first, in plain Python."""
    district = zone[0]
    return [(zone, int(hour)), (zone, int(hour) // 6 * 6), (district, int(hour) // 6 * 6), (district, 0), ("all", 0)]


def placed(rows, bins):
    """Rows by the finest bin that holds them; None for those in none."""
    found = defaultdict(list)
    for rider, zone, start, km in rows:
        hour = (start - MIDNIGHT) / timedelta(hours=1)
        inside = zone is not None and 0 <= hour < 24
        chain = cells_of(zone, hour) if inside else []
        key = next((pair for pair in enumerate(chain) if pair in bins), None)
        found[key].append(((rider or "").strip().upper(), km))
    return found


@FEW
@given(tables, st.integers(2, 4))
def test_published_and_withheld_are_the_input_and_each_bin_has_enough_units(con, rows, units):
    if refused(con, rows, units):
        return
    result = made(con, rows, town(max_share_percent=60), least(units), WITH_KM)
    slugs = [level.slug for level in LEVELS]
    bins = {
        (slugs.index(each["level"]), (each["zone"], int((each["period_start"] - MIDNIGHT) / timedelta(hours=1)))): each
        for each in result.table.to_pylist()
    }
    found = placed(rows, bins)
    left = found.pop(None, [])
    assert found.keys() == bins.keys()
    for key, each in bins.items():
        assert each["trips"] == len(found[key])
        assert each["units"] == len({rider for rider, km in found[key] if km is not None}) >= units
    assert not left or len({rider for rider, km in left if km is not None}) >= units
    assert sum(each["trips"] for each in bins.values()) + len(left) == len(rows)
    assert not narrow_bins(result.table, town(max_share_percent=60), WITH_KM, units)


@FEW
@given(tables, st.integers(2, 4), st.randoms(use_true_random=False))
def test_order_of_rows_and_number_of_threads_change_nothing(con, rows, units, shuffle: random.Random):
    if refused(con, rows, units):
        return
    policy = town(max_share_percent=60)
    first = csv_bytes(protect(con, "input", WITH_KM, least(units), policy).table)
    mixed = list(rows)
    shuffle.shuffle(mixed)
    load(con, mixed)
    assert csv_bytes(protect(con, "input", WITH_KM, least(units), policy).table) == first


def test_one_thread_gives_the_same_bytes_as_several(tmp_path):
    rows = [(f"r{n * 7 % 31}", sorted(TREE)[n * n % 8], at(n * 13 % 24), n / 10) for n in range(3000)]
    results = set()
    for threads in (1, 2, 4):
        (tmp_path / str(threads)).mkdir()
        with connect(tmp_path / str(threads), "300MB", threads=threads) as con:
            results.add(csv_bytes(made(con, rows, town(), least(5), WITH_KM).table))
    assert len(results) == 1


@FEW
@given(tables, st.integers(2, 4))
def test_sieve_changes_nothing_but_time(con, rows, units):
    if refused(con, rows, units):
        return
    policy, before = town(max_share_percent=60), sieve.SPLIT_BELOW
    try:
        tables_made = []
        for share in (0.0, 2.0):
            sieve.SPLIT_BELOW = share
            tables_made.append(protect(con, "input", WITH_KM, least(units), policy).table)
    finally:
        sieve.SPLIT_BELOW = before
    assert tables_made[0].equals(tables_made[1])


def test_keys_too_long_for_an_ordinary_number_give_the_same_table(con, monkeypatch):
    rows = [(f"r{n * 7 % 31}", sorted(TREE)[n * n % 8], at(n * 13 % 24), n / 10) for n in range(2000)]
    ordinary = made(con, rows, town(), least(5), WITH_KM)
    monkeypatch.setattr("disclosure.rollup.frame._FITS_BIGINT", 0)
    assert made(con, rows, town(), least(5), WITH_KM).table.equals(ordinary.table)


def test_every_number_of_members_is_counted_for_every_kind_of_unit(con):
    """A bin shows the least number over all kinds; a kind with too few closes the fine level."""
    rows = [(f"r{n % 25}", "A0", at(n % 6), 1.0) for n in range(240)]
    load(con, rows)
    con.execute("CREATE OR REPLACE TABLE pairs AS SELECT *, 'c' || (CAST(rider[2:] AS INT) % 5) AS car FROM input")
    spec = replace(WITH_KM, also_units=("car",))
    policy = town(max_share_percent=60)
    result = protect(con, "pairs", spec, least(5), policy)
    policy.recount(con, "pairs", result, spec, least(5), NO_SITE)
    assert set(result.table.column("units").to_pylist()) <= {5}
    assert sum(result.table.column("trips").to_pylist()) == 240
