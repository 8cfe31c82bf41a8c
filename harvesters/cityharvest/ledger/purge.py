"""Raw parts are purged on their date, whatever became of their delivery, and every purge is an audit row.

The object goes first, the note second: killed in between, the next run finds nothing to remove and notes it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import or_, select

from cityharvest import audit_log, db
from cityharvest.db import clock
from cityharvest.ledger import attempts, deliveries
from cityharvest.ledger.core import Ledger
from cityharvest.models import DeliveryRow, PartRow
from cityharvest.states import DeliveryEvent, DeliveryState

ACTOR: Final = "purge"
#: Without their raw bytes these can never be finished.
NEEDS_RAW: Final = frozenset({DeliveryState.RECEIVED, DeliveryState.CHECKED, DeliveryState.CLEARED})


def purge_due(ledger: Ledger, *, limit: int = 1000) -> list[str]:
    """Purge every part whose date has come by the database's clock; return their ids.

    A delivery that a worker holds at this moment waits for the next run. A delivery that still needed its raw
    bytes is rejected with ``raw-purged``.
    """
    purged: list[str] = []
    while len(purged) < limit and (part_id := _purge_one(ledger)) is not None:
        purged.append(part_id)
    return purged


def _purge_one(ledger: Ledger) -> str | None:
    with ledger.transaction() as session:
        candidate = session.execute(
            select(PartRow.id, PartRow.delivery_id)
            .join(DeliveryRow, DeliveryRow.id == PartRow.delivery_id)
            .where(
                PartRow.purge_at <= clock(),
                PartRow.purged_at.is_(None),
                or_(DeliveryRow.lease_until.is_(None), DeliveryRow.lease_until < clock()),
            )
            .order_by(PartRow.purge_at, PartRow.id)
            .limit(1)
            .with_for_update(of=PartRow, skip_locked=True)
        ).first()
        if candidate is None:
            return None
        row = deliveries.lock(session, candidate.delivery_id)
        if row.lease_until is not None and row.lease_until > db.now(session):
            return None
        part = session.get_one(PartRow, candidate.id)
        ledger.storage.remove(part.object_name)
        part.purged_at = db.now(session)
        attempts.note_removed(session, part.object_name)
        detail = {"part": part.id, "sha256": part.sha256}
        audit_log.append(session, f"delivery:{row.id}", "purge", ACTOR, detail)
        if _needs_raw(row):
            row.error_code, row.error_params = "raw-purged", {}
            deliveries.apply(session, row, DeliveryEvent.REJECT, actor=ACTOR, detail={"code": "raw-purged"})
        return part.id


def _needs_raw(row: DeliveryRow) -> bool:
    return DeliveryState(row.held_from or row.state) in NEEDS_RAW
