"""The rows of deliveries and the only way to change their state.

``apply`` is that way: it takes the series lock, asks the table of transitions, writes one audit row and, where
the portal should know, one event, all in the caller's transaction. Lock order: series, rows, audit chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, not_, or_, select
from sqlalchemy.orm import Session

from cityharvest import audit_log, db
from cityharvest.errors import LeaseLost, NotFound, StateError
from cityharvest.ledger import events, views
from cityharvest.ledger.core import Ledger
from cityharvest.models import DeliveryRow, MandateRow
from cityharvest.records import Delivery
from cityharvest.states import OWED, DeliveryEvent, DeliveryState, advance, ensure_allowed

#: Changes that a city's board shows.
TOLD = frozenset(
    {
        DeliveryState.RECEIVED,
        DeliveryState.PUBLISHED,
        DeliveryState.REJECTED,
        DeliveryState.HELD,
        DeliveryState.NIL,
        DeliveryState.WITHDRAWN,
    }
)
#: What a stage of the pipeline may do by itself; the others belong to people or to functions of their own.
BY_STAGE = frozenset({DeliveryEvent.CHECK, DeliveryEvent.CLEAR, DeliveryEvent.REJECT, DeliveryEvent.HOLD})


def show(ledger: Ledger, delivery_id: str) -> Delivery:
    """Return a delivery with everything that belongs to it. Raises ``NotFound``."""
    with ledger.transaction() as session:
        return views.whole_delivery(session, get(session, delivery_id), db.now(session))


def listing(
    ledger: Ledger,
    *,
    mandate_ids: Sequence[str] | None = None,
    company_id: str | None = None,
    lead: str | None = None,
    states: Iterable[str] | None = None,
    period: str | None = None,
    limit: int = 1000,
    offset: int = 0,
) -> list[Delivery]:
    """Return deliveries, newest period first; see ``cityharvest.api.delivery_list``."""
    query = select(DeliveryRow).join(MandateRow)
    if mandate_ids is not None:
        query = query.where(or_(MandateRow.id.in_(mandate_ids), MandateRow.slug.in_(mandate_ids)))
    if company_id is not None:
        query = query.where(MandateRow.company_organization_id == company_id)
    if lead is not None:
        query = query.where(MandateRow.lead_organization_id == lead)
    if states is not None:
        query = query.where(DeliveryRow.state.in_([str(DeliveryState(state)) for state in states]))
    if period is not None:
        query = query.where(DeliveryRow.period_key == period)
    order = (DeliveryRow.period_start.desc(), MandateRow.slug, DeliveryRow.sequence.desc())
    with ledger.transaction() as session:
        return views.deliveries(session.scalars(query.order_by(*order).limit(limit).offset(offset)), db.now(session))


def get(session: Session, delivery_id: str) -> DeliveryRow:
    """Return a row. Raises ``NotFound``."""
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        raise NotFound(kind="delivery", id=delivery_id)
    return row


def lock_series(session: Session, mandate_id: str, period_key: str) -> list[DeliveryRow]:
    """Lock a (mandate, period) against every other change of state; return its rows by sequence.

    The row of sequence 1 is the lock: it never goes away, so two changes of one series always meet there.
    """
    same = (DeliveryRow.mandate_id == mandate_id, DeliveryRow.period_key == period_key)
    first = select(DeliveryRow.id).where(*same, DeliveryRow.sequence == 1).with_for_update()
    session.execute(first).all()
    # A new statement, so that what the previous holder of the lock committed is seen.
    query = select(DeliveryRow).where(*same).order_by(DeliveryRow.sequence).with_for_update(of=DeliveryRow)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def lock(session: Session, delivery_id: str, lease_owner: str | None = None) -> DeliveryRow:
    """Lock a delivery with its series and return it as it stands.

    Raises:
        NotFound: there is none.
        LeaseLost: ``lease_owner`` is given and another worker holds the lease.
    """
    row = get(session, delivery_id)
    lock_series(session, row.mandate_id, row.period_key)
    if lease_owner is not None and row.lease_owner != lease_owner:
        raise LeaseLost(delivery=delivery_id)
    return row


def apply(
    session: Session,
    row: DeliveryRow,
    event: DeliveryEvent,
    *,
    actor: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Change the state of a locked delivery by ``event`` and note it in the audit chain.

    Raises:
        StateError: the table of transitions does not allow it.
    """
    before = DeliveryState(row.state)
    held_from = DeliveryState(row.held_from) if row.held_from else None
    after = advance(before, event, held_from=held_from)
    row.held_from = before.value if after is DeliveryState.HELD else None
    row.state = after.value
    row.failures, row.retry_at = 0, None
    if after in TOLD:
        tell(session, row)
    audit_log.append(
        session,
        f"delivery:{row.id}",
        event.value,
        actor,
        {**_about(row), "from": before.value, "to": after.value, **(detail or {})},
    )


