"""The ledger's audit chain in its table; the rule of the chain is ``datastrategy.audit``.

Appends queue on one advisory lock that ends with the transaction: a chain has no forks and no gaps, and a state
change whose row cannot be written does not happen. Take every row lock first and append last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityharvest.db import clock
from cityharvest.models import AuditRowTable
from datastrategy.audit import GENESIS, AuditFinding, AuditRow, Head, next_row, verify

CHAIN: Final = "ledger"
#: Key of the advisory lock: the letters "CHld".
LOCK: Final = 0x43486C64


def append(session: Session, subject: str, event: str, actor: str, detail: Mapping[str, Any]) -> AuditRow:
    """Add one row to the chain, in the caller's transaction.

    Args:
        session: of the transaction that makes the change.
        subject: what changed, such as ``delivery:<id>``.
        event: one word or slug.
        actor: user id, ``source:<id>`` or a stage.
        detail: JSON; slugs, ids, hashes and counts, never contents or names of people.
    """
    session.flush()
    session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    seq, digest = head(session)
    at = session.execute(select(clock())).scalar_one().astimezone(UTC)
    row = next_row((seq, digest), chain=CHAIN, at=at, subject=subject, event=event, actor=actor, detail=dict(detail))
    session.add(
        AuditRowTable(
            chain=row.chain,
            seq=row.seq,
            at=row.at,
            subject=row.subject,
            event=row.event,
            actor=row.actor,
            detail=dict(row.detail),
            prev_hash=row.prev_hash,
            hash=row.hash,
        )
    )
    session.flush()
    return row


def head(session: Session) -> Head:
    """Return ``(seq, hash)`` of the last row."""
    last = session.execute(
        select(AuditRowTable.seq, AuditRowTable.hash)
        .where(AuditRowTable.chain == CHAIN)
        .order_by(AuditRowTable.seq.desc())
        .limit(1)
    ).first()
    return (last.seq, last.hash) if last is not None else (0, GENESIS)


def audit_head(session: Session) -> dict[str, Any]:
    """Return the head as proofs and summaries carry it: ``{seq, hash}``."""
    seq, digest = head(session)
    return {"seq": seq, "hash": digest}


def rows(session: Session, subject: str | None = None) -> Iterator[AuditRow]:
    """Yield the chain in order, all of it or what is about one subject."""
    query = select(AuditRowTable).where(AuditRowTable.chain == CHAIN).order_by(AuditRowTable.seq)
    if subject is not None:
        query = query.where(AuditRowTable.subject == subject)
    for one in session.scalars(query.execution_options(yield_per=1000)):
        yield AuditRow(
            chain=one.chain,
            seq=one.seq,
            at=one.at.astimezone(UTC),
            subject=one.subject,
            event=one.event,
            actor=one.actor,
            detail=one.detail,
            prev_hash=one.prev_hash,
            hash=one.hash,
        )


def verify_chain(session: Session, heads: Iterable[Head] = ()) -> list[AuditFinding]:
    """Return what is wrong with the stored chain, against heads kept elsewhere."""
    return verify(rows(session), heads)
