"""Roles, assessments, verdicts, cases and the audit chain.

Revision ID: 0001
Revises: -
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _moment(name: str, *, now: bool = True) -> sa.Column:
    default = sa.func.clock_timestamp() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=default)


def upgrade() -> None:
    op.create_table(
        "datastrategy_role",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("organization_id", sa.Text, nullable=False, index=True),
        sa.Column("user_id", sa.Text, nullable=False, index=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        _moment("granted_at"),
        sa.UniqueConstraint("organization_id", "user_id", "role", name="datastrategy_role_once"),
        sa.CheckConstraint("role IN ('officer', 'steward', 'dpo', 'sender')", name="datastrategy_role_known"),
    )
    op.create_table(
        "datastrategy_assessment",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("profile_id", sa.Text, nullable=False),
        sa.Column("profile_version", sa.Text, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        _moment("assessed_at"),
        _moment("checked_at"),
    )
    op.create_index(
        "datastrategy_assessment_latest", "datastrategy_assessment", ["organization_id", "profile_id", "assessed_at"]
    )
    op.create_table(
        "datastrategy_verdict",
        sa.Column(
            "assessment_id",
            sa.Text,
            sa.ForeignKey("datastrategy_assessment.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("requirement_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("optional", sa.Boolean, nullable=False),
        sa.Column("findings", JSONB, nullable=False),
        sa.Column("dataset_ids", JSONB, nullable=False),
    )
    op.create_table(
        "datastrategy_case",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_owner", sa.Text, nullable=False),
        sa.Column("subject_item", sa.Text, nullable=False),
        sa.Column("organization_ids", JSONB, nullable=False),
        sa.Column("owner_organization_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.Column("closed_reason", sa.Text),
        sa.Column("steps", JSONB, nullable=False),
        sa.CheckConstraint("(state = 'open') = (closed_on IS NULL)", name="datastrategy_case_ends"),
        sa.CheckConstraint("state IN ('open', 'closed')", name="datastrategy_case_state"),
    )
    op.create_index(
        "datastrategy_case_one_open",
        "datastrategy_case",
        ["subject_kind", "subject_owner", "subject_item"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "datastrategy_case_organizations", "datastrategy_case", ["organization_ids"], postgresql_using="gin"
    )
    op.create_table(
        "datastrategy_audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("chain", sa.Text, nullable=False),
        _moment("at", now=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("detail", JSONB, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("audit", "case", "verdict", "assessment", "role"):
        op.drop_table(f"datastrategy_{table}")
