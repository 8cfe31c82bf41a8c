"""Snapshots of GBFS feeds as rows, in the words of both major versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cityharvest.errors import ContractBroken
from cityharvest.pipeline.snapshots import station_rows, vehicle_rows

MOMENT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
V3 = {
    "last_updated": "2026-11-23T08:00:00+01:00",
    "version": "3.0",
    "data": {"stations": [{"station_id": "a", "num_vehicles_available": 4, "num_docks_available": 6}]},
}
V2 = {
    "last_updated": int(MOMENT.timestamp()),
    "version": "2.3",
    "data": {"stations": [{"station_id": "a", "num_bikes_available": 4, "num_docks_available": 6}]},
}
MEASURES = ["bikes_available", "docks_available"]


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize("document", [V2, V3], ids=["2.3", "3.0"])
def test_both_versions_say_the_same(document: object) -> None:
    rows = station_rows(encoded(document), MEASURES, zone="station_id", time="ts")
    assert rows == [{"station_id": "a", "ts": MOMENT, "bikes_available": 4, "docks_available": 6}]


def test_a_quantity_that_is_not_stated_is_missing_and_not_zero() -> None:
    document = {**V3, "data": {"stations": [{"station_id": "a", "num_vehicles_available": 4}]}}
    [row] = station_rows(encoded(document), MEASURES, zone="s", time="ts")
    assert row["docks_available"] is None


def test_a_quantity_no_feed_has_is_refused() -> None:
    with pytest.raises(ContractBroken) as caught:
        station_rows(encoded(V3), ["happiness"], zone="s", time="ts")
    assert caught.value.code == "quantity-unknown"


@pytest.mark.parametrize(
    "document",
    [b"<html></html>", b"{}", b'{"data": {"stations": 1}, "last_updated": 1}', b'{"data": {}, "last_updated": "x"}'],
)
def test_something_else_than_a_feed_is_refused_without_quoting_it(document: bytes) -> None:
    with pytest.raises(ContractBroken) as caught:
        station_rows(document, MEASURES, zone="s", time="ts")
    assert caught.value.code == "snapshot-unreadable"
    assert "html" not in str(caught.value)


def test_a_moment_without_an_offset_is_refused() -> None:
    with pytest.raises(ContractBroken):
        station_rows(encoded({**V3, "last_updated": "2026-11-23T08:00:00"}), MEASURES, zone="s", time="ts")


CELLS = {
    "last_updated": "2026-11-23T08:00:00+01:00",
    "data": {"cells": [{"zone": "46.16,14.30", "vehicles": 2}, {"zone": "46.16,14.31", "vehicles": 1}]},
}


def test_vehicles_are_numbered_anew_in_each_cell() -> None:
    rows = vehicle_rows(encoded(CELLS), unit="vehicle", zone="zone", time="ts")
    assert [(row["vehicle"], row["zone"]) for row in rows] == [
        ("1", "46.16,14.30"),
        ("2", "46.16,14.30"),
        ("1", "46.16,14.31"),
    ]
    assert {row["ts"] for row in rows} == {MOMENT}


def test_a_snapshot_without_vehicles_still_says_that_somebody_looked() -> None:
    document = {**CELLS, "data": {"cells": []}}
    rows = vehicle_rows(encoded(document), unit="vehicle", zone="zone", time="ts")
    assert rows == [{"vehicle": None, "zone": None, "ts": MOMENT}]
