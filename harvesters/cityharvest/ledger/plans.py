"""Which deliveries exist: planned for every period that has begun, or opened by the first thing that arrives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cityharvest import db
from cityharvest.errors import ReceiveRefused
from cityharvest.ledger import deliveries, mandates, views
from cityharvest.ledger.core import Ledger
from cityharvest.models import DeliveryRow, MandateRow, new_id
from cityharvest.periods import Period, expected_periods
from cityharvest.records import Delivery, Mandate
from cityharvest.states import DeliveryState

ACTOR = "plan"


def plan(ledger: Ledger, now: datetime | None = None) -> list[Delivery]:
    """Create what has fallen due to be collected, and tell the portal once of each delivery that became late.

    Args:
        ledger: which.
        now: another time than the database's; for tests.
    """
    with ledger.transaction() as session:
        moment = now or db.now(session)
        created = [
            new
            for row in session.scalars(select(MandateRow).order_by(MandateRow.id))
            for new in _missing(session, row, moment)
        ]
        for row in created:
            deliveries.open_row(session, row, actor=ACTOR)
        _tell_late(session, moment)
        return views.deliveries(created, moment)


def ensure_series(session: Session, mandate: str | Mandate, period: str | Period, *, actor: str) -> list[DeliveryRow]:
    """Lock and return the deliveries of one period; the first is opened where planning has not done so.

    Raises:
        NotFound: no such mandate.
        WrongCall: the key is no period of its cadence.
        ReceiveRefused: ``period-outside-mandate``, ``period-not-begun``.
    """
    row = mandates.get(session, mandate.id if isinstance(mandate, Mandate) else mandate)
    wanted = Period.parse(row.cadence, period.key if isinstance(period, Period) else period, row.timezone)
    if wanted.first_day < row.starts_on or (row.ends_on is not None and wanted.last_day > row.ends_on):
        raise ReceiveRefused("period-outside-mandate", period=wanted.key, mandate=row.slug)
    if wanted.start > db.now(session):
        raise ReceiveRefused("period-not-begun", period=wanted.key, mandate=row.slug)
    opened = _insert(session, row, [wanted])
    series = deliveries.lock_series(session, row.id, wanted.key)
    for one in opened:
        deliveries.open_row(session, one, actor=actor)
    return series


def open_next(session: Session, series: list[DeliveryRow], *, actor: str) -> DeliveryRow:
    """Open the next sequence of a locked series."""
    last = series[-1]
    row = DeliveryRow(
        id=new_id(),
        mandate=last.mandate,
        period_key=last.period_key,
        period_start=last.period_start,
        period_end=last.period_end,
        sequence=last.sequence + 1,
        state=DeliveryState.DUE.value,
        due_at=last.due_at,
    )
    session.add(row)
    session.flush()
    deliveries.open_row(session, row, actor=actor)
    return row


def _missing(session: Session, mandate: MandateRow, now: datetime) -> list[DeliveryRow]:
    known = set(session.scalars(select(DeliveryRow.period_key).where(DeliveryRow.mandate_id == mandate.id)))
    periods = expected_periods(
        mandate.cadence, mandate.timezone, starts_on=mandate.starts_on, ends_on=mandate.ends_on, now=now
    )
    return _insert(session, mandate, [period for period in periods if period.key not in known])


def _insert(session: Session, mandate: MandateRow, periods: list[Period]) -> list[DeliveryRow]:
    """Insert first sequences; those that somebody else inserted at the same moment are left to them."""
    if not periods:
        return []
    statement = insert(DeliveryRow).on_conflict_do_nothing(
        index_elements=[DeliveryRow.mandate_id, DeliveryRow.period_key, DeliveryRow.sequence]
    )
    values = [_first(mandate, period) for period in periods]
    ids = list(session.execute(statement.values(values).returning(DeliveryRow.id)).scalars())
    query = select(DeliveryRow).where(DeliveryRow.id.in_(ids)).order_by(DeliveryRow.period_start)
    return list(session.scalars(query))


def _first(mandate: MandateRow, period: Period) -> dict[str, Any]:
    return {
        "id": new_id(),
        "mandate_id": mandate.id,
        "period_key": period.key,
        "period_start": period.start,
        "period_end": period.end,
        "sequence": 1,
        "state": DeliveryState.DUE.value,
        "due_at": period.due_at(mandate.due_days),
        "held_detail": {},
        "error_params": {},
        "findings": [],
        "failures": 0,
    }


def _tell_late(session: Session, now: datetime) -> None:
    """The late watchdog: one event for each delivery that passed its due date since the last look."""
    query = select(DeliveryRow).where(*deliveries.overdue(now), DeliveryRow.late_noted_at.is_(None))
    for row in session.scalars(query.with_for_update(of=DeliveryRow, skip_locked=True)):
        row.late_noted_at = now
        deliveries.tell(session, row)
