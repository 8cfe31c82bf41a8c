"""Sealing in age format (pyrage): whoever holds the public key can seal, only the pipeline can open.

Both ways run over streams with flat memory. Opening hands out bytes before a truncation at the end can show,
so whoever calls ``unseal`` writes into a FIFO or a private work folder and commits nothing before it returned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import pyrage as _pyrage

from cityharvest.errors import ConfigurationError, SealBroken

pyrage: Any = _pyrage  # its own stubs lag behind what it has
CHUNK_BYTES: Final = 256 * 1024


class ByteReader(Protocol):
    """Anything to read bytes from."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; empty at the end."""
        ...


class ByteWriter(Protocol):
    """Anything to write bytes to."""

    def write(self, data: bytes, /) -> Any:
        """Take all of ``data``."""
        ...


class Meter:
    """Reads in chunks of 256 KiB, hashes and counts what passed, and stops above a limit.

    ``too_large`` makes the error that is raised above ``max_bytes``.
    """

    def __init__(
        self, reader: ByteReader, max_bytes: int | None = None, too_large: Callable[[], Exception] | None = None
    ) -> None:
        self._reader = reader
        self._max_bytes = max_bytes
        self._too_large = too_large
        self._digest = hashlib.sha256()
        self._chunk = memoryview(b"")
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """SHA-256 of what passed so far, hexadecimal."""
        return self._digest.hexdigest()

    def read(self, size: int = CHUNK_BYTES, /) -> bytes:
        """Return at most ``size`` bytes; empty at the end."""
        if not self._chunk:
            chunk = self._reader.read(max(CHUNK_BYTES, size))
            self.size_bytes += len(chunk)
            if self._max_bytes is not None and self.size_bytes > self._max_bytes and self._too_large is not None:
                raise self._too_large()
            self._digest.update(chunk)
            self._chunk = memoryview(chunk)
        given, self._chunk = self._chunk[:size], self._chunk[size:]
        return bytes(given)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the rest in chunks."""
        return iter(self.read, b"")

    def exhaust(self) -> None:
        """Read to the end."""
        for _ in self:
            pass


class MeteredWriter:
    """Hashes and counts what is written."""

    def __init__(self, writer: ByteWriter) -> None:
        self._writer = writer
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """SHA-256 of what was written so far, hexadecimal."""
        return self._digest.hexdigest()

    def write(self, data: bytes, /) -> int:
        """Write all of ``data``."""
        self._writer.write(data)
        self._digest.update(data)
        self.size_bytes += len(data)
        return len(data)


class _Watched:
    """Keeps the error of the caller's own stream, which pyrage turns into a text of its own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: Exception | None = None

    def read(self, size: int) -> bytes:
        return bytes(self._guard(self._stream.read, size))

    def write(self, data: bytes) -> int:
        self._guard(self._stream.write, data)
        return len(data)

    def flush(self) -> None:
        if hasattr(self._stream, "flush"):
            self._guard(self._stream.flush)

    def _guard(self, call: Callable[..., Any], *args: Any) -> Any:
        try:
            return call(*args)
        except Exception as error:
            self.error = error
            raise


def generate() -> tuple[str, str]:
    """Return a new (secret identity, public recipient)."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def key_id(recipient: str) -> str:
    """Return the short name of a public key: 16 hexadecimal digits of its SHA-256, stored with each part."""
    return hashlib.sha256(recipient.strip().encode()).hexdigest()[:16]


def seal(reader: ByteReader, writer: ByteWriter, recipient: str) -> None:
    """Seal everything that ``reader`` gives.

    Raises:
        ConfigurationError: ``recipient-invalid``.
        Exception: whatever ``reader`` or ``writer`` raised, unchanged.
    """
    try:
        key = pyrage.x25519.Recipient.from_str(recipient.strip())
    except pyrage.RecipientError as error:
        raise ConfigurationError("recipient-invalid", name="CITYHARVEST_RECIPIENT") from error
    source, target = _Watched(reader), _Watched(writer)
    try:
        pyrage.encrypt_io(source, target, [key])
    except (pyrage.EncryptError, OSError):
        _raise_own(source, target)
        raise


def unseal(reader: ByteReader, writer: ByteWriter, identity_file: Path) -> None:
    """Open a sealed stream.

    Raises:
        SealBroken: ``seal-broken``, truncated or changed; ``seal-other-key``, no identity fits.
        ConfigurationError: the identity file cannot be used.
        Exception: whatever ``reader`` or ``writer`` raised, unchanged.
    """
    source, target = _Watched(reader), _Watched(writer)
    try:
        pyrage.decrypt_io(source, target, identities(identity_file))
    except (pyrage.DecryptError, OSError) as error:
        _raise_own(source, target)
        code = "seal-other-key" if "matching keys" in str(error) else "seal-broken"
        raise SealBroken(code) from error


def identities(identity_file: Path) -> list[Any]:
    """Return the identities of a file in age-keygen's form; older keys may follow the current one.

    Raises:
        ConfigurationError: ``identity-unreadable`` or ``identity-invalid``.
    """
    try:
        lines = [line.strip() for line in identity_file.read_text(encoding="ascii").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("identity-unreadable", name="CITYHARVEST_IDENTITY_FILE") from error
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError as error:
        raise ConfigurationError("identity-invalid", name="CITYHARVEST_IDENTITY_FILE") from error
    if not found:
        raise ConfigurationError("identity-invalid", name="CITYHARVEST_IDENTITY_FILE")
    return found


def _raise_own(*streams: _Watched) -> None:
    for stream in streams:
        if stream.error is not None:
            raise stream.error
