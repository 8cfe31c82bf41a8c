"""The migrations build exactly the tables that the models describe, and go back without a trace."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from ckan import model
from ckan.cli.cli import ckan


def our_tables():
    names = sa.inspect(model.meta.engine).get_table_names()
    return {name for name in names if name.startswith("datastrategy_")}


def is_ours(_item, name, kind, *_rest):
    return kind != "table" or (name.startswith("datastrategy_") and name != "datastrategy_alembic_version")


def test_models_and_migrations_agree(portal):
    with model.meta.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours, "compare_type": True})
        differences = compare_metadata(context, model.meta.metadata)
    assert differences == []


@pytest.fixture
def restored(portal, migrate_db_for):
    """Leaves the tables in place for the tests that follow."""
    yield
    migrate_db_for("datastrategy")


def test_downgrade_leaves_nothing_and_upgrade_brings_it_back(restored, cli, migrate_db_for):
    model.Session.remove()
    result = cli.invoke(ckan, ["db", "downgrade", "-p", "datastrategy", "-v", "base"])
    assert result.exit_code == 0, result.output
    assert our_tables() <= {"datastrategy_alembic_version"}
    migrate_db_for("datastrategy")
    assert {"datastrategy_case", "datastrategy_audit"} <= our_tables()
