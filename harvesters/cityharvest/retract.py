"""Withdrawing a release: from the ledger's point of view first, then from the portal, then from our own storage.

The ledger calls it withdrawn before anything is deleted, so a kill in between leaves a release that can only go on
being withdrawn, never one that is published again. Every step looks first; the command may be repeated at will.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cityharvest import ledger as books
from cityharvest.errors import WrongCall
from cityharvest.ledger import Ledger
from cityharvest.pipeline.outbox import withdraw_job
from cityharvest.points import Point, reach
from cityharvest.publisher import ActionApi, withdraw


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted:
    """What one run took away."""

    release_id: str
    dataset_id: str | None
    was_in_portal: bool
    files_removed: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe content."""
        return {
            "release_id": self.release_id,
            "dataset_id": self.dataset_id,
            "was_in_portal": self.was_in_portal,
            "files_removed": self.files_removed,
        }


def retract(ledger: Ledger, api: ActionApi, release_id: str, reason: str, actor: str) -> Retracted:
    """Withdraw a release: DataStore table, files and index entry go in one run; a tombstone stays.

    Args:
        ledger: with storage.
        api: the portal.
        release_id: which.
        reason: for the tombstone; not shown to the public.
        actor: who withdraws it.

    Raises:
        WrongCall: ``reason-missing``.
        StateError: the release was superseded; its successor is what can be withdrawn.
        PublishTemporary: the portal did not take a step now; calling again goes on where this ended.
    """
    if not reason.strip():
        raise WrongCall("reason-missing")
    with ledger.transaction() as session:
        release = books.mark_withdrawn(session, release_id, reason.strip(), actor=actor)
    reach(Point.WITHDRAWN)
    was_in_portal = withdraw(api, withdraw_job(ledger, release_id))
    removed = books.remove_withdrawn_files(ledger, release_id)
    return Retracted(
        release_id=release_id, dataset_id=release.dataset_id, was_in_portal=was_in_portal, files_removed=removed
    )
