"""``meter_drop``: one file per period over HTTP(S), with a checksum file that says that it is complete.

The checksum file is written last by the company, so a file without one is still being written and is not read. The
body goes to the sink while it arrives, is compared with the checksum there, and is never held here. A period whose
checksum is the one already taken in is not downloaded again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import basename
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from cityharvest.clock import Clock
from cityharvest.errors import FetchGone, FetchRefused
from cityharvest.fetch import Fetcher, Response, redacted
from cityharvest.periods import Period
from cityharvest.records import Source
from cityharvest.sources.base import OnPoll, Outcome, Sink, Sleep
from cityharvest.sources.config import check_config, filled
from cityharvest.states import AttemptOutcome

ACCEPTED: Final = 202
CHECKSUM_BYTES: Final = 65_536
#: So many periods are remembered; older ones are settled.
REMEMBERED: Final = 24
_LINE: Final = re.compile(r"([0-9A-Fa-f]{64})(?:[ \t]+\*?(.+))?")
_HTML_STARTS: Final = (b"<!doctype html", b"<html", b"<head")
_HTML_TYPES: Final = ("text/html", "application/xhtml+xml")
_PEEK_BYTES: Final = 65_536

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["url", "checksum_url"],
    "properties": {
        "url": {"type": "string", "minLength": 1, "description": "https://…{period}…"},
        "checksum_url": {"type": "string", "minLength": 1, "description": "https://…{period}…"},
        "max_bytes": {"type": "integer", "minimum": 1, "description": "1, 2, 3 …"},
        "clock_url": {"type": "string", "minLength": 1, "description": "http://…"},
    },
}


class MeterDrop:
    """The kind ``meter_drop``."""

    kind: ClassVar[str] = "meter_drop"
    replaceable: ClassVar[bool] = True

    def validate_config(self, config: Mapping[str, Any]) -> None:
        """Judge a configuration; see ``SourceKind``."""
        check_config(config, SCHEMA, urls=("clock_url",), templates=("url", "checksum_url"))

    def fetch(self, source: Source, period: Period, *, fetcher: Fetcher, clock: Clock, sink: Sink) -> Outcome:
        """Take in the period's file if it is there, complete, and not the one already taken in."""
        memory = dict(source.memory)
        if clock.now() < period.start:
            return Outcome(outcome=AttemptOutcome.WAITING, memory=memory)
        url = filled(source.config["url"], period.key)
        expected = self._checksum(source, period, fetcher, basename(urlsplit(url).path))
        known = dict(memory.get("taken", {}))
        if expected is not None and known.get(period.key) == expected:
            return Outcome(outcome=AttemptOutcome.UNCHANGED, memory=memory)
        try:
            response = fetcher.get(url, max_bytes=source.config.get("max_bytes"))
        except FetchGone:
            return Outcome(outcome=AttemptOutcome.ABSENT, memory=memory)
        with response:
            if response.status == ACCEPTED or expected is None:
                return Outcome(outcome=AttemptOutcome.WAITING, memory=memory)
            body = _Peeked(response)
            if not body.first:
                return Outcome(outcome=AttemptOutcome.EMPTY, memory=memory)
            _refuse_html(response, body.first)
            sink.receive(body, filename=basename(urlsplit(url).path) or None, expected_sha256=expected)
            known[period.key] = expected
        memory["taken"] = dict(sorted(known.items())[-REMEMBERED:])
        params = {"bytes": response.read_bytes}
        return Outcome(outcome=AttemptOutcome.FETCHED, memory=memory, params=params)

    def follow(
        self,
        source: Source,
        period: Period,
        *,
        fetcher: Fetcher,
        clock: Clock,
        sink: Sink,
        sleep: Sleep,  # noqa: ARG002 - one file, nothing to wait for
        on_poll: OnPoll,
    ) -> Outcome:
        """Fetch once: there is one file."""
        outcome = self.fetch(source, period, fetcher=fetcher, clock=clock, sink=sink)
        on_poll(outcome)
        return outcome

    def _checksum(self, source: Source, period: Period, fetcher: Fetcher, name: str) -> str | None:
        """Return the hash that the company states for the file, or None while it states none."""
        url = filled(source.config["checksum_url"], period.key)
        try:
            with fetcher.get(url, max_bytes=CHECKSUM_BYTES) as response:
                if response.status == ACCEPTED:
                    return None
                body = response.body()
                _refuse_html(response, body)
        except FetchGone:
            return None
        return checksum_of(body, name, url)


def checksum_of(body: bytes, name: str, url: str) -> str:
    """Return the hash that a checksum file states: bare, or ``hash  name`` (one line per file).

    Raises:
        FetchRefused: ``checksum-unreadable``.
    """
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    stated = [match.groups() for line in lines if (match := _LINE.fullmatch(line))]
    named = [digest for digest, other in stated if other is not None and basename(other) == name]
    bare = [digest for digest, other in stated if other is None or len(stated) == 1]
    if len(stated) != len(lines) or not (named or bare):
        raise FetchRefused("checksum-unreadable", url=redacted(url))
    return (named or bare)[0].lower()


def _refuse_html(response: Response, first: bytes) -> None:
    start = first.lstrip(b"\xef\xbb\xbf \t\r\n")[:32].lower()
    if response.content_type in _HTML_TYPES or start.startswith(_HTML_STARTS):
        raise FetchRefused("html-instead-of-data", url=response.url)


class _Peeked:
    """A body whose first piece has been looked at."""

    def __init__(self, response: Response) -> None:
        self.first = self._rest = response.read(_PEEK_BYTES)
        self._response = response

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, all for -1, empty at the end."""
        if size < 0:
            given, self._rest = self._rest + self._response.body(), b""
            return given
        if self._rest:
            given, self._rest = self._rest[:size], self._rest[size:]
            return given
        return self._response.read(size)
