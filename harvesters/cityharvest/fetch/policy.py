"""What a fetch may do: limits and the operator's exceptions."""

from __future__ import annotations

from dataclasses import dataclass

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """Limits of one fetcher.

    Args:
        allowed_private: exact ``host:port`` pairs that may be private addresses, lower case. Operator only.
        deadline_s: seconds for a whole call, from the look-up of the name to the last byte read.
        connect_s: seconds to open a connection.
        max_bytes: most decoded bytes of a body.
        max_redirects: most redirects that are followed.
    """

    allowed_private: frozenset[str] = frozenset()
    deadline_s: float = 300.0
    connect_s: float = 10.0
    max_bytes: int = 2048 * MEBIBYTE
    max_redirects: int = 5
