"""Where a source puts what it fetched: into the ledger's quarantine, or, for a trial, into a private folder.

A source never sees the ledger; it is handed one of these, bound to one mandate and period. Both keep the same rules:
the same label or the same bytes twice make one part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from cityharvest import api
from cityharvest.errors import ReceiveRefused, StateError
from cityharvest.ledger import Ledger
from cityharvest.records import Delivery, Mandate
from cityharvest.seal import Meter
from cityharvest.states import DeliveryState


class Receiver(Protocol):
    """What a source may do with what it fetched."""

    def file(self, stream: BinaryIO, *, filename: str | None = None, expected_sha256: str | None = None) -> bool:
        """Take a whole delivery; False when exactly these bytes were there already."""
        ...

    def part(self, stream: BinaryIO, *, label: str, filename: str | None = None) -> bool:
        """Take one more part; False when it was there already."""
        ...

    def finish(self) -> None:
        """Close a delivery of several parts."""
        ...

    def labels(self) -> list[str]:
        """Labels of the parts that are there."""
        ...


class LedgerReceiver:
    """Seals what a source fetched while it is read, through the one door."""

    def __init__(self, ledger: Ledger, mandate: Mandate, period: str, sender: str) -> None:
        self._ledger, self._mandate, self._period, self._sender = ledger, mandate, period, sender
        self.delivery: Delivery | None = None

    def file(self, stream: BinaryIO, *, filename: str | None = None, expected_sha256: str | None = None) -> bool:
        """See ``Receiver``; raises as ``api.receive``."""
        before = self._current()
        self.delivery = api.receive(
            self._mandate,
            self._period,
            stream,
            self._sender,
            filename=filename,
            expected_sha256=expected_sha256,
            ledger=self._ledger,
        )
        known = (before.id, before.sha256) if before is not None else None
        return known != (self.delivery.id, self.delivery.sha256)

    def part(self, stream: BinaryIO, *, label: str, filename: str | None = None) -> bool:
        """See ``Receiver``; raises as ``api.append_part``."""
        delivery = self._open()
        before = {part.id for part in delivery.parts}
        part = api.append_part(delivery.id, stream, self._sender, filename=filename, label=label, ledger=self._ledger)
        self.delivery = api.delivery_show(delivery.id, ledger=self._ledger)
        return part.id not in before

    def finish(self) -> None:
        """See ``Receiver``."""
        self.delivery = api.finish_parts(self._open().id, self._sender, ledger=self._ledger)

    def labels(self) -> list[str]:
        """See ``Receiver``."""
        current = self._current()
        return [part.label for part in current.parts if part.label is not None] if current is not None else []

    def _open(self) -> Delivery:
        if self.delivery is None or self.delivery.state is not DeliveryState.DUE:
            self.delivery = api.begin_parts(self._mandate, self._period, self._sender, reopen=True, ledger=self._ledger)
        return self.delivery

    def _current(self) -> Delivery | None:
        found = api.delivery_list([self._mandate.id], period=self._period, ledger=self._ledger)
        latest = max(found, key=lambda one: one.sequence, default=None)
        return api.delivery_show(latest.id, ledger=self._ledger) if latest is not None else None


@dataclass(slots=True)
class TrialReceiver:
    """Keeps what a source fetched in a private folder and nowhere else; ``limit`` parts at most."""

    folder: Path
    limit: int | None = None
    paths: list[Path] = field(default_factory=list)
    known: list[str] = field(default_factory=list)

    def file(self, stream: BinaryIO, *, filename: str | None = None, expected_sha256: str | None = None) -> bool:
        """See ``Receiver``.

        Raises:
            ReceiveRefused: ``checksum-mismatch`` or ``delivery-empty``.
        """
        sha256, size = self._write(stream)
        if expected_sha256 is not None and sha256 != expected_sha256.lower():
            raise ReceiveRefused("checksum-mismatch", expected=expected_sha256, found=sha256)
        if size == 0:
            raise ReceiveRefused("delivery-empty", period=filename or "")
        return True

    def part(self, stream: BinaryIO, *, label: str, filename: str | None = None) -> bool:  # noqa: ARG002 - protocol
        """See ``Receiver``."""
        if label in self.known or (self.limit is not None and len(self.paths) >= self.limit):
            return False
        self._write(stream)
        self.known.append(label)
        return True

    def finish(self) -> None:
        """Nothing is closed in a trial."""
        if not self.paths:
            raise StateError("delivery-empty")

    def labels(self) -> list[str]:
        """See ``Receiver``."""
        return list(self.known)

    def _write(self, stream: BinaryIO) -> tuple[str, int]:
        path = self.folder / f"received-{len(self.paths)}"
        meter = Meter(stream)
        with path.open("wb") as target:
            while chunk := meter.read():
                target.write(chunk)
        self.paths.append(path)
        return meter.sha256, meter.size_bytes
