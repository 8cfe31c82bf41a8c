"""Alembic environment of the tables ``datastrategy_*``; CKAN sets the database address."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import context
from ckan.model.meta import metadata

NAME = Path(__file__).parent.name
OPTIONS = {
    "target_metadata": metadata,
    "version_table": f"{NAME}_alembic_version",
    "include_object": lambda _item, name, kind, *_rest: kind != "table" or name.startswith(NAME),
}


def run() -> None:
    """Run the migrations against the database, or print their SQL when Alembic is offline."""
    if context.is_offline_mode():
        context.configure(url=context.config.get_main_option("sqlalchemy.url"), literal_binds=True, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()
        return
    section = context.config.get_section(context.config.config_ini_section) or {}
    engine = sa.engine_from_config(section, prefix="sqlalchemy.", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


run()
