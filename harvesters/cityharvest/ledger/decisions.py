"""What a person decides about a held delivery. The decision is kept; no stage can decide for a person."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from cityharvest import db
from cityharvest.errors import StateError, WrongCall
from cityharvest.ledger import deliveries, views
from cityharvest.ledger.core import Ledger
from cityharvest.models import DecisionRow, DeliveryRow, ReleaseRow, new_id
from cityharvest.records import Delivery
from cityharvest.states import DeliveryEvent, DeliveryState

EVENTS = {"approve": DeliveryEvent.APPROVE, "refuse": DeliveryEvent.REFUSE}
FIRST_RELEASE = "first-release"


def decide(ledger: Ledger, delivery_id: str, decision: str, actor: str, reason: str) -> Delivery:
    """Decide about a held delivery; see ``cityharvest.api.decide``."""
    if decision not in EVENTS:
        raise WrongCall("decision-unknown", decision=decision)
    if not reason.strip():
        raise WrongCall("reason-missing")
    with ledger.transaction() as session:
        row = deliveries.lock(session, delivery_id)
        if row.state != DeliveryState.HELD.value:
            raise StateError("delivery-not-held", state=row.state)
        held_reason = row.held_reason or ""
        if decision == "approve":
            _approve(session, row, actor)
        else:
            _refuse(session, row, held_reason)
        session.add(
            DecisionRow(
                id=new_id(), delivery_id=row.id, reason=held_reason, decision=decision, actor=actor, note=reason.strip()
            )
        )
        row.held_reason = None
        session.flush()
        deliveries.apply(session, row, EVENTS[decision], actor=actor, detail={"reason": held_reason})
        return views.whole_delivery(session, row, db.now(session))


def is_approved(session: Session, delivery_id: str, reason: str) -> bool:
    """Say whether a person approved this delivery after it was held for this reason."""
    return bool(
        session.execute(
            select(
                exists().where(
                    DecisionRow.delivery_id == delivery_id,
                    DecisionRow.reason == reason,
                    DecisionRow.decision == "approve",
                )
            )
        ).scalar_one()
    )


def _approve(session: Session, row: DeliveryRow, actor: str) -> None:
    if row.held_detail.get("safe_correction") is False:
        raise StateError("correction-unsafe", period=row.period_key)
    row.error_code, row.error_params = None, {}
    if row.held_reason == FIRST_RELEASE:
        row.mandate.first_release_approved_at = db.now(session)
        row.mandate.approved_by = actor


def _refuse(session: Session, row: DeliveryRow, held_reason: str) -> None:
    row.error_code, row.error_params = "refused-by-person", {"reason": held_reason}
    released = session.scalars(select(ReleaseRow).where(ReleaseRow.delivery_id == row.id)).one_or_none()
    if released is not None:
        released.withdrawn_at, released.withdrawn_reason = db.now(session), "refused-by-person"
