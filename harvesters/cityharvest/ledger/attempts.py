"""Attempts (what every single try met) and the list of objects that a try began to write.

An object is on the list before its first byte is written, and is named in the transaction that gives it to a
part or a release. What is on the list without a name is what the sweep removes: no storage is ever scanned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityharvest.db import clock, seconds_from_now
from cityharvest.errors import HarvestError, StorageUnavailable
from cityharvest.ledger.core import Ledger
from cityharvest.models import AttemptRow, ObjectRow, new_id
from cityharvest.states import AttemptOutcome


def begin(
    session: Session, *, stage: str, worker: str, delivery_id: str | None = None, source_id: str | None = None
) -> str:
    """Note the start of a try; return its id."""
    row = AttemptRow(id=new_id(), stage=stage, worker=worker, delivery_id=delivery_id, source_id=source_id)
    session.add(row)
    session.flush()
    return row.id


def end(
    session: Session,
    attempt_id: str,
    outcome: AttemptOutcome | None = None,
    *,
    error: HarvestError | None = None,
    delivery_id: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> None:
    """Note what a try met: an outcome, or an error with its code and params. The first end stays."""
    row = session.get_one(AttemptRow, attempt_id, with_for_update=True)
    if row.ended_at is not None:
        return
    row.ended_at = session.execute(select(clock())).scalar_one()
    row.outcome = outcome.value if outcome is not None else None
    row.delivery_id = delivery_id or row.delivery_id
    row.error_params = dict(params or {})
    if error is not None:
        row.error_code, row.error_params = error.code, dict(error.params)


def note_object(session: Session, name: str, attempt_id: str | None) -> None:
    """Put an object on the list; commit this before writing its first byte."""
    session.add(ObjectRow(name=name, attempt_id=attempt_id))


def name_object(session: Session, name: str) -> None:
    """Give an object its place: it is now part of a delivery or release, and the sweep leaves it.

    Raises:
        StorageUnavailable: the sweep was faster, the upload took too long.
    """
    row = session.get_one(ObjectRow, name, with_for_update=True)
    if row.removed_at is not None:
        raise StorageUnavailable("object-swept", object=name)
    row.named_at = session.execute(select(clock())).scalar_one()


def note_removed(session: Session, name: str) -> None:
    """Note that an object is gone."""
    row = session.get(ObjectRow, name, with_for_update=True)
    if row is not None and row.removed_at is None:
        row.removed_at = session.execute(select(clock())).scalar_one()


def sweep(ledger: Ledger, *, older_than_seconds: int | None = None, limit: int = 1000) -> list[str]:
    """Remove objects that were begun long ago and that no part or release names; return their names.

    Args:
        ledger: which.
        older_than_seconds: age by the database's clock; must be longer than an upload takes.
        limit: at most so many.
    """
    age = ledger.settings.sweep_after_seconds if older_than_seconds is None else older_than_seconds
    query = (
        select(ObjectRow)
        .where(
            ObjectRow.named_at.is_(None),
            ObjectRow.removed_at.is_(None),
            ObjectRow.recorded_at <= seconds_from_now(-age),
        )
        .order_by(ObjectRow.recorded_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    removed: list[str] = []
    while len(removed) < limit:
        with ledger.transaction() as session:
            row = session.scalars(query).one_or_none()
            if row is None:
                break
            ledger.storage.remove(row.name)
            note_removed(session, row.name)
            removed.append(row.name)
    return removed
