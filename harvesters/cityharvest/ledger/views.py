"""From rows to the values of ``cityharvest.records``; no rule lives here, except *late*, which is a fact."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityharvest import audit_log
from cityharvest.models import (
    AttemptRow,
    DecisionRow,
    DeliveryRow,
    EventRow,
    MandateRow,
    PartRow,
    ReleaseFileRow,
    ReleaseRow,
    SourceRow,
)
from cityharvest.records import (
    Attempt,
    Decision,
    Delivery,
    Event,
    Mandate,
    Part,
    Release,
    ReleaseFile,
    Source,
    Step,
)
from cityharvest.states import OWED, DeliveryState


def _pick(row: Any, kind: type, **more: Any) -> Any:
    """Copy the columns that a value of ``kind`` has and ``more`` does not give."""
    names = [name for name in kind.__dataclass_fields__ if name not in more]  # type: ignore[attr-defined]
    return kind(**{name: getattr(row, name) for name in names}, **more)


def mandate(row: MandateRow) -> Mandate:
    """Return the value of a mandate."""
    cities = tuple(city.organization_id for city in row.cities)
    found: Mandate = _pick(row, Mandate, municipality_organization_ids=cities)
    return found


def source(row: SourceRow) -> Source:
    """Return the value of a source."""
    found: Source = _pick(row, Source)
    return found


def part(row: PartRow) -> Part:
    """Return the value of a part."""
    found: Part = _pick(row, Part)
    return found


def event(row: EventRow) -> Event:
    """Return the value of an event."""
    found: Event = _pick(row, Event, organization_ids=tuple(row.organization_ids))
    return found


def release(row: ReleaseRow) -> Release:
    """Return the value of a release; its state is that of its delivery."""
    files = tuple(_release_file(one) for one in row.files)
    found: Release = _pick(
        row,
        Release,
        mandate_id=row.delivery.mandate_id,
        period=row.delivery.period_key,
        sequence=row.delivery.sequence,
        state=row.delivery.state,
        files=files,
        resource_ids=tuple(row.resource_ids),
    )
    return found


def is_late(row: DeliveryRow, now: datetime) -> bool:
    """Say whether a delivery is overdue, or came in after its due date.

    What another delivery of the period answered is not overdue, and a correction of what was there is not late.
    """
    if DeliveryState(row.state) in OWED:
        return now > row.due_at and not row.answered
    return row.sequence == 1 and row.received_at is not None and row.received_at > row.due_at


def delivery(row: DeliveryRow, now: datetime, **more: Any) -> Delivery:
    """Return the value of a delivery, as late as ``now`` makes it; ``more`` gives parts, history and so on."""
    error = {"code": row.error_code, "params": row.error_params} if row.error_code else None
    found: Delivery = Delivery(
        id=row.id,
        mandate_id=row.mandate_id,
        mandate_slug=row.mandate.slug,
        period=row.period_key,
        period_start=row.period_start,
        period_end=row.period_end,
        sequence=row.sequence,
        state=DeliveryState(row.state),
        late=is_late(row, now),
        due_at=row.due_at,
        received_at=row.received_at,
        sender=row.sender,
        sha256=row.sha256,
        nil_reason=row.nil_reason,
        held_from=DeliveryState(row.held_from) if row.held_from else None,
        held_reason=row.held_reason,
        held_detail=row.held_detail,
        error=error,
        findings=tuple(row.findings),
        failures=row.failures,
        retry_at=row.retry_at,
        lease_owner=row.lease_owner,
        lease_until=row.lease_until,
        **more,
    )
    return found


def whole_delivery(session: Session, row: DeliveryRow, now: datetime) -> Delivery:
    """Return a delivery with everything that belongs to it."""
    released = session.scalars(select(ReleaseRow).where(ReleaseRow.delivery_id == row.id)).one_or_none()
    return delivery(
        row,
        now,
        parts=parts(session, row.id),
        attempts=_attempts(session, row.id),
        decisions=_decisions(session, row.id),
        release=release(released) if released is not None else None,
        history=_history(session, row.id),
    )


def parts(session: Session, delivery_id: str) -> tuple[Part, ...]:
    """Return the parts of a delivery, in order."""
    found = select(PartRow).where(PartRow.delivery_id == delivery_id).order_by(PartRow.ordinal)
    return tuple(part(one) for one in session.scalars(found))


def deliveries(rows: Iterable[DeliveryRow], now: datetime) -> list[Delivery]:
    """Return the bare values of many deliveries."""
    return [delivery(row, now) for row in rows]


def _attempts(session: Session, delivery_id: str) -> tuple[Attempt, ...]:
    found = select(AttemptRow).where(AttemptRow.delivery_id == delivery_id)
    rows = session.scalars(found.order_by(AttemptRow.started_at, AttemptRow.id))
    return tuple(_pick(one, Attempt) for one in rows)


def _decisions(session: Session, delivery_id: str) -> tuple[Decision, ...]:
    found = select(DecisionRow).where(DecisionRow.delivery_id == delivery_id).order_by(DecisionRow.at)
    return tuple(_pick(one, Decision) for one in session.scalars(found))


def _history(session: Session, delivery_id: str) -> tuple[Step, ...]:
    return tuple(_pick(one, Step) for one in audit_log.rows(session, f"delivery:{delivery_id}"))


def _release_file(row: ReleaseFileRow) -> ReleaseFile:
    found: ReleaseFile = _pick(row, ReleaseFile)
    return found
