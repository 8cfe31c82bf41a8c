"""Tables of what is owed: mandates, the cities they cover, the sources they are pulled from."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityharvest.models.base import Base, Json, Key, Moment, Recorded


class MandateRow(Base):
    """One mandate. Organizations are CKAN ids, never names."""

    __tablename__ = "mandate"

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[Json]
    company_organization_id: Mapped[str] = mapped_column(index=True)
    lead_organization_id: Mapped[str] = mapped_column(index=True)
    legal_basis: Mapped[Json]
    cadence: Mapped[str]
    timezone: Mapped[str]
    due_days: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    contract: Mapped[Json]
    product: Mapped[Json]
    preset_id: Mapped[str]
    preset_parameters: Mapped[Json]
    raw_retention_days: Mapped[int]
    first_release_approved_at: Mapped[Moment | None]
    approved_by: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[Recorded]
    updated_at: Mapped[Recorded]
    cities: Mapped[list[MandateCityRow]] = relationship(
        order_by="MandateCityRow.ordinal", cascade="all, delete-orphan", lazy="selectin"
    )


class MandateCityRow(Base):
    """One municipality that a mandate covers."""

    __tablename__ = "mandate_city"

    mandate_id: Mapped[str] = mapped_column(ForeignKey(MandateRow.id), primary_key=True)
    organization_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    ordinal: Mapped[int]


class SourceRow(Base):
    """One source of a mandate, leased by a fetcher while it works on it."""

    __tablename__ = "source"
    __table_args__ = (Index("ix_source_next_run_at", "next_run_at", postgresql_where=text("enabled")),)

    id: Mapped[Key]
    mandate_id: Mapped[str] = mapped_column(ForeignKey(MandateRow.id), index=True)
    kind: Mapped[str]
    config: Mapped[Json]
    enabled: Mapped[bool] = mapped_column(default=True)
    memory: Mapped[Json] = mapped_column(default=dict)
    next_run_at: Mapped[Moment | None]
    failures: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[Moment | None]
    created_by: Mapped[str]
    created_at: Mapped[Recorded]
