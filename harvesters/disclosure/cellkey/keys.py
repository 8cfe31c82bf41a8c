"""Keys of records and of the site: who is in a cell decides its noise, and nothing else does.

A record key is HMAC-SHA256 of the normalized unit under the persistent key of the site. Its 32 bytes are read as four
words of 64 bits: the first is for counts, the others for the draws of magnitude noise, so that no draw tells about
another. A cell key is the sum of the words over the **distinct** units of the cell, modulo 2^64: the same units give
the same noise whatever the cell is called and whichever table it stands in, so asking again averages nothing out.
The sum of independent uniform words is uniform, so a cell key is as good as a random number to whoever lacks the key.

To the words for magnitudes those of the cell's true total are added. Else a corrected reading, or the next hour of
the same units, would carry the noise of before, and a subtraction would give the change of one unit to the digit.
What remains: many corrections of one cell are many draws around nearly the same truth.

Two releases of one subject under two keys would be two draws of noise around the same truth. So the key has a public
commitment, its id, which must not change within a subject.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from disclosure.errors import DisclosureRefused
from disclosure.site import SiteRules

WORDS: Final = 4
COUNT_WORD: Final = 0
_RECORD: Final = b"disclosure cell key: record 1\x00"
_TOTAL: Final = b"disclosure cell key: total 1\x00"
_IDENTITY: Final = b"disclosure cell key: identity 1\x00"


def site_key(site: SiteRules) -> bytes:
    """The key of the site.

    Raises:
        DisclosureRefused: code ``site-key-missing`` when there is none.
    """
    if site.key is None:
        raise DisclosureRefused("site-key-missing")
    return site.key


def key_id(key: bytes) -> str:
    """The public commitment to a key; it tells nothing about a key of 32 random bytes."""
    return hmac.digest(key, _IDENTITY, "sha256").hex()[:32]


def record_digest(key: bytes, unit: str | None) -> bytes:
    """The four words of a normalized unit; a missing unit is one unit of its own."""
    name = b"missing" if unit is None else b"unit\x00" + unit.encode()
    return hmac.digest(key, _RECORD + name, "sha256")


def total_digest(key: bytes, total: str) -> bytes:
    """The words of a true total, written as a whole number."""
    return hmac.digest(key, _TOTAL + total.encode(), "sha256")


def word_table(digest: Callable[[bytes, Any], bytes], key: bytes, names: Iterable[str | None]) -> pa.Table:
    """Names (units or totals) with their words ``__w0`` … ``__w3``; confidential, kept in memory only."""
    listed = list(names)
    digests = b"".join(digest(key, name) for name in listed)
    words = np.frombuffer(digests, dtype=">u8").astype(np.uint64).reshape(-1, WORDS)
    columns = {f"__w{number}": pa.array(words[:, number]) for number in range(WORDS)}
    return pa.table({"__name": pa.array(listed, pa.string()), **columns})


def check_continuity(facts: Mapping[str, Any], earlier: Iterable[Mapping[str, Any]]) -> None:
    """Refuse a release whose noise would be drawn anew over what was published before.

    Args:
        facts: what this release states about its noise (``cell_key`` of its public facts).
        earlier: the same of each earlier release of the subject.

    Raises:
        DisclosureRefused: code ``cell-key-rotated`` when key, table or magnitude noise differ.
    """
    for name in ("key_id", "table_id", "magnitude_id"):
        stated = {str(each.get(name)) for each in earlier}
        if stated - {str(facts.get(name))}:
            raise DisclosureRefused("cell-key-rotated", what=name)


def digest_of(text: str) -> str:
    """SHA-256 of a public text."""
    return hashlib.sha256(text.encode()).hexdigest()
