"""Releases over time: what may be published after what has been published.

The order of use is ``ledger.earlier(subject, period)`` → ``check_against_history`` → the gate → ``ledger.record``.
A correction of a period is judged by ``disclosure.safe_correction``, by the same rule.
"""

from __future__ import annotations

from disclosure.history.check import check_against_history
from disclosure.history.ledger import FileLedger, MemoryLedger, PublishedRelease, ReleaseLedger
from disclosure.history.method import check_method
from disclosure.history.purged import check_purged

__all__ = [
    "FileLedger",
    "MemoryLedger",
    "PublishedRelease",
    "ReleaseLedger",
    "check_against_history",
    "check_method",
    "check_purged",
]
