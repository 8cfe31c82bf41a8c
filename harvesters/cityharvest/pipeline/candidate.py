"""From sealed bytes to a candidate release in a private folder: unseal, check, protect, gate, write.

Nothing here leaves the folder. Whether the candidate becomes a release is decided by ``approval``.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cityharvest import audit_log
from cityharvest import ledger as books
from cityharvest.errors import ConfigurationError
from cityharvest.ledger import Ledger
from cityharvest.models import MandateRow
from cityharvest.pipeline.approval import Hold, candidate_summary, needed_hold
from cityharvest.pipeline.correction import judge_correction
from cityharvest.pipeline.relation import load_relation
from cityharvest.pipeline.specification import preset_of, spec_of
from cityharvest.points import Point, reach
from cityharvest.records import Delivery, Mandate
from cityharvest.states import DeliveryState
from disclosure import Cleared, gate, protect, release
from disclosure.engine import connect

#: Ours, drawn once; a delivery always asks for the same release id.
_NAMESPACE: Final = uuid.UUID("1c3f7b7e-52a8-5c56-8a55-5d3a5a0a9f42")
TABLE: Final = "data.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release as it would be: its files, its proof, how many rows went in, and why it waits."""

    release_id: str
    folder: Path
    proof: Mapping[str, Any]
    rows: int
    hold: Hold | None


def compute(
    ledger: Ledger,
    delivery: Delivery,
    folder: Path,
    *,
    step: Callable[..., None],
    check: Callable[[], None],
) -> Candidate:
    """Compute the candidate release of a delivery.

    Args:
        ledger: with storage, identity and site key.
        delivery: leased, with its parts.
        folder: private work folder.
        step: told when the delivery has been checked and when it is cleared.
        check: raises ``LeaseLost`` once another worker has taken over.

    Raises:
        ContractBroken, SealBroken, DisclosureError, HarvestError: see ``verdict.verdict_of``.
    """
    with ledger.transaction() as session:
        mandate = books.mandate_value(session.get_one(MandateRow, delivery.mandate_id))
    cleared, rows, correction = _clear(ledger, delivery, mandate, folder, step, check)
    release_id = str(uuid.uuid5(_NAMESPACE, delivery.id))
    with ledger.transaction() as session:
        context = _context(delivery, mandate) | {"audit_head": audit_log.audit_head(session)}
    target = folder / "release"
    proof = release.write(
        target,
        cleared,
        cleared.spec,
        cleared.preset,
        release_id=release_id,
        input_hmac=_input_hmac(ledger, delivery),
        extra=context,
    )
    summary = candidate_summary(cleared, proof.outputs[TABLE].sha256)
    with ledger.transaction() as session:
        hold = needed_hold(session, delivery, mandate, summary, correction)
    return Candidate(release_id=release_id, folder=target, proof=proof.as_dict(), rows=rows, hold=hold)


def _clear(
    ledger: Ledger,
    delivery: Delivery,
    mandate: Mandate,
    folder: Path,
    step: Callable[..., None],
    check: Callable[[], None],
) -> tuple[Cleared, int, dict[str, Any] | None]:
    """Return what the gate let through, the rows that went in, and the verdict on a correction."""
    preset = preset_of(mandate)
    spec = spec_of(mandate, preset)
    with closing(connect(folder, ledger.settings.duckdb_memory)) as con:
        loaded = load_relation(con, ledger, delivery, mandate, folder, name="delivery")
        reach(Point.UNSEALED)
        check()
        step(DeliveryState.CHECKED, loaded.findings)
        reach(Point.CHECKED)
        protected = protect(con, loaded.relation, spec, preset)
        reach(Point.PROTECTED)
        cleared = gate(con, loaded.relation, protected, spec, preset)
        reach(Point.GATED)
        check()
        step(DeliveryState.CLEARED)
        reach(Point.CLEARED)
        correction = judge_correction(con, ledger, delivery, mandate, folder, loaded.relation, spec, preset)
    return cleared, loaded.rows, correction


def _context(delivery: Delivery, mandate: Mandate) -> dict[str, Any]:
    """Public context of the proof: ids and names that the dataset shows as well."""
    return {
        "mandate": mandate.slug,
        "mandate_id": mandate.id,
        "period": delivery.period,
        "sequence": delivery.sequence,
        "legal_basis": {"title": dict(mandate.legal_basis["title"]), "url": mandate.legal_basis["url"]},
    }


def _input_hmac(ledger: Ledger, delivery: Delivery) -> str:
    """HMAC of the delivery's hash under the site key: it binds the proof to the input and tells nobody anything."""
    path = ledger.settings.require_path("site_key_file")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigurationError("site-key-unreadable", name="CITYHARVEST_SITE_KEY_FILE") from error
    if len(key) < 32:
        raise ConfigurationError("site-key-unreadable", name="CITYHARVEST_SITE_KEY_FILE")
    return hmac.new(key, str(delivery.sha256).encode("ascii"), hashlib.sha256).hexdigest()
