"""Rule: a source's time is the machine's, or that of an address the operator listed; nobody else sets a clock."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cityharvest.clock import ReplayClock, SystemClock, clock_for
from cityharvest.errors import FetchRefused, FetchTemporary
from cityharvest.fetch import Fetcher, FetchPolicy

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from way_site import Page, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def fetcher(site: Site) -> Fetcher:
    return Fetcher(FetchPolicy(allowed_private=frozenset({site.host_port}), deadline_s=10))


def replay(site: Site, body: bytes) -> ReplayClock:
    site.pages["/clock"] = Page(body=body)
    return ReplayClock(f"{site.url}/clock", fetcher(site))


def test_a_source_without_a_clock_has_the_machines() -> None:
    """And waits its seconds in full."""
    clock = clock_for({}, Fetcher())
    assert isinstance(clock, SystemClock)
    assert clock.now().tzinfo is UTC
    assert (clock.pause_s(90), clock.pause_s(-1)) == (90, 0)


def test_a_replayed_moment_is_read_as_utc(site: Site) -> None:
    clock = replay(site, b'{"now": "2026-11-23T00:05:00+01:00", "ttl": 300}')
    assert clock.now() == datetime(2026, 11, 22, 23, 5, tzinfo=UTC)


def test_a_replayed_clock_moves_when_it_is_used(site: Site) -> None:
    """Waiting would not move it; once it shows the true time it is waited for like any other."""
    clock = replay(site, b'{"now": "2026-11-23T00:05:00+01:00"}')
    clock.now()
    assert clock.pause_s(300) == 1
    site.pages["/clock"] = Page(body=b'{"now": "2026-11-23T00:05:00+01:00", "live": true}')
    clock.now()
    assert clock.pause_s(300) == 300


@pytest.mark.parametrize(
    "url", ["https://example.org/clock", "http://127.0.0.1:1/clock", "http://127.0.0.1.example.org/clock"]
)
def test_a_clock_that_the_operator_did_not_list_is_refused_unasked(site: Site, url: str) -> None:
    """Whoever sets the clock decides what is fresh and which day it is."""
    with pytest.raises(FetchRefused) as caught:
        clock_for({"clock_url": url}, fetcher(site))
    assert caught.value.code == "clock-refused"


def test_another_port_of_a_listed_host_is_refused(site: Site) -> None:
    with pytest.raises(FetchRefused):
        clock_for({"clock_url": f"http://127.0.0.1:{site.port + 1 if site.port < 65_535 else 1}/"}, fetcher(site))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"now": 5}', b'{"now": "noon"}', b'{"now": "2026-11-23T00:05:00"}']
)
def test_something_else_than_a_moment_is_temporary(site: Site, body: bytes) -> None:
    """Without an offset nobody knows which moment is meant."""
    with pytest.raises(FetchTemporary) as caught:
        replay(site, body).now()
    assert caught.value.code == "clock-unreadable"
