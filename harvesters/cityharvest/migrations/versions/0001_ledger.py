"""The ledger: mandates, sources, deliveries, releases, the audit chain, the outbox.

Revision: 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "cityharvest"


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "audit",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_audit")),
        schema=SCHEMA,
    )
    op.create_index("ix_audit_subject", "audit", ["subject"], unique=False, schema=SCHEMA)
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("organization_ids", JSONB(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_event_waiting",
        "event",
        ["id"],
        unique=False,
        schema=SCHEMA,
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "mandate",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", JSONB(), nullable=False),
        sa.Column("company_organization_id", sa.String(), nullable=False),
        sa.Column("lead_organization_id", sa.String(), nullable=False),
        sa.Column("legal_basis", JSONB(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("contract", JSONB(), nullable=False),
        sa.Column("product", JSONB(), nullable=False),
        sa.Column("preset_id", sa.String(), nullable=False),
        sa.Column("preset_parameters", JSONB(), nullable=False),
        sa.Column("raw_retention_days", sa.Integer(), nullable=False),
        sa.Column("first_release_approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
        sa.UniqueConstraint("slug", name=op.f("uq_mandate_slug")),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_cityharvest_mandate_company_organization_id"),
        "mandate",
        ["company_organization_id"],
        unique=False,
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_cityharvest_mandate_lead_organization_id"),
        "mandate",
        ["lead_organization_id"],
        unique=False,
        schema=SCHEMA,
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("summary", JSONB(), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        schema=SCHEMA,
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("mandate_id", sa.String(length=36), nullable=False),
        sa.Column("period_key", sa.String(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("nil_reason", sa.String(), nullable=True),
        sa.Column("held_from", sa.String(), nullable=True),
        sa.Column("held_reason", sa.String(), nullable=True),
        sa.Column("held_detail", JSONB(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_params", JSONB(), nullable=False),
        sa.Column("findings", JSONB(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'held') = (held_from IS NOT NULL)", name=op.f("ck_delivery_held_from")),
        sa.CheckConstraint(
            "state IN ('due', 'received', 'checked', 'cleared', 'released', 'published', 'rejected', 'held', 'nil', 'superseded', 'withdrawn')",
            name=op.f("ck_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["cityharvest.mandate.id"], name=op.f("fk_delivery_mandate_id_mandate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "mandate_id", "period_key", "sequence", name=op.f("uq_delivery_mandate_id_period_key_sequence")
        ),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_cityharvest_delivery_due_at"), "delivery", ["due_at"], unique=False, schema=SCHEMA)
    op.create_index(op.f("ix_cityharvest_delivery_mandate_id"), "delivery", ["mandate_id"], unique=False, schema=SCHEMA)
    op.create_index("ix_delivery_state_retry_at", "delivery", ["state", "retry_at"], unique=False, schema=SCHEMA)
    op.create_table(
        "mandate_city",
        sa.Column("mandate_id", sa.String(length=36), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["cityharvest.mandate.id"], name=op.f("fk_mandate_city_mandate_id_mandate")
        ),
        sa.PrimaryKeyConstraint("mandate_id", "organization_id", name=op.f("pk_mandate_city")),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_cityharvest_mandate_city_organization_id"),
        "mandate_city",
        ["organization_id"],
        unique=False,
        schema=SCHEMA,
    )
    op.create_table(
        "source",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("mandate_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("config", JSONB(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("memory", JSONB(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["mandate_id"], ["cityharvest.mandate.id"], name=op.f("fk_source_mandate_id_mandate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_cityharvest_source_mandate_id"), "source", ["mandate_id"], unique=False, schema=SCHEMA)
    op.create_index(
        "ix_source_next_run_at",
        "source",
        ["next_run_at"],
        unique=False,
        schema=SCHEMA,
        postgresql_where=sa.text("enabled"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=True),
        sa.Column("source_id", sa.String(length=36), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_params", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["cityharvest.delivery.id"], name=op.f("fk_attempt_delivery_id_delivery")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["cityharvest.source.id"], name=op.f("fk_attempt_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_cityharvest_attempt_delivery_id"), "attempt", ["delivery_id"], unique=False, schema=SCHEMA)
    op.create_index(op.f("ix_cityharvest_attempt_source_id"), "attempt", ["source_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "decision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["cityharvest.delivery.id"], name=op.f("fk_decision_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_cityharvest_decision_delivery_id"), "decision", ["delivery_id"], unique=False, schema=SCHEMA
    )
    op.create_table(
        "part",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("object_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sealed_sha256", sa.String(), nullable=False),
        sa.Column("sealed_bytes", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("purge_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["cityharvest.delivery.id"], name=op.f("fk_part_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part")),
        sa.UniqueConstraint("delivery_id", "label", name=op.f("uq_part_delivery_id_label")),
        sa.UniqueConstraint("delivery_id", "ordinal", name=op.f("uq_part_delivery_id_ordinal")),
        sa.UniqueConstraint("object_name", name=op.f("uq_part_object_name")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_cityharvest_part_purge_at"), "part", ["purge_at"], unique=False, schema=SCHEMA)
    op.create_table(
        "release",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.Column("resource_ids", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["cityharvest.delivery.id"], name=op.f("fk_release_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_release_delivery_id")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_cityharvest_release_dataset_id"), "release", ["dataset_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "release_file",
        sa.Column("release_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("object_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["cityharvest.release.id"], name=op.f("fk_release_file_release_id_release")
        ),
        sa.PrimaryKeyConstraint("release_id", "name", name=op.f("pk_release_file")),
        sa.UniqueConstraint("object_name", name=op.f("uq_release_file_object_name")),
        schema=SCHEMA,
    )
    op.create_table(
        "stored_object",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.String(length=36), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["cityharvest.attempt.id"], name=op.f("fk_stored_object_attempt_id_attempt")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_stored_object")),
        schema=SCHEMA,
    )
    op.create_table(
        "tombstone",
        sa.Column("release_id", sa.String(length=36), nullable=False),
        sa.Column("mandate_id", sa.String(), nullable=False),
        sa.Column("period_key", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.Column("resource_ids", JSONB(), nullable=False),
        sa.Column("file_hashes", JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["cityharvest.release.id"], name=op.f("fk_tombstone_release_id_release")
        ),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_tombstone")),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_cityharvest_tombstone_mandate_id"), "tombstone", ["mandate_id"], unique=False, schema=SCHEMA
    )
