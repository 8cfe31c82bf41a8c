"""Whether each part that the portal needs answers. A reason is a slug, never an address or an exception's text."""

from __future__ import annotations

from collections.abc import Callable

import ckan.plugins as p
import sqlalchemy as sa
from ckan import model
from ckan.lib import redis, search

from cityharvest import api

__all__ = ["check"]


def check() -> dict[str, str]:
    """Return part -> why it is not ready; an empty text means that it is."""
    ledger = _ledger()
    return {
        "database": _unless(_database, "database-unreachable"),
        "search": "" if search.is_available() else "search-unreachable",
        "redis": _unless(_redis, "redis-unreachable"),
        "datastore": _unless(_datastore, "datastore-unreachable") if p.plugin_loaded("datastore") else "",
        **ledger,
    }


def _ledger() -> dict[str, str]:
    try:
        found = api.health()
    except api.HarvestError as error:
        return {"ledger": error.code}
    return {
        "ledger": "" if found["database_ok"] else "ledger-unreachable",
        "ledger_schema": "" if found["schema_ok"] else "ledger-schema-outdated",
        "storage": "" if found["storage_ok"] else "storage-unreachable",
    }


def _unless(probe: Callable[[], object], reason: str) -> str:
    try:
        probe()
    except Exception:  # noqa: BLE001 - whatever a part raises means that it is not ready
        return reason
    return ""


def _database() -> None:
    model.Session.execute(sa.text("SELECT 1"))


def _redis() -> None:
    redis.connect_to_redis().ping()


def _datastore() -> None:
    from ckanext.datastore.backend.postgres import get_read_engine

    with get_read_engine().connect() as connection:
        connection.execute(sa.text("SELECT 1"))
