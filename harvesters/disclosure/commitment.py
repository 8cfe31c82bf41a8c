"""Saying now what can be shown later and not changed: commitments to the secret parameters of a release.

The proof carries SHA-256 of a nonce and the canonical JSON of the secrets. The nonce is 128 fresh random bits and
stays private, so nobody can find p, n or k by trying the few sensible values; whoever holds nonce and values (an
auditor, a court) can check that they are the ones the release was made with. Binding rests on the collision
resistance of SHA-256, hiding on the nonce being drawn anew for each release and never published.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from disclosure.canonical import canonical_json
from disclosure.errors import DisclosureRefused

NONCE_BYTES: Final = 16
ALGORITHM: Final = "sha256"
_DOMAIN: Final = b"cityopen disclosure commitment 1\n"


def blinded(nonce: bytes, text: bytes) -> bytes:
    """What is hashed: without the nonce, trying the few sensible values would find them."""
    return _DOMAIN + nonce + text


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens a commitment; for the officer's side only."""

    nonce: bytes = field(repr=False)
    parameters: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.nonce) != NONCE_BYTES:
            raise DisclosureRefused("nonce-length", bytes=NONCE_BYTES)

    @classmethod
    def fresh(cls, parameters: Mapping[str, Any]) -> Opening:
        """An opening with a new nonce."""
        return cls(nonce=secrets.token_bytes(NONCE_BYTES), parameters=parameters)

    def commitment(self) -> str:
        """The public value, hexadecimal."""
        return hashlib.sha256(blinded(self.nonce, canonical_json(self.parameters))).hexdigest()

    def opens(self, commitment: str) -> bool:
        """Whether `commitment` was made from this nonce and these parameters."""
        return hmac.compare_digest(self.commitment(), commitment)

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe and CONFIDENTIAL: what is kept beside the release."""
        return {"nonce": self.nonce.hex(), "parameters": dict(self.parameters)}

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Opening:
        """Build from what `as_dict` gives."""
        return cls(nonce=bytes.fromhex(data["nonce"]), parameters=data["parameters"])
