"""``gbfs``: a day of snapshots, none of them with an id, a gap where nothing fresh was to be had."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from source_contract import LJUBLJANA, KeptSink, SetClock, SourceContract
from way_site import Page, Site

from cityharvest import sources
from cityharvest.errors import Category, FetchTemporary, MandateInvalid, WrongCall
from cityharvest.periods import Period
from cityharvest.sources import Outcome, is_reference
from cityharvest.sources.gbfs import models
from cityharvest.states import AttemptOutcome

DAY = Period.parse("day", "2026-10-25", LJUBLJANA)  # 25 hours
NOON = DAY.start + timedelta(hours=12)
TTL_S = 120


def document(data: dict[str, Any], moment: datetime, *, version: str = "3.0", ttl_s: int = TTL_S) -> Page:
    stamp: Any = moment.isoformat() if version == "3.0" else int(moment.timestamp())
    body = {"last_updated": stamp, "ttl": ttl_s, "version": version, "data": data}
    return Page(body=json.dumps(body).encode(), content_type="application/json")


def station(bikes: Any, docks: Any, *, version: str = "3.0", **more: Any) -> dict[str, Any]:
    kind = "vehicles" if version == "3.0" else "bikes"
    return {"station_id": "S1", f"num_{kind}_available": bikes, "num_docks_available": docks, **more}


def vehicle(name: str, lat: float, lon: float, **more: Any) -> dict[str, Any]:
    return {"vehicle_id": name, "lat": lat, "lon": lon, "is_reserved": False, "is_disabled": False, **more}


class GbfsContract(SourceContract):
    name = "gbfs"
    status = "station_status"
    product = "stations"
    canaries = ("46.1234",)

    def config(self, site: Site) -> dict[str, Any]:
        return {"url": f"{site.url}/start.json", "product": self.product}

    def period(self) -> Period:
        return DAY

    def data_path(self) -> str:
        return "/files/a7"

    def offer(self, site: Site) -> None:
        self.serve(site, NOON)

    def serve(self, site: Site, moment: datetime, data: dict[str, Any] | None = None, **options: Any) -> None:
        """Serve discovery, a list of stations, and one status document."""
        feeds = [
            {"name": self.status, "url": f"{site.url}{self.data_path()}"},
            {"name": "station_information", "url": f"{site.url}/files/b9"},
        ]
        about = {
            "stations": [{"station_id": "S1", "name": [{"text": "Žiri", "language": "sl"}], "lat": 46.0, "lon": 14.0}]
        }
        site.pages["/start.json"] = document({"feeds": feeds}, moment)
        site.pages["/files/b9"] = document(about, moment)
        site.pages[self.data_path()] = document(data or self.content(), moment, **options)

    def content(self) -> dict[str, Any]:
        return {"stations": [station(4, 6)]}

    def observed(self, sink: KeptSink) -> list[dict[str, Any]]:
        """The snapshots in their order, without what only goes with the delivery."""
        return [json.loads(sink.parts[label]) for label in sorted(sink.parts) if not is_reference(label)]


class TestStations(GbfsContract):
    def test_addresses_come_from_discovery_alone(self, site: Site) -> None:
        """File names may differ from the feeds' names; nothing is put together here."""
        self.offer(site)
        self.ask(site, KeptSink())
        assert site.asked == ["/start.json", "/files/b9", "/files/a7"]

    def test_a_snapshot_is_a_small_part_of_our_own(self, site: Site) -> None:
        """Counts by station and the moment of the feed, in UTC; nothing else the feed says."""
        self.serve(
            site, NOON, {"stations": [station(4, 6, last_reported="x", rental_uris={"web": "https://a.example"})]}
        )
        sink = KeptSink()
        self.ask(site, sink)
        assert self.observed(sink) == [
            {
                "last_updated": "2026-10-25T10:00:00Z",
                "data": {"stations": [{"station_id": "S1", "num_vehicles_available": 4, "num_docks_available": 6}]},
            }
        ]
        assert json.loads(sink.parts["reference-stations"])["stations"][0]["name"] == {"sl": "Žiri"}

    @pytest.mark.parametrize("junk", [-1, 555_555, "4", True, None, 1e400])
    def test_a_count_that_is_none_is_missing_and_not_zero(self, site: Site, junk: Any) -> None:
        """Feeds write placeholders; a wrong number is worse than a gap."""
        self.serve(site, NOON, {"stations": [station(junk, 6)]})
        sink = KeptSink()
        self.ask(site, sink)
        [snapshot] = self.observed(sink)
        assert snapshot["data"]["stations"][0]["num_vehicles_available"] is None

    def test_a_station_that_is_not_installed_has_no_count(self, site: Site) -> None:
        """Its zero is that of a place in a store."""
        self.serve(site, NOON, {"stations": [station(0, 0, is_installed=False)]})
        sink = KeptSink()
        self.ask(site, sink)
        assert self.observed(sink)[0]["data"]["stations"] == []

    def test_a_feed_is_left_alone_for_its_ttl(self, site: Site) -> None:
        """And for a minute at least, whatever it says."""
        self.offer(site)
        first = self.ask(site, KeptSink(), now=NOON + timedelta(seconds=20))
        assert first.next_in_s == TTL_S - 20
        site.asked.clear()
        early = self.ask(site, KeptSink(), self.source(site, first.memory), now=NOON + timedelta(seconds=119))
        assert (early.outcome, early.next_in_s, site.asked) == (AttemptOutcome.WAITING, 1, [])
        self.serve(site, NOON, ttl_s=0)
        assert self.ask(site, KeptSink(), now=NOON).next_in_s == 60

    def test_what_has_not_changed_is_not_sent_again(self, site: Site) -> None:
        """A conditional request; discovery and stations are asked for once a day."""
        self.offer(site)
        first = self.ask(site, KeptSink())
        site.asked.clear()
        again = self.ask(site, KeptSink(), self.source(site, first.memory), now=NOON + timedelta(minutes=3))
        assert (again.outcome, site.asked) == (AttemptOutcome.UNCHANGED, ["/files/a7"])

    def test_the_same_moment_with_other_bytes_is_no_new_snapshot(self, site: Site) -> None:
        """The feed's own time says what is new."""
        self.offer(site)
        first = self.ask(site, KeptSink())
        self.serve(site, NOON, {"stations": [station(9, 9)]})
        sink = KeptSink()
        again = self.ask(site, sink, self.source(site, first.memory), now=NOON + timedelta(minutes=3))
        assert (again.outcome, sink.is_empty) == (AttemptOutcome.UNCHANGED, True)

    def test_a_stale_feed_is_a_gap_and_never_a_snapshot(self, site: Site) -> None:
        """Five minutes and its ttl behind the clock: what it says is about another time."""
        self.offer(site)
        limit = NOON + timedelta(seconds=300 + TTL_S)
        assert self.ask(site, KeptSink(), now=limit).outcome is AttemptOutcome.FETCHED
        sink = KeptSink()
        outcome = self.poll(site, sink, limit + timedelta(seconds=1))
        assert outcome.error is not None
        assert (outcome.error.code, outcome.error.category) == ("feed-stale", Category.RETRIABLE)
        assert self.observed(sink) == []

    def test_a_feed_that_becomes_stale_behind_304_is_seen(self, site: Site) -> None:
        """A server that says "unchanged" for hours has stopped as well."""
        self.offer(site)
        memory = self.ask(site, KeptSink()).memory
        outcome = self.poll(site, KeptSink(), NOON + timedelta(hours=1), memory)
        assert outcome.error is not None
        assert outcome.error.code == "feed-stale"

    def test_gaps_are_handed_in_with_the_day(self, site: Site) -> None:
        """From when to when, and why; a gap that goes on is one, a snapshot ends it."""
        sink = KeptSink()
        memory: Any = {}
        for minutes, works in ((0, True), (5, False), (10, False), (15, True), (20, False)):
            now = NOON + timedelta(minutes=minutes)
            self.serve(site, now)
            if not works:
                site.pages[self.data_path()] = Page(body=b"", status=503)
            memory = self.poll(site, sink, now, memory).memory
        last = self.poll(site, sink, DAY.end, memory)
        assert (last.outcome, last.params) == (AttemptOutcome.FETCHED, {"snapshots": 2, "gaps": 2})
        assert sink.finished == 1
        assert json.loads(sink.parts["reference-gaps"])["gaps"] == [
            {"from": "2026-10-25T10:05:00Z", "to": "2026-10-25T10:10:00Z", "code": "source-unavailable"},
            {"from": "2026-10-25T10:20:00Z", "to": "2026-10-25T10:20:00Z", "code": "source-unavailable"},
        ]

    def test_a_closed_day_stays_closed(self, site: Site) -> None:
        """Asked again it changes nothing, and another day does not open it."""
        self.offer(site)
        sink = KeptSink()
        memory = self.poll(site, sink, DAY.end, self.poll(site, sink, NOON).memory).memory
        other = self.poll(site, KeptSink(), DAY.end + timedelta(hours=1), memory, period=DAY.next()).memory
        again = self.poll(site, sink, DAY.end + timedelta(hours=2), other)
        assert (again.outcome, sink.finished) == (AttemptOutcome.UNCHANGED, 1)

    def test_a_day_without_a_snapshot_is_not_closed(self, site: Site) -> None:
        """That nothing was seen is not that nothing was there."""
        sink = KeptSink()
        outcome = self.poll(site, sink, DAY.end)
        assert (outcome.outcome, sink.finished) == (AttemptOutcome.EMPTY, 0)

    def test_a_snapshot_of_the_day_before_is_not_of_this_day(self, site: Site) -> None:
        """Just after midnight the feed still shows yesterday."""
        self.serve(site, DAY.start - timedelta(minutes=1))
        sink = KeptSink()
        outcome = self.poll(site, sink, DAY.start + timedelta(minutes=1))
        assert (outcome.outcome, self.observed(sink)) == (AttemptOutcome.UNCHANGED, [])

    def test_only_days_are_collected(self, site: Site) -> None:
        """A month of snapshots would be found out too late."""
        with pytest.raises(WrongCall):
            self.poll(site, KeptSink(), NOON, period=Period.parse("month", "2026-10", LJUBLJANA))

    def test_following_polls_until_the_day_is_over(self, site: Site) -> None:
        """Twenty-five hours on this day; it sleeps as long as the feed asks, on the source's clock."""
        clock = SetClock(DAY.start)
        sink = KeptSink()
        slept: list[float] = []
        polls: list[Outcome] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            clock.time += timedelta(seconds=seconds)
            self.serve(site, clock.time, ttl_s=1800)

        self.serve(site, DAY.start, ttl_s=1800)
        outcome = self.follow(site, sink, clock, sleep, polls.append)
        assert (outcome.outcome, outcome.params) == (AttemptOutcome.FETCHED, {"snapshots": 50, "gaps": 0})
        assert (len(self.observed(sink)), sink.finished, set(slept), len(polls)) == (50, 1, {1800.0}, 51)

    def test_following_ends_when_nothing_is_to_be_had(self, site: Site) -> None:
        """The next run goes on; a worker is not kept for a feed that is down."""
        clock = SetClock(NOON)

        def sleep(seconds: float) -> None:
            clock.time += timedelta(seconds=seconds)

        outcome = self.follow(site, KeptSink(), clock, sleep, lambda outcome: None)
        assert outcome.error is not None
        assert (outcome.error.code, outcome.error.category) == ("feed-missing", Category.RETRIABLE)
        assert clock.time == NOON + timedelta(minutes=4)

    def test_following_ends_at_once_where_a_person_must_look(self, site: Site) -> None:
        """And the gap is remembered all the same."""
        self.offer(site)
        site.pages[self.data_path()] = Page(body=b"<html>login</html>")
        polls: list[Outcome] = []
        outcome = self.follow(site, KeptSink(), SetClock(NOON), lambda seconds: None, polls.append)
        assert outcome.error is not None
        assert outcome.error.category is Category.FATAL
        assert [len(one.memory["days"][DAY.key]["gaps"]) for one in polls] == [1]

    @pytest.mark.parametrize(
        "body", [b"{}", b"[]", b"null", b"{", b'{"last_updated": "x", "data": {}}', b'{"last_updated": 1, "data": 1}']
    )
    def test_a_document_that_is_none_is_a_gap(self, site: Site, body: bytes) -> None:
        """The operator may have repaired it by the next poll."""
        self.offer(site)
        site.pages[self.data_path()] = Page(body=body)
        self.fails(site, "feed-invalid", Category.RETRIABLE)

    def test_a_broken_list_of_stations_costs_no_snapshot(self, site: Site) -> None:
        """The counts are worth more than the names."""
        self.offer(site)
        site.pages["/files/b9"] = Page(body=b"{}")
        sink = KeptSink()
        self.ask(site, sink)
        assert len(self.observed(sink)) == 1

    @pytest.mark.parametrize(
        ("key", "value"), [("product", "trips"), ("grid_degrees", 0), ("grid_degrees", 2), ("language", "sl; rm")]
    )
    def test_a_value_outside_the_schema_is_refused(self, site: Site, key: str, value: Any) -> None:
        with pytest.raises(MandateInvalid) as caught:
            sources.get("gbfs").validate_config({**self.config(site), key: value})
        assert [one["field"] for one in caught.value.problems] == [f"config.{key}"]

    def poll(self, site: Site, sink: KeptSink, now: datetime, memory: Any = None, period: Period = DAY) -> Outcome:
        """Fetch once; an error that is told is returned."""
        source = self.source(site, json.loads(json.dumps(memory or {})))
        return sources.get("gbfs").fetch(source, period, fetcher=self.fetcher(site), clock=SetClock(now), sink=sink)

    def follow(
        self,
        site: Site,
        sink: KeptSink,
        clock: SetClock,
        sleep: Callable[[float], None],
        on_poll: Callable[[Outcome], None],
    ) -> Outcome:
        return sources.get("gbfs").follow(
            self.source(site), DAY, fetcher=self.fetcher(site), clock=clock, sink=sink, sleep=sleep, on_poll=on_poll
        )


