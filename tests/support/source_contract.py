"""What every kind of source promises, as tests to inherit; and the stand-ins for what a stage hands to a source."""

from __future__ import annotations

import hashlib
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from way_site import Page, Site

from cityharvest import messages, sources
from cityharvest.errors import Category, HarvestError, MandateInvalid, ReceiveRefused
from cityharvest.fetch import Fetcher, FetchPolicy
from cityharvest.periods import Period
from cityharvest.records import Source
from cityharvest.seal import ByteReader
from cityharvest.sources import Outcome
from cityharvest.states import AttemptOutcome

LJUBLJANA = "Europe/Ljubljana"
NOT_HTTP = [
    "/etc/passwd",
    "data/file.csv",
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "ftp://example.org/x",
    "gopher://example.org/",
    "data:text/plain,x",
    " https://example.org/x",
    "https://user:secret@example.org/x",
    "https://example.org\\@127.0.0.1/x",
]


class KeptSink:
    """Keeps what a source hands in, as the quarantine would; what breaks off leaves nothing."""

    def __init__(self) -> None:
        self.file: bytes | None = None
        self.parts: dict[str, bytes] = {}
        self.finished = 0

    def receive(self, stream: ByteReader, *, filename: str | None, expected_sha256: str | None) -> None:
        content = b"".join(iter(lambda: stream.read(1000), b""))
        if expected_sha256 is not None and hashlib.sha256(content).hexdigest() != expected_sha256:
            raise ReceiveRefused("checksum-mismatch")
        self.file = content

    def append(self, stream: ByteReader, *, label: str, filename: str) -> None:
        self.parts.setdefault(label, b"".join(iter(lambda: stream.read(1000), b"")))

    def finish(self) -> None:
        self.finished += 1

    @property
    def is_empty(self) -> bool:
        return self.file is None and not self.parts and not self.finished


