"""The method of a subject is chosen once: before its first release of a period.

Noise hides a unit only from somebody who has not seen the exact table. Version 1 cannot be recalled, so moving to a
cell key or to differential privacy after an exact table is refused: the noisy table would look protected and protect
nothing. The way back is refused as well, since an exact table beside a noisy one prints the noise. The key of a cell
key is part of the method, for all periods of a subject: another key gives fresh noise for the same cells, which
averaging removes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from disclosure.cellkey.keys import check_continuity
from disclosure.errors import DisclosureRefused
from disclosure.history.ledger import PublishedRelease

NOISY: Final = frozenset({"cell-key", "dp"})
"""Policies whose tables are never subtracted exactly."""


def check_method(candidate: PublishedRelease, earlier: Sequence[PublishedRelease]) -> None:
    """Refuse a change of method within a subject and period, and a change of noise within a subject.

    Args:
        candidate: what would be published.
        earlier: published releases, also of other subjects and periods.

    Raises:
        DisclosureRefused: codes ``method-chosen-late``, ``method-changed``, ``cell-key-rotated``.
    """
    same_subject = [each for each in earlier if each.subject == candidate.subject]
    for release in same_subject:
        methods = {release.method, candidate.method}
        if release.period == candidate.period and len(methods) > 1 and methods & NOISY:
            code = "method-chosen-late" if candidate.method in NOISY else "method-changed"
            raise DisclosureRefused(code, release=release.release_id, policy=candidate.method)
    if candidate.method == "cell-key":
        check_continuity(candidate.noise, [each.noise for each in same_subject if each.method == "cell-key"])
