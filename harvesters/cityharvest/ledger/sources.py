"""Sources in the ledger: where a mandate's deliveries are pulled from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from cityharvest import audit_log
from cityharvest.errors import NotFound
from cityharvest.ledger import mandates, views
from cityharvest.ledger.core import Ledger
from cityharvest.models import SourceRow, new_id
from cityharvest.records import Source


def create(ledger: Ledger, mandate_id: str, kind: str, config: Mapping[str, Any], actor: str) -> Source:
    """Add a source; see ``cityharvest.api.source_create``."""
    ledger.check_source(kind, config)
    with ledger.transaction() as session:
        mandate = mandates.get(session, mandate_id)
        row = SourceRow(id=new_id(), mandate_id=mandate.id, kind=kind, config=dict(config), created_by=actor)
        session.add(row)
        detail = {"mandate": mandate.id, "kind": kind}
        audit_log.append(session, f"source:{row.id}", "create", actor, detail)
        return views.source(row)


def update(
    ledger: Ledger,
    source_id: str,
    actor: str,
    *,
    config: Mapping[str, Any] | None = None,
    enabled: bool | None = None,
) -> Source:
    """Change a source; see ``cityharvest.api.source_update``."""
    with ledger.transaction() as session:
        row = session.get(SourceRow, source_id, with_for_update=True)
        if row is None:
            raise NotFound(kind="source", id=source_id)
        if config is not None:
            ledger.check_source(row.kind, config)
            # Another configuration is another place: validators and times of the old one mean nothing there.
            row.config, row.memory, row.next_run_at = dict(config), {}, None
        if enabled is not None:
            row.enabled = enabled
        detail = {"config": config is not None, "enabled": row.enabled}
        audit_log.append(session, f"source:{row.id}", "update", actor, detail)
        return views.source(row)


def show(ledger: Ledger, source_id: str) -> Source:
    """Return a source. Raises ``NotFound``."""
    with ledger.transaction() as session:
        row = session.get(SourceRow, source_id)
        if row is None:
            raise NotFound(kind="source", id=source_id)
        return views.source(row)


def listing(ledger: Ledger, mandate_id: str | None = None) -> list[Source]:
    """Return the sources of a mandate (id or slug), or all, oldest first."""
    query = select(SourceRow).order_by(SourceRow.created_at, SourceRow.id)
    with ledger.transaction() as session:
        if mandate_id is not None:
            query = query.where(SourceRow.mandate_id == mandates.get(session, mandate_id).id)
        return [views.source(row) for row in session.scalars(query)]
