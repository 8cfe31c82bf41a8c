"""Signatures of proofs: Ed25519 (RFC 8032) over the canonical JSON of the proof without its ``signature``.

Keys are PEM files: the private one can be read by its owner only, the public one by everybody. A public file may hold
several keys, the present one and earlier ones, so that releases stay verifiable after a rotation. A key's id is the
beginning of the SHA-256 of its public half. Boundary: knows nothing of what a proof says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from disclosure.canonical import canonical_json
from disclosure.errors import SpecInvalid

ALGORITHM: Final = "ed25519"
_DOMAIN: Final = b"cityopen disclosure proof\n"
_OTHERS: Final = 0o077
_KEY_ID_CHARACTERS: Final = 16
_PUBLIC_PEM: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half: 32 bytes."""

    raw: bytes

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read what `to_pem` writes.

        Raises:
            SpecInvalid: code ``public-key-unreadable``.
        """
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SpecInvalid("public-key-unreadable") from error
        if not isinstance(key, Ed25519PublicKey):
            raise SpecInvalid("public-key-unreadable")
        return cls(key.public_bytes_raw())

    def to_pem(self) -> bytes:
        """The key as PEM (SubjectPublicKeyInfo), which ``openssl pkey -pubin`` reads as well."""
        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def key_id(self) -> str:
        """Sixteen hexadecimal digits."""
        return hashlib.sha256(self.raw).hexdigest()[:_KEY_ID_CHARACTERS]

    def signed(self, document: Mapping[str, Any]) -> bool:
        """Whether `document` carries a valid signature of this key."""
        found = document.get("signature")
        if not isinstance(found, Mapping) or found.get("algorithm") != ALGORITHM or found.get("key_id") != self.key_id:
            return False
        try:
            value = base64.b64decode(str(found.get("value")), validate=True)
            Ed25519PublicKey.from_public_bytes(self.raw).verify(value, _message(document))
        except (binascii.Error, ValueError, TypeError, InvalidSignature):
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """The private half; shows nothing of itself."""

    raw: bytes = field(repr=False)

    def to_pem(self) -> bytes:
        """The key as PEM (PKCS #8), not encrypted: whoever writes it makes the file private, as `write_key` does."""
        return Ed25519PrivateKey.from_private_bytes(self.raw).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def public_key(self) -> PublicKey:
        """The half that everybody may have."""
        return PublicKey(Ed25519PrivateKey.from_private_bytes(self.raw).public_key().public_bytes_raw())

    def sign(self, document: Mapping[str, Any]) -> dict[str, str]:
        """The ``signature`` of a document; what stands there already is not part of what is signed."""
        value = Ed25519PrivateKey.from_private_bytes(self.raw).sign(_message(document))
        return {
            "algorithm": ALGORITHM,
            "key_id": self.public_key().key_id,
            "value": base64.b64encode(value).decode("ascii"),
        }


def new_key() -> PrivateKey:
    """A new key from the randomness of the operating system."""
    return PrivateKey(Ed25519PrivateKey.generate().private_bytes_raw())


def write_key(key: PrivateKey, path: Path) -> None:
    """Write a new PEM file with mode 0600; an existing file is never replaced (``FileExistsError``)."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(key.to_pem())
        stream.flush()
        os.fsync(stream.fileno())


def load_key(path: Path) -> PrivateKey:
    """Read a PEM file that only its owner can read.

    Raises:
        SpecInvalid: codes ``signing-key-lax`` and ``signing-key-unreadable``; the file's content is not quoted.
    """
    unreadable = SpecInvalid("signing-key-unreadable", file=path.name)
    try:
        if path.stat().st_mode & _OTHERS:
            raise SpecInvalid("signing-key-lax", file=path.name)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        if isinstance(error, SpecInvalid):
            raise
        raise unreadable from None
    if not isinstance(key, Ed25519PrivateKey):
        raise unreadable
    return PrivateKey(key.private_bytes_raw())


def load_public_keys(path: Path) -> tuple[PublicKey, ...]:
    """Read every public key of a PEM file: the present one first, earlier ones after it.

    Raises:
        SpecInvalid: code ``public-key-unreadable``, also where there is none.
    """
    try:
        blocks = _PUBLIC_PEM.findall(path.read_bytes())
    except OSError as error:
        raise SpecInvalid("public-key-unreadable") from error
    if not blocks:
        raise SpecInvalid("public-key-unreadable")
    return tuple(PublicKey.from_pem(block + b"\n") for block in blocks)


def load_public_key(path: Path) -> PublicKey:
    """Read the first public key of a PEM file. Raises as `load_public_keys` does."""
    return load_public_keys(path)[0]


def signed_by_any(document: Mapping[str, Any], keys: Iterable[PublicKey]) -> bool:
    """Whether one of `keys` has signed `document`."""
    return any(key.signed(document) for key in keys)


def as_keys(keys: PublicKey | Sequence[PublicKey] | None) -> tuple[PublicKey, ...]:
    """One key, several, or none, as a tuple."""
    if keys is None:
        return ()
    return (keys,) if isinstance(keys, PublicKey) else tuple(keys)


def _message(document: Mapping[str, Any]) -> bytes:
    return _DOMAIN + canonical_json({name: value for name, value in document.items() if name != "signature"})
