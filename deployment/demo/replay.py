"""The demo's clock: it moves when somebody looks, so that no snapshot is missed however fast or slow the harvester is.

It starts at yesterday's local midnight. Each time the snapshot of its moment has been read, it goes on by one
snapshot; once it has caught up with the true time it is the true time. Its position is kept in a file: after a stop
the world goes on where it was left. Nothing here sleeps, and the true time is an argument.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from demo.months import TIMEZONE, day_bounds
from demo.stations import SNAPSHOT, snapshot_time


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clock shows; `live` when that is the true time."""

    moment: datetime
    live: bool


class ReplayClock:
    """A clock with one hand, the last snapshot that nobody has read yet. Safe for several threads."""

    def __init__(self, file: Path, true_now: datetime) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._position = self._read() or day_bounds(replayed_day(true_now))[0]
        self._write()

    def read(self, true_now: datetime) -> Reading:
        """Return the moment that the demo's world is at."""
        with self._lock:
            return self._reading(true_now)

    def seen(self, snapshot: datetime, true_now: datetime) -> None:
        """Note that the snapshot of a moment has been read; reading an old one again moves nothing."""
        with self._lock:
            following = snapshot_time(snapshot) + SNAPSHOT
            if following > self._position:
                self._position = min(following, snapshot_time(true_now) + SNAPSHOT)
                self._write()

    def _reading(self, true_now: datetime) -> Reading:
        live = self._position + SNAPSHOT > true_now
        return Reading(true_now if live else self._position, live)

    def _read(self) -> datetime | None:
        try:
            return datetime.fromisoformat(json.loads(self._file.read_text())["position"])
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".part")
        partial.write_text(json.dumps({"position": self._position.astimezone(UTC).isoformat()}))
        os.replace(partial, self._file)


def replayed_day(true_now: datetime) -> date:
    """Return the local day with which the replay begins: the one before."""
    return true_now.astimezone(TIMEZONE).date() - timedelta(days=1)
