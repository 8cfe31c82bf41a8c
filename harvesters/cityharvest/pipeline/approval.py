"""Must a person look before this release? Four eyes for the first release of a mandate and for every correction.

What a person approved is the table of that hash: where a second computation gives another one, it waits again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from cityharvest import ledger as books
from cityharvest.records import Delivery, Mandate
from disclosure import Cleared

CORRECTION: Final = "correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a delivery waits and what the deciding person is shown."""

    reason: str
    detail: Mapping[str, Any]


def needed_hold(
    session: Session,
    delivery: Delivery,
    mandate: Mandate,
    summary: Mapping[str, Any],
    correction: Mapping[str, Any] | None,
) -> Hold | None:
    """Return why this release must wait, or None.

    Args:
        session: transaction.
        delivery: in ``cleared``.
        mandate: as it stands now.
        summary: of the candidate release, see ``candidate_summary``.
        correction: verdict of the comparison with what was published; None when nothing was.
    """
    shown = delivery.held_detail.get("table_sha256")
    same = shown is None or shown == summary["table_sha256"]
    if correction is not None and not (same and books.is_approved(session, delivery.id, CORRECTION)):
        return Hold(reason=CORRECTION, detail={**summary, **correction})
    if mandate.first_release_approved_at is None and not (
        same and books.is_approved(session, delivery.id, books.FIRST_RELEASE)
    ):
        return Hold(reason=books.FIRST_RELEASE, detail=summary)
    return None


def candidate_summary(cleared: Cleared, table_sha256: str) -> dict[str, Any]:
    """Return what a person may know of a candidate: size, rule, bands; no cell."""
    protected, preset = cleared.protected, cleared.preset
    return {
        "table_sha256": table_sha256,
        "rows": protected.table.num_rows,
        "achieved_min": protected.achieved_min,
        "withheld_cells": protected.withheld.cells_band,
        "withheld_units": protected.withheld.units_band,
        "preset": preset.id,
        "preset_version": preset.version,
        "min_units": preset.min_units,
    }