def move(
    session: Session,
    delivery_id: str,
    to_state: DeliveryState,
    *,
    actor: str,
    detail: Mapping[str, Any] | None = None,
    held_reason: str | None = None,
    held_detail: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
    findings: Sequence[Mapping[str, Any]] | None = None,
    lease_owner: str | None = None,
) -> Delivery:
    """Do what a stage of the pipeline may do: to ``checked``, ``cleared``, ``rejected`` or ``held``.

    Args:
        session: transaction.
        delivery_id: which.
        to_state: where to.
        actor: the stage.
        detail: for the audit row; slugs, ids, counts.
        held_reason: slug, required for ``held``.
        held_detail: what the deciding person is shown, JSON.
        error: ``{code, params}``, required for ``rejected``.
        findings: replaces the findings of the delivery; masked values only.
        lease_owner: the worker; raises ``LeaseLost`` where it no longer holds the lease.

    Raises:
        StateError: not allowed, or the reason is missing.
    """
    row = lock(session, delivery_id, lease_owner)
    event = ensure_allowed(DeliveryState(row.state), DeliveryState(to_state))
    reason_missing = (event is DeliveryEvent.HOLD and not held_reason) or (event is DeliveryEvent.REJECT and not error)
    if event not in BY_STAGE or reason_missing:
        raise StateError(state=row.state, event=event.value)
    if findings is not None:
        row.findings = [dict(finding) for finding in findings]
    row.held_reason, row.held_detail = held_reason, dict(held_detail or {})
    row.error_code, row.error_params = (error["code"], dict(error.get("params", {}))) if error else (None, {})
    noted = {"reason": held_reason, "code": row.error_code, **(detail or {})}
    apply(session, row, event, actor=actor, detail={name: value for name, value in noted.items() if value})
    return views.delivery(row, db.now(session))


def open_row(session: Session, row: DeliveryRow, *, actor: str) -> None:
    """Note the birth of a delivery in the audit chain."""
    audit_log.append(session, f"delivery:{row.id}", "open", actor, {**_about(row), "to": row.state})


def tell(session: Session, row: DeliveryRow) -> None:
    """Write the event that lets the portal re-assess the cities concerned."""
    mandate = views.mandate(row.mandate)
    payload = {"mandate_id": mandate.id, "period": row.period_key, "delivery_id": row.id, "state": row.state}
    events.emit(session, events.REASSESS, mandate.organization_ids, payload)


def overdue(now: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions of ``late``: owed, past its due date, and answered by no other delivery."""
    owed = DeliveryRow.state.in_([state.value for state in OWED])
    return (owed, DeliveryRow.due_at < now, not_(DeliveryRow.answered))


def earlier_published(session: Session, row: DeliveryRow) -> DeliveryRow | None:
    """Return the published delivery of the same period that this one would replace, if there is one."""
    return session.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.mandate_id == row.mandate_id,
            DeliveryRow.period_key == row.period_key,
            DeliveryRow.sequence < row.sequence,
            DeliveryRow.state == DeliveryState.PUBLISHED.value,
        )
        .order_by(DeliveryRow.sequence.desc())
        .limit(1)
    ).one_or_none()


def _about(row: DeliveryRow) -> dict[str, Any]:
    return {"mandate": row.mandate_id, "period": row.period_key, "sequence": row.sequence}
