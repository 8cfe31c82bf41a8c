"""What every stage needs around its work: a name, a way to be stopped, a heartbeat for its lease, a summary.

The heartbeat renews a lease by the database's clock from a thread of its own, so that long work in an engine that
does not return for minutes keeps its lease; a lost lease is told to the stage, which then drops what it did.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from sqlalchemy.orm import Session

from cityharvest.errors import Category, HarvestError, LeaseLost
from cityharvest.ledger import Ledger

PERSON_EXIT = 1
TEMPORARY_EXIT = 75

#: Called with an event's slug and its params while a stage works; the command line prints it.
Progress = Callable[[str, dict[str, Any]], None]


def quiet(_event: str, _params: dict[str, Any]) -> None:
    """Report nothing."""


def worker_name(stage: str) -> str:
    """Return a name no other process has: host, process id and a random part."""
    return f"{stage}@{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


class Stop:
    """Set by SIGTERM or SIGINT: the stage ends what it is working on and takes nothing new."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def set(self) -> None:
        """Ask the stage to stop."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait, but not longer than until asked to stop; True when asked."""
        return self._event.wait(seconds)

    def listen(self) -> None:
        """Take the signals of this process; only in its main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._received)

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        self.set()


@contextmanager
def heartbeat(ledger: Ledger, renew: Callable[[Session], None], *, seconds: float) -> Iterator[Callable[[], None]]:
    """Renew a lease every third of its length while the body runs.

    Yields:
        A function that raises ``LeaseLost`` once another worker has taken over.
    """
    done, lost = threading.Event(), threading.Event()

    def beat() -> None:
        while not done.wait(seconds / 3):
            try:
                with ledger.transaction() as session:
                    renew(session)
            except LeaseLost:
                lost.set()
                return
            except HarvestError:
                continue  # the database may be back for the next beat; the lease judges, not we

    def check() -> None:
        if lost.is_set():
            raise LeaseLost

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield check
    finally:
        done.set()
        thread.join()


@dataclass(slots=True, kw_only=True)
class Summary:
    """What a stage did in one run: how often which outcome, and which errors; ids and codes only."""

    stage: str
    outcomes: dict[str, int] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    people: int = 0
    retries: int = 0

    def add(self, outcome: str, **about: Any) -> None:
        """Count an outcome."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.items.append({"outcome": outcome, **about})

    def add_error(self, error: HarvestError, **about: Any) -> None:
        """Count an error by its category."""
        self.errors.append({**error.as_dict(), **about})
        self.retries += error.category is Category.RETRIABLE
        self.people += error.category is Category.FATAL

    def needs_person(self) -> None:
        """Note that what was done now waits for a person."""
        self.people += 1

    @property
    def exit_code(self) -> int:
        """0 done or nothing to do, 1 a person must look, 75 the next run tries again."""
        if self.people:
            return PERSON_EXIT
        return TEMPORARY_EXIT if self.retries else 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe content."""
        return {
            "stage": self.stage,
            "exit_code": self.exit_code,
            "outcomes": dict(self.outcomes),
            "items": list(self.items),
            "errors": list(self.errors),
        }
