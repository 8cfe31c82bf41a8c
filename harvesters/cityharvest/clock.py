"""The clock of a source: what it observes, and how stale it is, is judged by this time, never by the database's.

The system's clock, or for a replayed source the one that its ``clock_url`` shows: ``{"now": RFC 3339, "live": …}``.
Whoever sets a clock decides what counts as fresh, so such an address must be on the operator's list of exceptions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from cityharvest.errors import FetchRefused, FetchTemporary
from cityharvest.fetch import Fetcher, redacted
from cityharvest.fetch.address import target_of

MOST_BYTES: Final = 4096
#: A replayed clock moves when it is used; waiting its seconds in full would make a replay as long as the day.
REPLAY_PAUSE_S: Final = 1.0


class Clock(Protocol):
    """Tells a source's time."""

    def now(self) -> datetime:
        """Return the present moment, UTC."""
        ...

    def pause_s(self, wait_s: float) -> float:
        """Return how many real seconds to sleep until the clock may have moved by ``wait_s``."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the present moment, UTC."""
        return datetime.now(UTC)

    def pause_s(self, wait_s: float) -> float:
        """Return the same number: this clock moves by itself."""
        return max(0.0, wait_s)


class ReplayClock:
    """The time that an address on the operator's list shows."""

    def __init__(self, url: str, fetcher: Fetcher) -> None:
        if target_of(url).host_port not in fetcher.policy.allowed_private:
            raise FetchRefused("clock-refused", url=redacted(url))
        self._url = url
        self._fetcher = fetcher
        self._live = False

    def now(self) -> datetime:
        """Return the moment that is shown.

        Raises:
            FetchTemporary: ``clock-unreadable``, or no answer.
        """
        with self._fetcher.get(self._url, max_bytes=MOST_BYTES) as response:
            body = response.body()
        try:
            shown = json.loads(body)
            now = moment(shown["now"])
            self._live = bool(shown.get("live", False))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FetchTemporary("clock-unreadable", url=redacted(self._url)) from error
        return now

    def pause_s(self, wait_s: float) -> float:
        """Return a short pause, unless the clock has caught up with the true time."""
        return max(0.0, wait_s if self._live else min(wait_s, REPLAY_PAUSE_S))


def moment(text: str) -> datetime:
    """Return the UTC moment of RFC 3339 text.

    Raises:
        ValueError, TypeError: it is none, or has no offset.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no offset")
    return found.astimezone(UTC)


def clock_for(config: Mapping[str, Any], fetcher: Fetcher) -> Clock:
    """Return the clock of a source's configuration.

    Raises:
        FetchRefused: ``clock-refused``, the operator has not listed the address of ``clock_url``.
    """
    url = config.get("clock_url")
    return ReplayClock(str(url), fetcher) if url else SystemClock()
