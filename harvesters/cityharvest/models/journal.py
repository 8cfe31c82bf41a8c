"""Tables of what happened: the audit chain, the events for the portal, the summaries of runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from cityharvest.models.base import Base, Json, Key, Moment, Recorded


class AuditRowTable(Base):
    """One link of the hash chain. ``detail`` is JSON text, not JSONB, so that it is read back as hashed."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject"),)

    chain: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    subject: Mapped[str]
    event: Mapped[str]
    actor: Mapped[str]
    detail: Mapped[Json] = mapped_column(JSON)
    prev_hash: Mapped[str]
    hash: Mapped[str]


class EventRow(Base):
    """The outbox towards the portal: written with the change it tells of, kept until it was taken."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_waiting", "id", postgresql_where=text("delivered_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    organization_ids: Mapped[list[Any]]
    payload: Mapped[Json]
    created_at: Mapped[Recorded]
    tries: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[Moment | None]
    last_error: Mapped[str | None]
    delivered_at: Mapped[Moment | None]


class RunRow(Base):
    """Summary of one run, with the head of the audit chain at its end."""

    __tablename__ = "run"

    id: Mapped[Key]
    stage: Mapped[str]
    worker: Mapped[str]
    started_at: Mapped[Moment]
    ended_at: Mapped[Recorded]
    summary: Mapped[Json]
    head_seq: Mapped[int] = mapped_column(BigInteger)
    head_hash: Mapped[str]
