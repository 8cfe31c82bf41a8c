"""Alembic's entry: runs on the connection that ``migrations.upgrade`` hands over."""

from __future__ import annotations

from alembic import context

from cityharvest.migrations import VERSION_TABLE
from cityharvest.models import SCHEMA, Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    version_table_schema=SCHEMA,
    include_schemas=True,
    compare_server_default=True,
    transaction_per_migration=False,
)
context.run_migrations()
