"""The audit chain ``cases``: one row per change of a case, hashed by :mod:`datastrategy.audit`.

Appending serializes on an advisory lock of the transaction, so that two workers never write the same place. The caller
commits, together with the change that the row is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from ckan import model

from ckanext.datastrategy.model import Audit
from datastrategy import audit

__all__ = ["CHAIN", "append", "head", "lock", "verify"]

CHAIN = "cases"
# Any number, as long as no other lock of this database uses it: the ASCII codes of "dscase".
_LOCK = 0x647363617365


def lock() -> None:
    """Wait for the lock of the chain and hold it to the end of the transaction."""
    model.Session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def append(*, subject: str, event: str, actor: str, detail: Mapping[str, Any]) -> audit.AuditRow:
    """Add one row to the chain in the current transaction; the time is the database's."""
    lock()
    model.Session.flush()
    at = model.Session.scalars(sa.select(sa.func.clock_timestamp())).one()
    row = audit.next_row(
        head(), chain=CHAIN, at=at.astimezone(UTC), subject=subject, event=event, actor=actor, detail=dict(detail)
    )
    model.Session.add(
        Audit(
            seq=row.seq,
            chain=row.chain,
            at=row.at,
            subject=row.subject,
            event=row.event,
            actor=row.actor,
            detail=dict(row.detail),
            prev_hash=row.prev_hash,
            hash=row.hash,
        )
    )
    model.Session.flush()
    return row


def head() -> audit.Head:
    """Return number and hash of the last row; ``(0, GENESIS)`` of an empty chain."""
    last = model.Session.scalars(sa.select(Audit).order_by(Audit.seq.desc()).limit(1)).first()
    return (0, audit.GENESIS) if last is None else (last.seq, last.hash)


def verify(heads: Iterable[audit.Head] = ()) -> list[audit.AuditFinding]:
    """Return what is wrong with the chain, empty when it holds.

    Args:
        heads: Heads written down earlier, outside this database: only they show that the end was cut off.
    """
    rows = model.Session.scalars(sa.select(Audit).order_by(Audit.seq).execution_options(populate_existing=True))
    return audit.verify([_row(item) for item in rows], heads)


def _row(item: Audit) -> audit.AuditRow:
    at: datetime = item.at
    return audit.AuditRow(
        chain=item.chain,
        seq=item.seq,
        at=at.astimezone(UTC),
        subject=item.subject,
        event=item.event,
        actor=item.actor,
        detail=item.detail,
        prev_hash=item.prev_hash,
        hash=item.hash,
    )