class TestFreeFloating(GbfsContract):
    status = "vehicle_status"
    product = "free_floating"
    canaries = ("scooter-77", "scooter-78", "46.1234", "14.3456")

    def content(self) -> dict[str, Any]:
        return {
            "vehicles": [
                vehicle("scooter-77", 46.1234, 14.3456),
                vehicle("scooter-77", 46.1234, 14.3456),
                vehicle("scooter-78", 46.1299, 14.3401),
                vehicle("scooter-79", 46.1234, 14.3456, is_reserved=True),
                vehicle("scooter-80", 46.1234, 14.3456, is_disabled=True),
                vehicle("scooter-81", 46.1234, 14.3456, station_id="S1"),
                {"vehicle_id": "scooter-82", "is_reserved": False, "is_disabled": False},
                vehicle("scooter-83", 46.2, 14.3),
            ]
        }

    def test_only_counts_per_cell_are_kept(self, site: Site) -> None:
        """Vehicles for hire, each once; no id, no position, in any part."""
        self.offer(site)
        sink = KeptSink()
        self.ask(site, sink)
        assert self.observed(sink) == [
            {
                "last_updated": "2026-10-25T10:00:00Z",
                "data": {"cells": [{"zone": "46.12,14.34", "vehicles": 2}, {"zone": "46.20,14.30", "vehicles": 1}]},
            }
        ]
        kept = b"".join(sink.parts.values()).decode()
        assert "scooter" not in kept
        assert "46.1234" not in kept

    def test_two_snapshots_cannot_be_joined(self, site: Site) -> None:
        """A feed that does not rotate its ids leaves the same trace as one that does."""
        kept = []
        for prefix in ("fixed", "rotated"):
            self.serve(site, NOON, {"vehicles": [vehicle(f"{prefix}-{n}", 46.1 + n, 14.3) for n in range(3)]})
            sink = KeptSink()
            self.ask(site, sink)
            kept.append(sink.parts)
        assert kept[0] == kept[1]

    def test_a_snapshot_without_vehicles_is_a_snapshot(self, site: Site) -> None:
        """Somebody looked and saw none."""
        self.serve(site, NOON, {"vehicles": []})
        sink = KeptSink()
        assert self.ask(site, sink).outcome is AttemptOutcome.FETCHED
        assert self.observed(sink)[0]["data"] == {"cells": []}


