"""The ledger's tables, all of them in the schema ``cityharvest`` (SQLAlchemy 2, typed)."""

from __future__ import annotations

from cityharvest.models.base import SCHEMA, Base, new_id
from cityharvest.models.deliveries import AttemptRow, DecisionRow, DeliveryRow, ObjectRow, PartRow
from cityharvest.models.journal import AuditRowTable, EventRow, RunRow
from cityharvest.models.mandates import MandateCityRow, MandateRow, SourceRow
from cityharvest.models.releases import ReleaseFileRow, ReleaseRow, TombstoneRow
from cityharvest.models.reports import DisclosureReportRow

__all__ = [
    "SCHEMA",
    "AttemptRow",
    "AuditRowTable",
    "Base",
    "DecisionRow",
    "DeliveryRow",
    "DisclosureReportRow",
    "EventRow",
    "MandateCityRow",
    "MandateRow",
    "ObjectRow",
    "PartRow",
    "ReleaseFileRow",
    "ReleaseRow",
    "RunRow",
    "SourceRow",
    "TombstoneRow",
    "new_id",
]