class SetClock:
    """A clock that stands until it is set."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def pause_s(self, wait_s: float) -> float:
        return wait_s


class SourceContract(ABC):
    """Inherit this, say what the kind needs, and add the kind's own tests."""

    name: ClassVar[str]
    #: What the served content holds and nobody but the sealed file may: never in memory, outcomes or logs.
    canaries: ClassVar[tuple[str, ...]]

    @abstractmethod
    def config(self, site: Site) -> dict[str, Any]:
        """A valid configuration."""

    @abstractmethod
    def period(self) -> Period:
        """The period to ask for."""

    @abstractmethod
    def offer(self, site: Site) -> None:
        """Let the site serve something to take in."""

    @abstractmethod
    def data_path(self) -> str:
        """The path of the data itself."""

    def moment(self) -> datetime:
        """When a source is asked."""
        return self.period().start + timedelta(hours=12)

    def source(self, site: Site, memory: Mapping[str, Any] | None = None, **config: Any) -> Source:
        return Source(
            id="s",
            mandate_id="m",
            kind=self.name,
            config={**self.config(site), **config},
            enabled=True,
            memory=memory or {},
            next_run_at=None,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )

    def fetcher(self, site: Site, **policy: Any) -> Fetcher:
        return Fetcher(FetchPolicy(**{"allowed_private": frozenset({site.host_port}), "deadline_s": 10.0, **policy}))

    def ask(
        self, site: Site, sink: KeptSink, source: Source | None = None, *, now: datetime | None = None, **policy: Any
    ) -> Outcome:
        """Fetch once; an error that is told is raised here as well, so that both ways are one."""
        outcome = sources.get(self.name).fetch(
            source or self.source(site),
            self.period(),
            fetcher=self.fetcher(site, **policy),
            clock=SetClock(now or self.moment()),
            sink=sink,
        )
        if outcome.error is not None:
            raise outcome.error
        return outcome

    def fails(self, site: Site, code: str, category: Category, **policy: Any) -> HarvestError:
        """Fetch and see the error; nothing may have reached the sink."""
        sink = KeptSink()
        with pytest.raises(HarvestError) as caught:
            self.ask(site, sink, **policy)
        assert (caught.value.code, caught.value.category) == (code, category)
        assert sink.file is None
        assert not [label for label in sink.parts if not sources.is_reference(label)]
        for lang in messages.LANGUAGES:
            assert "{" not in messages.text(code, caught.value.params, lang)
        return caught.value

    # -- configuration

    def test_a_valid_configuration_is_accepted(self, site: Site) -> None:
        sources.get(self.name).validate_config(self.config(site))

    def test_an_unknown_key_is_refused(self, site: Site) -> None:
        """A misspelled key must not be ignored, and a secret has no key to stand in: every value is public."""
        with pytest.raises(MandateInvalid) as caught:
            sources.get(self.name).validate_config({**self.config(site), "token": "secret"})
        assert [(one["code"], one["field"]) for one in caught.value.problems] == [
            ("config-key-unknown", "config.token")
        ]
        assert "secret" not in json.dumps(caught.value.as_dict())

    def test_nothing_is_configured_by_nothing(self) -> None:
        with pytest.raises(MandateInvalid) as caught:
            sources.get(self.name).validate_config({})
        assert {one["code"] for one in caught.value.problems} == {"config-key-missing"}

    @pytest.mark.parametrize("address", NOT_HTTP)
    def test_an_address_that_is_not_plainly_http_is_refused(self, site: Site, address: str) -> None:
        """At validation, and again when it is fetched: a row of the ledger may be older than the rule."""
        config = {**self.config(site), "url": address + ("/{period}" if "{period}" in self.config(site)["url"] else "")}
        with pytest.raises(MandateInvalid) as caught:
            sources.get(self.name).validate_config(config)
        assert "secret" not in json.dumps(caught.value.as_dict())
        with pytest.raises(HarvestError) as fetched:
            self.ask(site, KeptSink(), self.source(site, url=config["url"]))
        assert fetched.value.category is Category.FATAL

    @pytest.mark.parametrize("value", [1, None, "", ["https://example.org"], {}])
    def test_a_value_of_another_type_is_refused(self, site: Site, value: Any) -> None:
        with pytest.raises(MandateInvalid):
            sources.get(self.name).validate_config({**self.config(site), "url": value})

    # -- fetching

    def test_what_is_offered_is_taken_in(self, site: Site) -> None:
        self.offer(site)
        sink = KeptSink()
        assert self.ask(site, sink).outcome is AttemptOutcome.FETCHED
        assert not sink.is_empty

    def test_a_second_run_changes_nothing(self, site: Site) -> None:
        """Whatever was learnt comes back as memory; then nothing is handed in again."""
        self.offer(site)
        first = self.ask(site, KeptSink())
        sink = KeptSink()
        second = self.ask(
            site,
            sink,
            self.source(site, json.loads(json.dumps(first.memory))),
            now=self.moment() + timedelta(minutes=4),
        )
        assert second.outcome is AttemptOutcome.UNCHANGED
        assert sink.is_empty

    def test_a_run_without_memory_hands_in_the_same(self, site: Site) -> None:
        """A kill before the memory was kept costs a transfer, not a duplicate: labels and bytes are the same."""
        self.offer(site)
        sinks = (KeptSink(), KeptSink())
        for sink in sinks:
            self.ask(site, sink)
        assert (sinks[0].file, sinks[0].parts) == (sinks[1].file, sinks[1].parts)

    def test_a_period_that_has_not_begun_is_waited_for(self, site: Site) -> None:
        self.offer(site)
        outcome = self.ask(site, KeptSink(), now=self.period().start - timedelta(minutes=1))
        assert outcome.outcome is AttemptOutcome.WAITING
        assert site.asked == []

    @pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
    def test_a_server_in_trouble_is_asked_again(self, site: Site, status: int) -> None:
        self.offer(site)
        site.pages[self.data_path()] = Page(body=b"busy", status=status)
        self.fails(site, "source-unavailable", Category.RETRIABLE)

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_a_server_that_refuses_needs_a_person(self, site: Site, status: int) -> None:
        self.offer(site)
        site.pages[self.data_path()] = Page(body=b"no", status=status)
        self.fails(site, "source-refuses", Category.FATAL)

    @pytest.mark.parametrize("body", [b"<!DOCTYPE html><title>Login</title>", b"\n <html><body>error</body></html>"])
    def test_a_web_page_instead_of_data_needs_a_person(self, site: Site, body: bytes) -> None:
        """A login form comes with status 200."""
        self.offer(site)
        site.pages[self.data_path()] = Page(body=body, content_type="text/plain")
        self.fails(site, "html-instead-of-data", Category.FATAL)

    def test_a_transfer_that_breaks_off_is_tried_again(self, site: Site) -> None:
        self.offer(site)
        page = site.pages[self.data_path()]
        assert isinstance(page, Page)
        site.pages[self.data_path()] = replace(page, lost=100)
        self.fails(site, "body-truncated", Category.RETRIABLE)

    def test_a_body_beyond_the_limit_is_refused(self, site: Site) -> None:
        self.offer(site)
        page = site.pages[self.data_path()]
        assert isinstance(page, Page)
        site.pages[self.data_path()] = replace(page, body=page.body + b" " * 200_000)
        self.fails(site, "body-too-large", Category.FATAL, max_bytes=150_000)

    def test_a_private_address_is_not_called(self, site: Site) -> None:
        """Only the operator's list lets it pass."""
        self.offer(site)
        self.fails(site, "address-private", Category.FATAL, allowed_private=frozenset())
        assert site.asked == []

    # -- what stays inside

    def test_memory_is_plain_json(self, site: Site) -> None:
        self.offer(site)
        memory = self.ask(site, KeptSink()).memory
        assert json.loads(json.dumps(memory)) == memory

    def test_nothing_of_the_content_is_remembered_told_or_logged(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Identifiers live in the sealed file, or nowhere."""
        self.offer(site)
        with caplog.at_level(logging.DEBUG):
            outcome = self.ask(site, KeptSink())
        seen = json.dumps(outcome.memory) + repr(outcome) + caplog.text
        assert not [canary for canary in self.canaries if canary in seen]
