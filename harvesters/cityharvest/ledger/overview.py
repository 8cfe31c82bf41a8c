"""Answers over the whole ledger: what is published, what is late, whether the chain holds, whether all is well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityharvest import audit_log, db, migrations
from cityharvest.errors import HarvestError
from cityharvest.ledger import deliveries, mandates, views
from cityharvest.ledger.core import Ledger
from cityharvest.models import DeliveryRow, EventRow, MandateRow, ReleaseRow, RunRow
from cityharvest.states import DeliveryState
from datastrategy.audit import Head


def published_for(ledger: Ledger, organization_id: str) -> list[dict[str, Any]]:
    """Return what is published for a city; see ``cityharvest.api.published_for``."""
    query = (
        select(ReleaseRow.dataset_id, DeliveryRow.mandate_id, ReleaseRow.id, DeliveryRow.period_key)
        .join(DeliveryRow, ReleaseRow.delivery_id == DeliveryRow.id)
        .join(MandateRow, DeliveryRow.mandate_id == MandateRow.id)
        .where(DeliveryRow.state == DeliveryState.PUBLISHED.value, mandates.covers(organization_id))
        .order_by(MandateRow.slug, DeliveryRow.period_start)
    )
    names = ("dataset_id", "mandate_id", "release_id", "period")
    with ledger.transaction() as session:
        return [dict(zip(names, row, strict=True)) for row in session.execute(query)]


def late(ledger: Ledger, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return what is overdue, oldest due date first; see ``cityharvest.api.late``."""
    with ledger.transaction() as session:
        moment = now or db.now(session)
        query = select(DeliveryRow).where(*deliveries.overdue(moment)).order_by(DeliveryRow.due_at, DeliveryRow.id)
        return [_overdue(row) for row in session.scalars(query)]


def audit_head(ledger: Ledger) -> dict[str, Any]:
    """Return ``{seq, hash}`` of the audit chain."""
    with ledger.transaction() as session:
        return audit_log.audit_head(session)


def audit_verify(ledger: Ledger, heads: Iterable[Head] = ()) -> list[dict[str, Any]]:
    """Return the findings ``{seq, slug}``; see ``cityharvest.api.audit_verify``."""
    with ledger.transaction() as session:
        known = [*heads, *_kept_heads(session)]
        found = audit_log.verify_chain(session, known)
        return [{"seq": finding.seq, "slug": finding.slug.value} for finding in found]


def health(ledger: Ledger) -> dict[str, Any]:
    """Return the state of everything this process needs; see ``cityharvest.api.health``."""
    report: dict[str, Any] = {
        "ok": False,
        "database_ok": False,
        "schema_ok": False,
        "schema_found": None,
        "schema_expected": migrations.expected(),
        "storage_ok": _storage_ok(ledger),
        "waiting_events": None,
        "held": None,
        "late": None,
    }
    try:
        with db.translated():
            report["schema_found"] = migrations.current(ledger.database.engine)
        report["database_ok"] = True
        report["schema_ok"] = report["schema_found"] == report["schema_expected"]
        if report["schema_ok"]:
            report.update(_counts(ledger))
    except HarvestError as error:
        report["error"] = error.as_dict()
    report["ok"] = bool(report["database_ok"] and report["schema_ok"] and report["storage_ok"])
    return report


def _overdue(row: DeliveryRow) -> dict[str, Any]:
    mandate = views.mandate(row.mandate)
    return {
        "mandate_id": mandate.id,
        "mandate_slug": mandate.slug,
        "delivery_id": row.id,
        "period": row.period_key,
        "organization_ids": list(mandate.organization_ids),
        "company_id": mandate.company_organization_id,
        "due_at": row.due_at,
    }


def _kept_heads(session: Session) -> Iterator[Head]:
    """Heads that release proofs and run summaries carry."""
    for run in session.execute(select(RunRow.head_seq, RunRow.head_hash)):
        yield (run.head_seq, run.head_hash)
    for proof in session.scalars(select(ReleaseRow.proof)):
        head = proof.get("audit_head")
        if isinstance(head, Mapping):
            yield (int(head["seq"]), str(head["hash"]))


def _counts(ledger: Ledger) -> dict[str, int]:
    with ledger.transaction() as session:
        waiting = select(func.count()).select_from(EventRow).where(EventRow.delivered_at.is_(None))
        held = select(func.count()).select_from(DeliveryRow).where(DeliveryRow.state == DeliveryState.HELD.value)
        overdue = select(func.count()).select_from(DeliveryRow).where(*deliveries.overdue(db.clock()))
        return {
            "waiting_events": session.execute(waiting).scalar_one(),
            "held": session.execute(held).scalar_one(),
            "late": session.execute(overdue).scalar_one(),
        }


def _storage_ok(ledger: Ledger) -> bool:
    try:
        ledger.storage.ping()
    except HarvestError:
        return False
    return True
