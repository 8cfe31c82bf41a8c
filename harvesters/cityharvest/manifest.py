"""The identity of a delivery: the hash of the ordered list of its parts' plaintext hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def manifest_sha256(part_hashes: Iterable[str]) -> str:
    """Return the SHA-256 of the manifest: one lower-case hexadecimal hash a line, in the order of the parts."""
    text = "".join(f"{one}\n" for one in part_hashes)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
