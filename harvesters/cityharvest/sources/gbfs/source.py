"""The poller: discovery, one snapshot per poll, the end of the day. Glue between the models and a sink."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from cityharvest.clock import Clock
from cityharvest.errors import Category, FetchGone, FetchRefused, FetchTemporary, WrongCall
from cityharvest.fetch import Fetcher, redacted
from cityharvest.periods import Cadence, Period
from cityharvest.records import Source
from cityharvest.sources.base import OnPoll, Outcome, Sink, Sleep
from cityharvest.sources.config import check_config
from cityharvest.sources.gbfs import models, parts
from cityharvest.sources.gbfs.memory import Memory
from cityharvest.states import AttemptOutcome

STATIONS: Final = "stations"
FREE_FLOATING: Final = "free_floating"
#: The specification: a feed is asked again after its ttl; we add that nobody is asked more often than each minute.
LEAST_POLL_S: Final = 60
#: The specification: near-real-time feeds are at most five minutes old.
FRESH_S: Final = 300
MOST_BYTES: Final = 32 * 1024**2
#: So many polls in a row that got nothing end the following; the next run goes on.
MOST_FAILURES: Final = 5
#: Status feed of each product, newest name first.
STATUS_FEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    STATIONS: ("station_status",),
    FREE_FLOATING: ("vehicle_status", "free_bike_status"),
}

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "minLength": 1, "description": "https://…/gbfs.json"},
        "product": {"type": "string", "enum": [STATIONS, FREE_FLOATING], "description": f"{STATIONS}, {FREE_FLOATING}"},
        "language": {"type": "string", "pattern": "^[A-Za-z-]{2,12}$", "description": "sl, en …"},
        "grid_degrees": {"type": "number", "minimum": 0.001, "maximum": 1, "description": "0.001–1"},
        "clock_url": {"type": "string", "minLength": 1, "description": "http://…"},
    },
}
GRID_DEGREES: Final = 0.01


class GbfsSource:
    """The kind ``gbfs``. See the package for why nothing personal is kept."""

    kind: ClassVar[str] = "gbfs"
    replaceable: ClassVar[bool] = False

    def validate_config(self, config: Mapping[str, Any]) -> None:
        """Judge a configuration; see ``SourceKind``."""
        check_config(config, SCHEMA, urls=("url", "clock_url"))

    def fetch(self, source: Source, period: Period, *, fetcher: Fetcher, clock: Clock, sink: Sink) -> Outcome:
        """Poll once, if the feed may be asked; after the day's end close the delivery."""
        if period.cadence is not Cadence.DAY:
            raise WrongCall("period-not-a-day", period=period.key)
        memory, now = Memory.of(source.memory, period.key), clock.now()
        if now < period.start:
            return Outcome(outcome=AttemptOutcome.WAITING, memory=memory.as_dict())
        if now >= period.end:
            return _finish(memory, sink)
        wait_s = memory.wait_s(now)
        if wait_s > 0:
            return Outcome(outcome=AttemptOutcome.WAITING, memory=memory.as_dict(), next_in_s=wait_s)
        try:
            return _Poll(source, period, fetcher, sink, now).run(memory)
        except (FetchTemporary, FetchRefused) as error:
            # Told, not raised: the gap must be remembered. A refusal ends the following, a person must look.
            memory = replace(memory.with_gap(now, error.code), next_poll=_later(now, LEAST_POLL_S), feeds={})
            again = LEAST_POLL_S if error.category is Category.RETRIABLE else None
            return Outcome(outcome=None, error=error, memory=memory.as_dict(), next_in_s=again)

    def follow(
        self,
        source: Source,
        period: Period,
        *,
        fetcher: Fetcher,
        clock: Clock,
        sink: Sink,
        sleep: Sleep,
        on_poll: OnPoll,
    ) -> Outcome:
        """Poll as often as the feed allows until the day is over on the clock, or nothing is to be had any more."""
        failures = 0
        while True:
            outcome = self.fetch(source, period, fetcher=fetcher, clock=clock, sink=sink)
            on_poll(outcome)
            source = replace(source, memory=outcome.memory)
            failures = failures + 1 if outcome.error is not None else 0
            if outcome.next_in_s is None or failures >= MOST_FAILURES:
                return outcome
            wait_s = Memory.of(outcome.memory, period.key).wait_s(clock.now())
            if wait_s > 0:
                sleep(clock.pause_s(wait_s))