@pytest.mark.parametrize(
    ("latitude", "longitude", "degrees", "name"),
    [
        (46.167, 14.306, 0.01, "46.16,14.30"),
        (46.16, 14.3, 0.01, "46.16,14.30"),
        (-0.001, 0.001, 0.01, "-0.01,0.00"),
        (46.5, 14.5, 0.5, "46.5,14.5"),
        (46.51, 14.5, 1, "46,14"),
    ],
)
def test_a_cell_is_named_by_its_south_west_corner(latitude: float, longitude: float, degrees: float, name: str) -> None:
    assert models.grid_cell(latitude, longitude, degrees) == name


@pytest.mark.parametrize("position", [(91, 0), (0, 181), ("46", 14), (None, 14), (True, 1)])
def test_a_position_that_is_none_has_no_cell(position: tuple[Any, Any]) -> None:
    with pytest.raises(ValueError, match="no position"):
        models.grid_cell(*position, 0.01)


class TestSamples:
    """Real documents of two versions, as they were captured."""

    def sample(self, folder: Path, name: str) -> models.Document:
        return models.document((folder / "gbfs" / "samples" / f"{name}.json").read_bytes(), "sample")

    @pytest.mark.parametrize(
        ("version", "moment", "feeds"),
        [
            (
                "2.2",
                datetime(2021, 1, 5, 17, 4, 7, tzinfo=UTC),
                {"station_status", "station_information", "free_bike_status"},
            ),
            (
                "3.0",
                datetime(2023, 7, 17, 11, 34, 13, tzinfo=UTC),
                {"station_status", "station_information", "vehicle_status"},
            ),
        ],
    )
    def test_discovery_of_both_versions(
        self, fixtures_dir: Path, version: str, moment: datetime, feeds: set[str]
    ) -> None:
        found = self.sample(fixtures_dir, f"gbfs.{version}")
        assert (found.last_updated, found.version) == (moment, version)
        assert set(models.feed_urls(found, None, "sample")) == feeds
        assert set(models.feed_urls(found, "en", "sample")) == feeds
        assert set(models.feed_urls(found, "sl", "sample")) == feeds

    @pytest.mark.parametrize("version", ["2.2", "3.0"])
    def test_counts_of_both_versions(self, fixtures_dir: Path, version: str) -> None:
        states = models.station_states(self.sample(fixtures_dir, f"station_status.{version}"), "sample")
        assert [(one.bikes_available, one.docks_available) for one in states[:2]] == [(1, 3), (6, 8)]
        # The third station of the older sample holds 555555 and 999999.
        assert [(one.bikes_available, one.docks_available) for one in states[2:]] == [(None, None)] * (version == "2.2")

    @pytest.mark.parametrize(
        ("version", "name"), [("2.2", {"und": "Parking garage A"}), ("3.0", {"en": "Parking garage A"})]
    )
    def test_names_of_both_versions(self, fixtures_dir: Path, version: str, name: dict[str, str]) -> None:
        first = models.stations(self.sample(fixtures_dir, f"station_information.{version}"), "sample")[0]
        assert (first.station_id, first.name, first.latitude) == ("pga", name, 12.345678)

    @pytest.mark.parametrize(
        ("name", "cells"), [("free_bike_status.2.2", {"12.34,56.78": 1}), ("vehicle_status.3.0", {})]
    )
    def test_vehicles_of_both_versions(self, fixtures_dir: Path, name: str, cells: dict[str, int]) -> None:
        """In the newer sample one vehicle is disabled and the other one reserved at a station."""
        assert models.parked_in_cells(self.sample(fixtures_dir, name), 0.01, "sample") == cells


def test_an_error_of_a_document_quotes_nothing_of_it() -> None:
    """A feed may hold an id; the report may not."""
    with pytest.raises(FetchTemporary) as caught:
        models.document(b'{"last_updated": "scooter-77", "data": {}}', "https://example.org/x")
    assert "scooter" not in str(caught.value)
