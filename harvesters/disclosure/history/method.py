"""The method of a subject is chosen once: before its first release of a period.

Noise hides a unit only from somebody who has not seen the exact table. Version 1 cannot be recalled, so moving to a
cell key or to differential privacy after an exact table is refused: the noisy table would look protected and protect
nothing. The way back is refused as well, since an exact table beside a noisy one prints the noise. The key of a cell
key is part of the method: another key gives fresh noise for the same cells, which averaging removes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from disclosure.errors import DisclosureRefused
from disclosure.history.ledger import PublishedRelease

NOISY: Final = frozenset({"cell-key", "dp"})
"""Policies whose tables are never subtracted exactly."""


def check_method(policy: Mapping[str, Any], key_id: str | None, earlier: Sequence[PublishedRelease]) -> None:
    """Refuse a change of method within a subject and period, and a change of key within a subject.

    Args:
        policy: ``{"name": …, "parameters": …}`` of the candidate.
        key_id: which key of the site makes the noise, None without one.
        earlier: releases of the same subject and period.

    Raises:
        DisclosureRefused: codes ``method-chosen-late``, ``method-changed``, ``key-rotated``.
    """
    for release in earlier:
        was, now = str(release.policy["name"]), str(policy["name"])
        if was != now and {was, now} & NOISY:
            code = "method-chosen-late" if now in NOISY else "method-changed"
            raise DisclosureRefused(code, release=release.release_id, policy=now)
        if now == was == "cell-key" and release.key_id != key_id:
            raise DisclosureRefused("key-rotated", release=release.release_id)