class _Poll:
    """One poll at one moment."""

    def __init__(self, source: Source, period: Period, fetcher: Fetcher, sink: Sink, now: datetime) -> None:
        self._config = source.config
        self._product = str(source.config.get("product", STATIONS))
        self._status_name = STATUS_FEEDS[self._product][0]
        self._period = period
        self._fetcher = fetcher
        self._sink = sink
        self._now = now

    def run(self, memory: Memory) -> Outcome:
        """Get the status feed and append the snapshot, unless it is old news."""
        if not memory.feeds:
            memory = self._reference(replace(memory, feeds=self._discover()))
        url = next((memory.feeds[name] for name in STATUS_FEEDS[self._product] if name in memory.feeds), None)
        if url is None:
            raise FetchTemporary("feed-missing", name=self._status_name)
        memory, status = self._status(memory, url)
        updated = status.last_updated if status else models.moment(memory.last_updated)
        ttl_s = status.ttl_s if status else memory.ttl_s
        age_s = (self._now - updated).total_seconds()
        wait_s = max(ttl_s - max(age_s, 0), LEAST_POLL_S)
        known = memory.last_updated == parts.stamp(updated)
        memory = replace(memory, ttl_s=ttl_s, next_poll=_later(self._now, wait_s))
        if age_s > FRESH_S + ttl_s:
            error = FetchTemporary("feed-stale", minutes=round(age_s / 60), url=redacted(url))
            memory = memory.with_gap(self._now, error.code)
            return Outcome(outcome=None, error=error, memory=memory.as_dict(), next_in_s=wait_s)
        if status is None or known or not self._period.start <= updated < self._period.end:
            return Outcome(outcome=AttemptOutcome.UNCHANGED, memory=memory.as_dict(), next_in_s=wait_s)
        self._append(status, redacted(url))
        memory = replace(memory, last_updated=parts.stamp(updated), snapshots=memory.snapshots + 1)
        return Outcome(outcome=AttemptOutcome.FETCHED, memory=memory.as_dict(), next_in_s=wait_s)

    def _append(self, status: models.Document, url: str) -> None:
        moment = status.last_updated
        if self._product == STATIONS:
            content = parts.stations_part(moment, models.station_states(status, url))
        else:
            degrees = float(self._config.get("grid_degrees", GRID_DEGREES))
            content = parts.cells_part(moment, models.parked_in_cells(status, degrees, url))
        label = parts.snapshot_label(moment)
        self._sink.append(io.BytesIO(content), label=label, filename=f"{label}.json")

    def _discover(self) -> dict[str, str]:
        url = self._config["url"]
        try:
            found = self._get(url)
        except FetchGone as error:
            raise FetchTemporary("feed-missing", name="gbfs") from error
        return models.feed_urls(found, self._config.get("language"), redacted(url))

    def _reference(self, memory: Memory) -> Memory:
        """Keep the day's list of stations; a feed without stations has none, and that is no error."""
        url = memory.feeds.get("station_information")
        if url is None or self._product != STATIONS:
            return memory
        try:
            found = self._get(url)
            content = parts.reference_part(found.last_updated, models.stations(found, redacted(url)))
        except (FetchGone, FetchTemporary):
            return memory  # the counts are worth more than the names
        self._sink.append(io.BytesIO(content), label=parts.STATIONS_LABEL, filename="stations.json")
        return memory

    def _status(self, memory: Memory, url: str) -> tuple[Memory, models.Document | None]:
        """Return the status document, or None where the feed says that nothing changed."""
        known = memory.validators if memory.last_updated else {}
        etag, last_modified = known.get("etag"), known.get("last_modified")
        try:
            response = self._fetcher.get(url, etag=etag, last_modified=last_modified, max_bytes=MOST_BYTES)
        except FetchGone as error:
            raise FetchTemporary("feed-missing", name=self._status_name) from error
        with response:
            if response.not_modified:
                return memory, None
            status = models.document(response.body(), response.url)
            told = {"etag": response.etag, "last_modified": response.last_modified}
        return replace(memory, validators={name: value for name, value in told.items() if value}), status

    def _get(self, url: str) -> models.Document:
        with self._fetcher.get(url, max_bytes=MOST_BYTES) as response:
            return models.document(response.body(), response.url)


def _finish(memory: Memory, sink: Sink) -> Outcome:
    """Close the day. A day without any snapshot stays open: that nothing was seen is not that nothing was there."""
    if memory.is_closed:
        return Outcome(outcome=AttemptOutcome.UNCHANGED, memory=memory.as_dict())
    if not memory.snapshots:
        return Outcome(outcome=AttemptOutcome.EMPTY, memory=memory.as_dict())
    if memory.gaps:
        content = parts.gaps_part(memory.gaps)
        sink.append(io.BytesIO(content), label=parts.GAPS_LABEL, filename="gaps.json")
    sink.finish()
    params = {"snapshots": memory.snapshots, "gaps": len(memory.gaps)}
    closed = replace(memory, is_closed=True)
    return Outcome(outcome=AttemptOutcome.FETCHED, memory=closed.as_dict(), params=params)


def _later(now: datetime, seconds: float) -> str:
    return parts.stamp(now + timedelta(seconds=seconds))
