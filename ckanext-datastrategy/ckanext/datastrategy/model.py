"""Tables of the data strategy: roles, assessments with their verdicts, cases, and the audit chain of the cases.

Boundary: mandates and deliveries are not here, the ledger of ``cityharvest`` owns them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import uuid4

import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

__all__ = ["Assessment", "Audit", "Case", "Role", "Verdict"]


def _new_id() -> str:
    return str(uuid4())


class Role(tk.BaseModel):
    """What a user does for an organization, beside CKAN's capacities."""

    __tablename__ = "datastrategy_role"
    __table_args__ = (sa.UniqueConstraint("organization_id", "user_id", "role", name="datastrategy_role_once"),)

    id: Mapped[str] = mapped_column(sa.Text, primary_key=True, default=_new_id)
    organization_id: Mapped[str] = mapped_column(sa.Text, index=True)
    user_id: Mapped[str] = mapped_column(sa.Text, index=True)
    role: Mapped[str] = mapped_column(sa.Text)
    granted_by: Mapped[str] = mapped_column(sa.Text)
    granted_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())


class Assessment(tk.BaseModel):
    """One report on one organization. The latest is in force; older ones are its history."""

    __tablename__ = "datastrategy_assessment"
    __table_args__ = (sa.Index("datastrategy_assessment_latest", "organization_id", "profile_id", "assessed_at"),)

    id: Mapped[str] = mapped_column(sa.Text, primary_key=True, default=_new_id)
    organization_id: Mapped[str] = mapped_column(sa.Text)
    profile_id: Mapped[str] = mapped_column(sa.Text)
    profile_version: Mapped[str] = mapped_column(sa.Text)
    as_of: Mapped[date] = mapped_column(sa.Date)
    fingerprint: Mapped[str] = mapped_column(sa.Text)
    assessed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp())
    checked_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp())
    verdicts: Mapped[list[Verdict]] = relationship(order_by="Verdict.position", cascade="all, delete-orphan")


class Verdict(tk.BaseModel):
    """Outcome of one requirement in one assessment."""

    __tablename__ = "datastrategy_verdict"

    assessment_id: Mapped[str] = mapped_column(
        sa.ForeignKey("datastrategy_assessment.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    requirement_id: Mapped[str] = mapped_column(sa.Text)
    status: Mapped[str] = mapped_column(sa.Text)
    optional: Mapped[bool] = mapped_column(sa.Boolean)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    dataset_ids: Mapped[list[str]] = mapped_column(JSONB)


class Case(tk.BaseModel):
    """Something missing, with an owner, a date, steps and an end; at most one open case per subject."""

    __tablename__ = "datastrategy_case"
    __table_args__ = (
        sa.Index(
            "datastrategy_case_one_open",
            "subject_kind",
            "subject_owner",
            "subject_item",
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("datastrategy_case_organizations", "organization_ids", postgresql_using="gin"),
    )

    id: Mapped[str] = mapped_column(sa.Text, primary_key=True, default=_new_id)
    subject_kind: Mapped[str] = mapped_column(sa.Text)
    subject_owner: Mapped[str] = mapped_column(sa.Text)
    subject_item: Mapped[str] = mapped_column(sa.Text)
    organization_ids: Mapped[list[str]] = mapped_column(JSONB)
    owner_organization_id: Mapped[str | None] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.Text, default="open")
    opened_on: Mapped[date] = mapped_column(sa.Date)
    due_on: Mapped[date] = mapped_column(sa.Date)
    closed_on: Mapped[date | None] = mapped_column(sa.Date)
    closed_reason: Mapped[str | None] = mapped_column(sa.Text)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class Audit(tk.BaseModel):
    """One row of the hash chain ``cases``; rows are only ever added."""

    __tablename__ = "datastrategy_audit"

    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    chain: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    subject: Mapped[str] = mapped_column(sa.Text)
    event: Mapped[str] = mapped_column(sa.Text)
    actor: Mapped[str] = mapped_column(sa.Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    prev_hash: Mapped[str] = mapped_column(sa.Text)
    hash: Mapped[str] = mapped_column(sa.Text)
