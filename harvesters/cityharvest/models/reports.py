"""Table of the officers' reports: what disclosure control found, did and lost, beside each candidate release."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from cityharvest.models.base import Base, Json, Recorded
from cityharvest.models.deliveries import DeliveryRow


class DisclosureReportRow(Base):
    """Of the latest candidate of a delivery; confidential, never part of a release."""

    __tablename__ = "disclosure_report"

    delivery_id: Mapped[str] = mapped_column(ForeignKey(DeliveryRow.id), primary_key=True)
    content: Mapped[Json] = mapped_column(JSON)
    #: Sealed for the pipeline: what opens the proof's commitment to the secret rules.
    opening: Mapped[bytes | None] = mapped_column(LargeBinary)
    recorded_at: Mapped[Recorded]
