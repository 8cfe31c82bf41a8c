"""Is a correction safe? Decided while the raw bytes of what was published are still there, and kept with the delivery.

Whoever kept an earlier release holds both tables, so the new one is compared with every release of the period that was
ever published. What can no longer be compared is not safe: then the first release stands, with an erratum note.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import select

from cityharvest import ledger as books
from cityharvest.errors import ContractBroken, ObjectMissing, SealBroken
from cityharvest.ledger import Ledger
from cityharvest.ledger.deliveries import show
from cityharvest.models import DeliveryRow, ReleaseRow
from cityharvest.pipeline.relation import load_relation
from cityharvest.records import Delivery, Mandate, Release
from disclosure import DisclosureRefused, Preset, Spec, safe_correction

RAW_PURGED = "earlier-raw-purged"
RULES_CHANGED = "earlier-other-rules"
NOT_COMPARABLE = "earlier-not-comparable"


def judge_correction(
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    delivery: Delivery,
    mandate: Mandate,
    folder: Path,
    relation: str,
    spec: Spec,
    preset: Preset,
) -> dict[str, Any] | None:
    """Return ``{safe_correction, reason, compared_with}``, or None where nothing was published for the period."""
    verdict: dict[str, Any] | None = None
    for number, earlier in enumerate(_ever_published(ledger, delivery)):
        safe, reason = _compare(con, ledger, earlier, mandate, folder, relation, spec, preset, f"earlier_{number}")
        verdict = {"safe_correction": safe, "reason": reason, "compared_with": earlier.id}
        if not safe:
            return verdict
    return verdict


def _ever_published(ledger: Ledger, delivery: Delivery) -> list[Release]:
    query = (
        select(ReleaseRow)
        .join(DeliveryRow)
        .where(
            DeliveryRow.mandate_id == delivery.mandate_id,
            DeliveryRow.period_key == delivery.period,
            DeliveryRow.sequence < delivery.sequence,
            ReleaseRow.published_at.is_not(None),
        )
        .order_by(DeliveryRow.sequence)
    )
    with ledger.transaction() as session:
        return [books.release_value(row) for row in session.scalars(query)]


def _compare(
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    earlier: Release,
    mandate: Mandate,
    folder: Path,
    relation: str,
    spec: Spec,
    preset: Preset,
    name: str,
) -> tuple[bool, str]:
    proof = earlier.proof
    same_rules = proof["spec"] == spec.as_dict() and proof["preset"]["parameters"] == preset.public_parameters()
    if not same_rules:
        return False, RULES_CHANGED
    old = show(ledger, earlier.delivery_id)
    if any(part.purged_at is not None for part in old.parts):
        return False, RAW_PURGED
    try:
        loaded = load_relation(con, ledger, old, mandate, folder, name=name)
        change = safe_correction(con, loaded.relation, relation, spec, preset)
    except ObjectMissing:
        return False, RAW_PURGED
    except (ContractBroken, SealBroken, DisclosureRefused):
        return False, NOT_COMPARABLE
    return change.safe, str(change.reason)
