"""The officers' report of disclosure control, beside each candidate release.

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = "cityharvest"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "disclosure_report",
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("opening", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["cityharvest.delivery.id"], name=op.f("fk_disclosure_report_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_disclosure_report")),
        schema=SCHEMA,
    )
