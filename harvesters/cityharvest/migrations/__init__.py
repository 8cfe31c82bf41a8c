"""Migrations of the ledger's schema (Alembic, configured here; no ini file).

The version table lies in the schema itself, so that the ledger may live in any database. A process that finds
another schema than its own says so and does nothing (``SchemaOutdated``).
"""

from __future__ import annotations

from functools import lru_cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, inspect, select, text

from cityharvest.errors import SchemaOutdated
from cityharvest.models.base import SCHEMA

VERSION_TABLE = "alembic_version"
#: Key of the advisory lock that lets one upgrade run at a time: the letters "CHup".
LOCK = 0x43487570


def upgrade(engine: Engine) -> str:
    """Bring the schema to the newest version, in one transaction; return that version. Idempotent.

    Raises:
        SchemaOutdated: the schema is newer than this code.
    """
    with engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        found = _version(connection)
        if found is not None and found not in _known():
            raise SchemaOutdated("schema-newer", found=found, expected=expected())
        if SCHEMA not in inspect(connection).get_schema_names():
            connection.execute(text(f'CREATE SCHEMA "{SCHEMA}"'))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return expected()


def current(engine: Engine) -> str | None:
    """Return the version of the schema, None when there is none."""
    with engine.connect() as connection:
        return _version(connection)


@lru_cache(maxsize=1)
def expected() -> str:
    """Return the version that this code was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the package has no migrations")
    return head


def require_current(engine: Engine) -> None:
    """Raise ``SchemaOutdated`` unless the schema has the expected version."""
    found = current(engine)
    if found != expected():
        code = "schema-newer" if found is not None and found not in _known() else None
        raise SchemaOutdated(code, found=found or "-", expected=expected())


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE, schema=SCHEMA):
        return None
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "version_table_schema": SCHEMA}
    )
    return context.get_current_revision()


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "cityharvest:migrations")
    return config
