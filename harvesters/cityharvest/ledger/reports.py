"""Officers' reports of disclosure control: kept for the latest candidate of a delivery, shown to officers only.

What opens the proof's commitment is sealed for the pipeline before it comes here: with the nonce alone whoever reads
the database could try the few sensible values of the secret rules.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cityharvest.errors import NotFound
from cityharvest.ledger.core import Ledger
from cityharvest.models import DisclosureReportRow
from cityharvest.seal import seal, unseal


def store(
    session: Session, delivery_id: str, content: Mapping[str, Any], opening: Mapping[str, Any] | None, recipient: str
) -> None:
    """Keep the report of a delivery's candidate in place of an earlier one.

    Args:
        session: transaction.
        delivery_id: of the delivery.
        content: JSON-safe.
        opening: of the proof's commitment, or None where there is nothing secret.
        recipient: public key of the pipeline.
    """
    values = {"content": dict(content), "opening": _sealed(opening, recipient) if opening is not None else None}
    written = insert(DisclosureReportRow).values(delivery_id=delivery_id, **values)
    session.execute(
        written.on_conflict_do_update(index_elements=["delivery_id"], set_={**values, "recorded_at": func.now()})
    )


def show(ledger: Ledger, delivery_id: str) -> dict[str, Any]:
    """Return the report of a delivery's candidate. Raises ``NotFound``."""
    with ledger.transaction() as session:
        return dict(_row(session, delivery_id).content)


def opening(ledger: Ledger, delivery_id: str, identity_file: Path) -> dict[str, Any] | None:
    """Return what opens the commitment of a delivery's proof, for the pipeline. Raises ``NotFound``, ``SealBroken``."""
    with ledger.transaction() as session:
        sealed = _row(session, delivery_id).opening
    if sealed is None:
        return None
    plain = io.BytesIO()
    unseal(io.BytesIO(sealed), plain, identity_file)
    found: dict[str, Any] = json.loads(plain.getvalue())
    return found


def _row(session: Session, delivery_id: str) -> DisclosureReportRow:
    row = session.get(DisclosureReportRow, delivery_id)
    if row is None:
        raise NotFound(kind="report", id=delivery_id)
    return row


def _sealed(values: Mapping[str, Any], recipient: str) -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(json.dumps(values, sort_keys=True).encode("utf-8")), target, recipient)
    return target.getvalue()
