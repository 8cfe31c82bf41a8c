"""Tables of what arrived: deliveries, their sealed parts, every attempt, every decision of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, exists, or_
from sqlalchemy.orm import Mapped, aliased, column_property, mapped_column, relationship

from cityharvest.models.base import Base, Json, Key, Moment, Recorded
from cityharvest.models.mandates import MandateRow, SourceRow
from cityharvest.states import DeliveryState

_STATES = ", ".join(f"'{state}'" for state in DeliveryState)


class DeliveryRow(Base):
    """One row per (mandate, period, sequence)."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("mandate_id", "period_key", "sequence"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(state = 'held') = (held_from IS NOT NULL)", name="held_from"),
        Index("ix_delivery_state_retry_at", "state", "retry_at"),
    )

    id: Mapped[Key]
    mandate_id: Mapped[str] = mapped_column(ForeignKey(MandateRow.id), index=True)
    period_key: Mapped[str]
    period_start: Mapped[Moment]
    period_end: Mapped[Moment]
    sequence: Mapped[int]
    state: Mapped[str] = mapped_column(default=DeliveryState.DUE.value)
    due_at: Mapped[Moment] = mapped_column(index=True)
    received_at: Mapped[Moment | None]
    sender: Mapped[str | None]
    sha256: Mapped[str | None]
    nil_reason: Mapped[str | None]
    held_from: Mapped[str | None]
    held_reason: Mapped[str | None]
    held_detail: Mapped[Json] = mapped_column(default=dict)
    error_code: Mapped[str | None]
    error_params: Mapped[Json] = mapped_column(default=dict)
    findings: Mapped[list[Any]] = mapped_column(default=list)
    failures: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[Moment | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[Moment | None]
    late_noted_at: Mapped[Moment | None]
    created_at: Mapped[Recorded]
    mandate: Mapped[MandateRow] = relationship(lazy="joined", innerjoin=True)
    if TYPE_CHECKING:
        answered: Mapped[bool]


_other = aliased(DeliveryRow)
#: Another delivery of the same period took this one's place, or the period is published: nothing is owed here.
DeliveryRow.answered = column_property(
    exists()
    .where(
        _other.mandate_id == DeliveryRow.mandate_id,
        _other.period_key == DeliveryRow.period_key,
        or_(_other.sequence > DeliveryRow.sequence, _other.state == DeliveryState.PUBLISHED.value),
    )
    .correlate_except(_other)
)


class PartRow(Base):
    """One sealed object of a delivery; hashes and size without a prefix are those of the plaintext."""

    __tablename__ = "part"
    __table_args__ = (UniqueConstraint("delivery_id", "ordinal"), UniqueConstraint("delivery_id", "label"))

    id: Mapped[Key]
    delivery_id: Mapped[str] = mapped_column(ForeignKey(DeliveryRow.id))
    ordinal: Mapped[int]
    object_name: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sealed_sha256: Mapped[str]
    sealed_bytes: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str]
    filename: Mapped[str | None]
    label: Mapped[str | None]
    received_at: Mapped[Recorded]
    purge_at: Mapped[Moment] = mapped_column(index=True)
    purged_at: Mapped[Moment | None]


class AttemptRow(Base):
    """One try of one stage: an outcome, or an error code with its params."""

    __tablename__ = "attempt"

    id: Mapped[Key]
    delivery_id: Mapped[str | None] = mapped_column(ForeignKey(DeliveryRow.id), index=True)
    source_id: Mapped[str | None] = mapped_column(ForeignKey(SourceRow.id), index=True)
    stage: Mapped[str]
    worker: Mapped[str]
    started_at: Mapped[Recorded]
    ended_at: Mapped[Moment | None]
    outcome: Mapped[str | None]
    error_code: Mapped[str | None]
    error_params: Mapped[Json] = mapped_column(default=dict)


class ObjectRow(Base):
    """Every object we ever began to write, noted before its first byte.

    ``named_at`` is set in the transaction that gives it to a part or release; what stays unnamed is swept.
    """

    __tablename__ = "stored_object"

    name: Mapped[str] = mapped_column(primary_key=True)
    attempt_id: Mapped[str | None] = mapped_column(ForeignKey(AttemptRow.id))
    recorded_at: Mapped[Recorded]
    named_at: Mapped[Moment | None]
    removed_at: Mapped[Moment | None]


class DecisionRow(Base):
    """What a person decided about a held delivery, and for which reason it was held."""

    __tablename__ = "decision"

    id: Mapped[Key]
    delivery_id: Mapped[str] = mapped_column(ForeignKey(DeliveryRow.id), index=True)
    reason: Mapped[str]
    decision: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str]
    at: Mapped[Recorded]
