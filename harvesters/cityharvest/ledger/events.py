"""The outbox towards the portal: written with the change it tells of, kept until the portal took it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cityharvest.db import clock, seconds_from_now
from cityharvest.ledger import views
from cityharvest.models import EventRow
from cityharvest.records import Event

REASSESS = "reassess"


def emit(session: Session, kind: str, organization_ids: Iterable[str], payload: Mapping[str, Any]) -> None:
    """Write one event in the caller's transaction.

    Args:
        session: of the transaction that makes the change.
        kind: what the portal shall do, such as ``reassess``.
        organization_ids: the organizations concerned, CKAN ids.
        payload: JSON; ids and slugs, no contents.
    """
    session.add(EventRow(kind=kind, organization_ids=sorted(set(organization_ids)), payload=dict(payload)))


def waiting(session: Session, limit: int = 500) -> list[Event]:
    """Return the events to deliver now, oldest first; those that another worker holds are left out."""
    query = (
        select(EventRow)
        .where(EventRow.delivered_at.is_(None), or_(EventRow.retry_at.is_(None), EventRow.retry_at <= clock()))
        .order_by(EventRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [views.event(row) for row in session.scalars(query)]


def delivered(session: Session, event_ids: Iterable[int]) -> None:
    """Note that the portal took these events. Again changes nothing."""
    for row in _rows(session, event_ids):
        if row.delivered_at is None:
            row.delivered_at = session.execute(select(clock())).scalar_one()


def failed(session: Session, event_ids: Iterable[int], error: str) -> None:
    """Note that the portal did not take these events; they wait longer after every try, an hour at most."""
    for row in _rows(session, event_ids):
        row.tries += 1
        row.last_error = error
        wait = min(3600.0, 30.0 * 2 ** min(row.tries, 8))
        row.retry_at = session.execute(select(seconds_from_now(wait))).scalar_one()


def _rows(session: Session, event_ids: Iterable[int]) -> Iterable[EventRow]:
    return session.scalars(select(EventRow).where(EventRow.id.in_(list(event_ids))).with_for_update())
