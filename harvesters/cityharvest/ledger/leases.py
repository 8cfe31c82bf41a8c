"""Leases on deliveries and sources: any number of workers, each piece of work by one of them.

A lease runs by the database's clock and is renewed by a heartbeat; when its worker dies it runs out and another
takes over. Work whose worker died three times in a row is held for a person, so that it cannot stop the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from cityharvest import db
from cityharvest.db import clock, seconds_from_now
from cityharvest.errors import LeaseLost
from cityharvest.ledger import deliveries, mandates, views
from cityharvest.models import DeliveryRow, MandateRow, SourceRow
from cityharvest.records import Delivery, Source
from cityharvest.states import DeliveryEvent, DeliveryState

LEASE_SECONDS: Final = 300
POISON_AFTER: Final = 3
POISON_REASON: Final = "worker-died"
ACTOR: Final = "lease"


def lease_delivery(
    session: Session,
    states: Iterable[DeliveryState],
    *,
    worker: str,
    seconds: float = LEASE_SECONDS,
    mandate_id: str | None = None,
    period: str | None = None,
) -> Delivery | None:
    """Take the next free delivery in one of these states, or None. Commit before the work begins.

    Ask the storage first (``ledger.storage.ping()``): a worker that cannot reach it takes no lease.

    Args:
        session: transaction.
        states: what the stage works on.
        worker: unique name of the process.
        seconds: how long without a heartbeat.
        mandate_id: only of this mandate (id or slug).
        period: only this key.
    """
    wanted: list[ColumnElement[bool]] = [DeliveryRow.state.in_([state.value for state in states])]
    if mandate_id is not None:
        wanted.append(DeliveryRow.mandate_id == mandates.get(session, mandate_id).id)
    if period is not None:
        wanted.append(DeliveryRow.period_key == period)
    while (row := _next_free(session, wanted)) is not None:
        died = row.lease_owner is not None
        row.failures += died
        if row.failures >= POISON_AFTER:
            _hold_poison(session, row)
            continue
        row.lease_owner = worker
        row.lease_until = session.execute(select(seconds_from_now(seconds))).scalar_one()
        session.flush()
        return views.whole_delivery(session, row, db.now(session))
    return None


def renew_lease(session: Session, delivery_id: str, worker: str, seconds: float = LEASE_SECONDS) -> None:
    """Heartbeat.

    Raises:
        LeaseLost: another worker took over; drop the work.
    """
    row = session.get_one(DeliveryRow, delivery_id, with_for_update={"of": DeliveryRow}, populate_existing=True)
    if row.lease_owner != worker:
        raise LeaseLost(delivery=delivery_id)
    row.lease_until = session.execute(select(seconds_from_now(seconds))).scalar_one()


def drop_lease(session: Session, delivery_id: str, worker: str, *, retry_in_seconds: float | None = None) -> None:
    """Give a delivery back, now or not before so many seconds. Nothing happens where another worker has it."""
    row = session.get_one(DeliveryRow, delivery_id, with_for_update={"of": DeliveryRow}, populate_existing=True)
    if row.lease_owner != worker:
        return
    row.lease_owner, row.lease_until, row.failures = None, None, 0
    if retry_in_seconds is not None:
        row.retry_at = session.execute(select(seconds_from_now(retry_in_seconds))).scalar_one()


def lease_source(
    session: Session,
    *,
    worker: str,
    seconds: float = LEASE_SECONDS,
    source_id: str | None = None,
    exclude: Iterable[str] = (),
) -> Source | None:
    """Take the next source whose time has come, or None.

    Args:
        session: transaction.
        worker: unique name of the process.
        seconds: how long without a heartbeat.
        source_id: this one, also before its time.
        exclude: ids already done in this run.
    """
    query = select(SourceRow).where(SourceRow.enabled, _free(SourceRow))
    if source_id is not None:
        query = query.where(SourceRow.id == source_id)
    else:
        query = query.where(or_(SourceRow.next_run_at.is_(None), SourceRow.next_run_at <= clock()))
    query = query.where(SourceRow.id.not_in(list(exclude)))
    query = query.order_by(SourceRow.next_run_at.nulls_first(), SourceRow.id).limit(1)
    row = session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    row.lease_owner = worker
    row.lease_until = session.execute(select(seconds_from_now(seconds))).scalar_one()
    session.flush()
    return views.source(row)


def renew_source_lease(session: Session, source_id: str, worker: str, seconds: float = LEASE_SECONDS) -> None:
    """Heartbeat. Raises ``LeaseLost``."""
    row = session.get_one(SourceRow, source_id, with_for_update=True, populate_existing=True)
    if row.lease_owner != worker:
        raise LeaseLost(source=source_id)
    row.lease_until = session.execute(select(seconds_from_now(seconds))).scalar_one()


def drop_source_lease(
    session: Session,
    source_id: str,
    worker: str,
    *,
    next_run_in_seconds: float | None = None,
    memory: Mapping[str, Any] | None = None,
    failed: bool = False,
) -> None:
    """Give a source back, with when it is next asked and what it told. Nothing happens where another has it."""
    row = session.get_one(SourceRow, source_id, with_for_update=True, populate_existing=True)
    if row.lease_owner != worker:
        return
    row.lease_owner, row.lease_until = None, None
    row.failures = row.failures + 1 if failed else 0
    if memory is not None:
        row.memory = dict(memory)
    if next_run_in_seconds is not None:
        row.next_run_at = session.execute(select(seconds_from_now(next_run_in_seconds))).scalar_one()


def _next_free(session: Session, wanted: list[ColumnElement[bool]]) -> DeliveryRow | None:
    query = (
        select(DeliveryRow)
        .join(MandateRow)
        .where(*wanted, _free(DeliveryRow), or_(DeliveryRow.retry_at.is_(None), DeliveryRow.retry_at <= clock()))
        .order_by(DeliveryRow.received_at.nulls_first(), DeliveryRow.id)
        .limit(1)
        .with_for_update(of=DeliveryRow, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).one_or_none()


def _free(table: type[DeliveryRow] | type[SourceRow]) -> ColumnElement[bool]:
    return or_(table.lease_owner.is_(None), and_(table.lease_until.is_not(None), table.lease_until < clock()))


def _hold_poison(session: Session, row: DeliveryRow) -> None:
    row.lease_owner, row.lease_until = None, None
    row.held_reason, row.held_detail = POISON_REASON, {"tries": row.failures}
    deliveries.apply(session, row, DeliveryEvent.HOLD, actor=ACTOR, detail={"reason": POISON_REASON})
