"""Where a source puts what it fetched: into the ledger's quarantine, or, for a trial, into a private folder.

A source sees neither ledger nor keys; it is handed one of these (``sources.Sink``), bound to one mandate and period.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from cityharvest import api
from cityharvest.errors import ReceiveRefused
from cityharvest.ledger import Ledger
from cityharvest.records import Delivery
from cityharvest.seal import ByteReader, Meter
from cityharvest.sources import is_reference
from cityharvest.states import DeliveryState


class LedgerSink:
    """Seals what a source fetched while it is read, through the one door."""

    def __init__(self, ledger: Ledger, mandate_id: str, period: str, sender: str) -> None:
        self._ledger, self._mandate_id, self._period, self._sender = ledger, mandate_id, period, sender
        self.delivery: Delivery | None = None

    def receive(self, stream: ByteReader, *, filename: str | None, expected_sha256: str | None) -> None:
        """Take the one file of the delivery; raises as ``api.receive``."""
        self.delivery = api.receive(
            self._mandate_id,
            self._period,
            cast(BinaryIO, stream),
            self._sender,
            filename=filename,
            expected_sha256=expected_sha256,
            ledger=self._ledger,
        )

    def append(self, stream: ByteReader, *, label: str, filename: str) -> None:
        """Seal one more part; raises as ``api.append_part``."""
        api.append_part(
            self._open().id,
            cast(BinaryIO, stream),
            self._sender,
            filename=filename,
            label=label,
            ledger=self._ledger,
        )

    def finish(self) -> None:
        """Close the list of parts; raises as ``api.finish_parts``."""
        self.delivery = api.finish_parts(self._open().id, self._sender, ledger=self._ledger)

    def _open(self) -> Delivery:
        if self.delivery is None or self.delivery.state is not DeliveryState.DUE:
            # Never reopened: the moments of a day that was rejected cannot be seen a second time.
            self.delivery = api.begin_parts(self._mandate_id, self._period, self._sender, ledger=self._ledger)
        return self.delivery


@dataclass(slots=True)
class TrialSink:
    """Keeps what a source fetched in a private folder and nowhere else; at most ``limit`` snapshots."""

    folder: Path
    limit: int | None = None
    paths: list[Path] = field(default_factory=list)
    closed: bool = False

    @property
    def full(self) -> bool:
        """Whether the trial has seen enough."""
        return self.limit is not None and len(self.paths) >= self.limit

    def receive(self, stream: ByteReader, *, filename: str | None, expected_sha256: str | None) -> None:
        """Take the one file.

        Raises:
            ReceiveRefused: ``checksum-mismatch``.
        """
        found = self._write(stream)
        if expected_sha256 is not None and found != expected_sha256.lower():
            raise ReceiveRefused("checksum-mismatch", expected=expected_sha256, found=found, file=filename or "")
        self.closed = True

    def append(self, stream: ByteReader, *, label: str, filename: str) -> None:  # noqa: ARG002 - the protocol's
        """Keep a snapshot; what only goes with the delivery is not looked at."""
        if not is_reference(label) and not self.full:
            self._write(stream)

    def finish(self) -> None:
        """Note that the day is over."""
        self.closed = True

    def _write(self, stream: ByteReader) -> str:
        path = self.folder / f"received-{len(self.paths)}"
        meter = Meter(stream)
        with path.open("wb") as target:
            while chunk := meter.read():
                target.write(chunk)
        self.paths.append(path)
        return meter.sha256
