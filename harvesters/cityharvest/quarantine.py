"""The quarantine: company bytes are sealed while they are read and opened only by the pipeline.

Sealing writes into a pipe that the storage reads from on a second thread, so memory stays flat, the caller's
stream is read on the caller's thread, and no plaintext touches a disk.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cityharvest.errors import HarvestError, ReceiveInterrupted, ReceiveRefused, SealBroken
from cityharvest.records import Part
from cityharvest.seal import ByteReader, ByteWriter, Meter, MeteredWriter, key_id, seal, unseal
from cityharvest.storage import Storage, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What was sealed: hash and size of the plaintext, and the object that holds it."""

    sha256: str
    size_bytes: int
    stored: Stored
    key_id: str


def store(storage: Storage, name: str, stream: ByteReader, *, recipient: str, max_bytes: int) -> Sealed:
    """Seal a stream into a new object.

    Whatever is raised, at most an object that no ledger row names is left behind.

    Args:
        storage: where to.
        name: of the object, unique per attempt.
        stream: plaintext, read to its end.
        recipient: public key.
        max_bytes: plaintext bytes above which the stream is refused.

    Raises:
        ReceiveRefused: ``delivery-too-large``.
        ReceiveInterrupted: the stream broke off.
        StorageUnavailable: the object could not be written.
    """
    meter = Meter(stream, max_bytes, lambda: ReceiveRefused("delivery-too-large", max_bytes=max_bytes))
    upload = _Upload(storage, name)
    try:
        with upload.sink as sink:
            seal(meter, sink, recipient)
    except BrokenPipeError as error:
        upload.result()  # the storage gave up first: its error is the one to tell
        raise ReceiveInterrupted from error
    except HarvestError:
        upload.abandon()
        raise
    except (OSError, EOFError, ValueError) as error:
        upload.abandon()
        raise ReceiveInterrupted from error
    stored = upload.result()
    return Sealed(sha256=meter.sha256, size_bytes=meter.size_bytes, stored=stored, key_id=key_id(recipient))


def open_part(storage: Storage, part: Part, writer: ByteWriter, identity_file: Path) -> None:
    """Unseal a part into ``writer`` (a FIFO, or a file in a private work folder).

    Nothing may be committed from what was written before this returned: a broken end shows last.

    Raises:
        SealBroken: truncated, changed, sealed for another key, or not the bytes that were received.
        ObjectMissing: the object is not there (purged?).
    """
    metered = MeteredWriter(writer)
    with storage.open(part.object_name) as sealed:
        unseal(sealed, metered, identity_file)
    if (metered.sha256, metered.size_bytes) != (part.sha256, part.size_bytes):
        raise SealBroken("part-changed", part=part.id)


class _Upload:
    """The reading end: a thread that puts what comes out of the pipe into the storage."""

    def __init__(self, storage: Storage, name: str) -> None:
        self._storage = storage
        self._name = name
        self._stored: Stored | None = None
        self._error: Exception | None = None
        reading, writing = os.pipe()
        self.sink: BinaryIO = os.fdopen(writing, "wb")
        self._thread = threading.Thread(target=self._run, args=(os.fdopen(reading, "rb"),), daemon=True)
        self._thread.start()

    def _run(self, source: BinaryIO) -> None:
        with source:
            try:
                self._stored = self._storage.put(self._name, source)
            except Exception as error:  # noqa: BLE001 - handed to the caller's thread by result()
                self._error = error

    def result(self) -> Stored:
        """Wait for the end; return the object, or raise what went wrong."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._stored is None:
            raise ReceiveInterrupted
        return self._stored

    def abandon(self) -> None:
        """Wait for the end and take away what was written; the sweep does it where this fails."""
        self._thread.join()
        try:
            self._storage.remove(self._name)
        except HarvestError:
            return
