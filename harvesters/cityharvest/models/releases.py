"""Tables of what left the house: releases, their files, and the tombstones of withdrawn ones."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityharvest.models.base import Base, Json, Key, Moment, Recorded
from cityharvest.models.deliveries import DeliveryRow


class ReleaseRow(Base):
    """One immutable release; a delivery has at most one."""

    __tablename__ = "release"

    id: Mapped[Key]
    delivery_id: Mapped[str] = mapped_column(ForeignKey(DeliveryRow.id), unique=True)
    proof: Mapped[Json] = mapped_column(JSON)
    dataset_id: Mapped[str | None] = mapped_column(index=True)
    resource_ids: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[Recorded]
    published_at: Mapped[Moment | None]
    withdrawn_at: Mapped[Moment | None]
    withdrawn_reason: Mapped[str | None]
    delivery: Mapped[DeliveryRow] = relationship(lazy="joined", innerjoin=True)
    files: Mapped[list[ReleaseFileRow]] = relationship(order_by="ReleaseFileRow.name", lazy="selectin")


class ReleaseFileRow(Base):
    """One file of a release, as it lies in the storage."""

    __tablename__ = "release_file"

    release_id: Mapped[str] = mapped_column(ForeignKey(ReleaseRow.id), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    object_name: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)


class TombstoneRow(Base):
    """What stays of a withdrawn release: what it was, where it was, who withdrew it and why. No data."""

    __tablename__ = "tombstone"

    release_id: Mapped[str] = mapped_column(ForeignKey(ReleaseRow.id), primary_key=True)
    mandate_id: Mapped[str] = mapped_column(index=True)
    period_key: Mapped[str]
    dataset_id: Mapped[str | None]
    resource_ids: Mapped[list[Any]]
    file_hashes: Mapped[Json]
    reason: Mapped[str]
    actor: Mapped[str]
    at: Mapped[Recorded]
