"""Base of the ledger's tables: their schema, names of constraints, column types used everywhere."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import DateTime, MetaData, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

SCHEMA = "cityharvest"

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> str:
    """Return a fresh random id."""
    return str(uuid.uuid4())


Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
#: Filled by the database's clock, never by ours.
Recorded = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Key = Annotated[str, mapped_column(String(36), primary_key=True, default=new_id)]
Json = dict[str, Any]


class Base(DeclarativeBase):
    """Declarative base of the schema ``cityharvest``."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: JSONB, list[Any]: JSONB}
