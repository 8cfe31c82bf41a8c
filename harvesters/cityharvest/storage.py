"""The one storage of sealed parts and releases, through file-keeper: a folder, or S3.

Names are unique per attempt, so nothing is ever overwritten and a half-written object can never be taken for a
whole one. What was written is read back, and our own SHA-256 is its identity, not the adapter's.
Which objects exist is known from the ledger's list, never from scanning the storage.
"""

from __future__ import annotations

import errno
import importlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import parse_qs, unquote, urlsplit

import pylibmagic  # noqa: F401 - must come first: file_keeper needs its libmagic

import file_keeper as fk  # isort: skip
from file_keeper.default.adapters.fs import FsStorage  # isort: skip

from cityharvest.errors import ConfigurationError, HarvestError, ObjectMissing, StorageUnavailable
from cityharvest.seal import ByteReader, Meter

#: S3 wants parts of at least 5 MiB; one of these is held in memory.
PART_BYTES: Final = 8 * 1024 * 1024
CONTENT_TYPE: Final = "application/octet-stream"
_MAKING: Final = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A whole object, written and read back; hash and size are those of the stored bytes."""

    name: str
    sha256: str
    size_bytes: int


class Storage:
    """Put, open and remove objects by name."""

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    @classmethod
    def from_url(cls, url: str) -> Storage:
        """Return the storage of ``file:///folder`` or ``s3://bucket/prefix?endpoint=…&region=…``.

        Keys for S3 come from the environment or files that boto3 reads, never from the address.

        Raises:
            ConfigurationError: ``storage-url-invalid``.
            StorageUnavailable: it cannot be reached or written.
        """
        scheme, options = _options(url)
        # The first adapter of a process registers file-keeper's plugins, which two threads must not do at once.
        with _MAKING, _translated():
            if scheme == "s3":
                return cls(_s3_adapter()(options))
            Path(options["path"]).mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(FsStorage(options))

    def put(self, name: str, reader: ByteReader) -> Stored:
        """Write an object, read it back and return its hash.

        A failure leaves at most an object that no ledger row names.

        Raises:
            StorageUnavailable: not written, or other bytes came back (``storage-changed-bytes``).
        """
        meter = Meter(reader)
        with _translated():
            self._upload(fk.Location(name), meter)
            self._settle(name)
        with self.open(name) as stored:
            check = Meter(stored)
            with _translated():
                check.exhaust()
        if (check.sha256, check.size_bytes) != (meter.sha256, meter.size_bytes):
            raise StorageUnavailable("storage-changed-bytes", object=name)
        return Stored(name=name, sha256=meter.sha256, size_bytes=meter.size_bytes)

    def open(self, name: str) -> BinaryIO:
        """Open an object for reading.

        Raises:
            ObjectMissing: there is none of that name.
            StorageUnavailable: try again.
        """
        with _translated(name):
            return cast(BinaryIO, self._adapter.stream(fk.FileData(fk.Location(name))))

    def remove(self, name: str) -> bool:
        """Remove an object; False when there was none."""
        with _translated():
            data = fk.FileData(fk.Location(name))
            return bool(self._adapter.exists(data) and self._adapter.remove(data))

    def exists(self, name: str) -> bool:
        """Say whether there is an object of that name."""
        with _translated():
            return bool(self._adapter.exists(fk.FileData(fk.Location(name))))

    def ping(self) -> None:
        """Check that the storage answers and, for a folder, may be written. Raises ``StorageUnavailable``."""
        if isinstance(self._adapter, FsStorage):
            if not os.access(self._adapter.settings.path, os.R_OK | os.W_OK | os.X_OK):
                raise StorageUnavailable
            return
        self.exists(".ping")

    def _upload(self, location: Any, reader: Meter) -> None:
        if not self._adapter.supports(fk.Capability.MULTIPART):
            self._adapter.upload(location, fk.Upload(reader, "", 0, CONTENT_TYPE))
            return
        first = _read_exactly(reader, PART_BYTES)
        if len(first) < PART_BYTES:
            self._adapter.upload(location, fk.Upload(BytesIO(first), "", len(first), CONTENT_TYPE))
            return
        self._upload_parts(location, first, reader)

    def _upload_parts(self, location: Any, chunk: bytes, reader: Meter) -> None:
        """Multipart upload of unknown length: the announced size grows with every part."""
        if self._adapter.exists(fk.FileData(location)):
            raise fk.exc.ExistingFileError(self._adapter, location)
        data = self._adapter.multipart_start(location, PART_BYTES)
        try:
            number = 0
            while chunk:
                data = replace(data, size=data.storage_data["uploaded"] + len(chunk))
                part = fk.Upload(BytesIO(chunk), "", len(chunk), CONTENT_TYPE)
                data = self._adapter.multipart_update(data, part, number)
                number += 1
                chunk = _read_exactly(reader, PART_BYTES)
            self._adapter.multipart_complete(data)
        except BaseException:
            self._adapter.multipart_remove(data)
            raise

    def _settle(self, name: str) -> None:
        """Make a file survive a power cut; other storages promise that themselves."""
        if not isinstance(self._adapter, FsStorage):
            return
        path = Path(self._adapter.full_path(fk.Location(name)))
        for target in (path, path.parent):
            descriptor = os.open(target, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _options(url: str) -> tuple[str, dict[str, Any]]:
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return "file", {"name": "cityharvest", "path": unquote(parts.path)}
    if parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc:
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return "s3", {
            "name": "cityharvest",
            "bucket": parts.netloc,
            "path": parts.path.strip("/"),
            **{name: query[name] for name in ("endpoint", "region") if name in query},
        }
    raise ConfigurationError("storage-url-invalid", name="CITYHARVEST_STORAGE")


def _s3_adapter() -> Any:
    try:
        return importlib.import_module("file_keeper.default.adapters.s3").S3Storage
    except ImportError as error:
        raise ConfigurationError("storage-extra-missing", name="CITYHARVEST_STORAGE") from error


def _read_exactly(reader: Meter, size: int) -> bytes:
    chunks: list[bytes] = []
    missing = size
    while missing and (chunk := reader.read(missing)):
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)


def _backend_errors() -> tuple[type[Exception], ...]:
    try:
        boto: Any = importlib.import_module("botocore.exceptions")
    except ImportError:
        return (OSError, fk.exc.FilesError)
    return (OSError, fk.exc.FilesError, boto.BotoCoreError, boto.ClientError)


@contextmanager
def _translated(name: str | None = None) -> Iterator[None]:
    """Turn the errors of every adapter into ours."""
    try:
        yield
    except HarvestError:
        raise
    except fk.exc.MissingFileError as error:
        raise ObjectMissing(object=name or "") from error
    except _backend_errors() as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageUnavailable("storage-full" if full else None) from error
