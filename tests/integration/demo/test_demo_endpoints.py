"""The demo's endpoints over real HTTP on loopback."""

from __future__ import annotations

import hashlib
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "deployment"))

from demo.meters import write_month
from demo.months import Month
from demo.region import Zone
from demo.replay import ReplayClock
from demo.serve import Demo, Shelf

NOW = datetime(2026, 11, 24, 16, 2, 30, tzinfo=UTC)
ZONES = (Zone(name="Godešič", longitude=14.3, latitude=46.1, meter_count=2),)


def _small(folder, month):
    path = folder / f"{month.key}.csv"
    return path if path.exists() else write_month(folder, month, zones=ZONES)


@pytest.fixture
def demo(tmp_path):
    server = Demo(0, Shelf(tmp_path / "meter", _small), ReplayClock(tmp_path / "clock.json", NOW), now=lambda: NOW)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_it_listens_on_loopback_only(demo):
    assert demo.server_address[0] == "127.0.0.1"


def test_a_month_and_its_checksum_agree(demo):
    body = requests.get(f"{demo.url}/meter/2026-10.csv", timeout=10).content
    stated = requests.get(f"{demo.url}/meter/2026-10.csv.sha256", timeout=10).text.split()[0]
    assert hashlib.sha256(body).hexdigest() == stated
    assert body.count(b"\n") == 1 + 2 * (31 * 96 + 4)


@pytest.mark.parametrize(
    "path", ["/meter/2026-11.csv", "/meter/2026-13.csv", "/meter/2020-01.csv", "/gbfs/nothing.json", "/../x"]
)
def test_what_is_not_offered_is_not_found(demo, path):
    assert requests.get(demo.url + path, timeout=10).status_code == 404


@pytest.mark.parametrize("path", ["/meter/2026-10.csv", "/gbfs/gbfs.json", "/gbfs/2.3/station_information.json"])
def test_a_client_that_has_the_content_is_told_so(demo, path):
    first = requests.get(demo.url + path, timeout=10)
    again = requests.get(demo.url + path, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_all_feeds_that_discovery_names_answer(demo):
    named = requests.get(f"{demo.url}/gbfs/gbfs.json", timeout=10).json()["data"]["feeds"]
    old = requests.get(f"{demo.url}/gbfs/2.3/gbfs.json", timeout=10).json()["data"]["sl"]["feeds"]
    assert len(named) == len(old) == 4
    for feed in [*named, *old]:
        assert requests.get(feed["url"], timeout=10).status_code == 200


def test_reading_the_status_moves_the_clock_and_a_head_request_does_not(demo):
    def clock():
        return datetime.fromisoformat(requests.get(f"{demo.url}/clock", timeout=10).json()["now"])

    start = clock()
    requests.head(f"{demo.url}/gbfs/station_status.json", timeout=10)
    requests.get(f"{demo.url}/gbfs/station_information.json", timeout=10)
    assert clock() == start
    requests.get(f"{demo.url}/gbfs/station_status.json", timeout=10)
    assert clock() == start + timedelta(seconds=300)


def test_files_of_months_no_longer_offered_are_dropped(tmp_path):
    shelf = Shelf(tmp_path, _small)
    shelf.file(Month.parse("2026-09"), NOW)
    shelf.fill(NOW)
    assert shelf.ready() == ["2026-09", "2026-10"]
    shelf.fill(NOW + timedelta(days=10))
    assert shelf.ready() == ["2026-10", "2026-11"]
    assert not (tmp_path / "2026-09.csv.sha256").exists()
