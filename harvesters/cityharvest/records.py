"""What the ledger hands out: frozen values, detached from the database, JSON-safe through ``as_dict``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from cityharvest.states import DeliveryState


def json_safe(value: Any) -> Any:
    """Return a value of ours as JSON types: ISO dates, lists, plain strings."""
    if isinstance(value, Record):
        return value.as_dict()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): json_safe(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(one) for one in value]
    return str(value) if isinstance(value, str) else value


class Record:
    """Base of the values below."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """Every field that is for callers outside, as JSON types."""
        shown = [one for one in fields(self) if one.metadata.get("shown", True)]  # type: ignore[arg-type]
        return {one.name: json_safe(getattr(self, one.name)) for one in shown}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate(Record):
    """What a company owes to which cities, by which right, how often, and how it may be opened."""

    id: str
    slug: str
    title: Mapping[str, str]
    company_organization_id: str
    lead_organization_id: str
    municipality_organization_ids: tuple[str, ...]
    legal_basis: Mapping[str, Any]
    cadence: str
    timezone: str
    due_days: int
    starts_on: date
    ends_on: date | None
    contract: Mapping[str, Any]
    product: Mapping[str, Any]
    preset_id: str
    preset_parameters: Mapping[str, Any]
    raw_retention_days: int
    first_release_approved_at: datetime | None
    approved_by: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def organization_ids(self) -> tuple[str, ...]:
        """The cities concerned, lead city first."""
        others = (one for one in self.municipality_organization_ids if one != self.lead_organization_id)
        return (self.lead_organization_id, *others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Record):
    """Where a delivery is pulled from. ``memory`` is what the last attempt learnt (validators, ttl)."""

    id: str
    mandate_id: str
    kind: str
    config: Mapping[str, Any]
    enabled: bool
    memory: Mapping[str, Any]
    next_run_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Record):
    """One sealed file of a delivery; ``sha256`` and ``size_bytes`` are those of the plaintext."""

    id: str
    ordinal: int
    object_name: str = field(metadata={"shown": False})
    sha256: str
    size_bytes: int
    filename: str | None
    label: str | None
    key_id: str
    received_at: datetime
    purge_at: datetime
    purged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Record):
    """One try of one stage and what it met."""

    id: str
    delivery_id: str | None
    source_id: str | None
    stage: str
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error_code: str | None
    error_params: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Record):
    """One row of a delivery's history, taken from the audit chain."""

    at: datetime
    event: str
    actor: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Record):
    """What a person decided about a held delivery."""

    reason: str
    decision: str
    actor: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFile(Record):
    """One file of a release."""

    name: str
    object_name: str = field(metadata={"shown": False})
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Record):
    """An immutable release; ``state`` is ``released``, ``published``, ``superseded`` or ``withdrawn``."""

    id: str
    delivery_id: str
    mandate_id: str
    period: str
    sequence: int
    state: str
    proof: Mapping[str, Any]
    files: tuple[ReleaseFile, ...]
    dataset_id: str | None
    resource_ids: tuple[str, ...]
    created_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Record):
    """One row per (mandate, period, sequence). ``late`` is decided by database time when it was read."""

    id: str
    mandate_id: str
    mandate_slug: str
    period: str
    period_start: datetime
    period_end: datetime
    sequence: int
    state: DeliveryState
    late: bool
    due_at: datetime
    received_at: datetime | None
    sender: str | None
    sha256: str | None
    nil_reason: str | None
    held_from: DeliveryState | None
    held_reason: str | None
    held_detail: Mapping[str, Any]
    error: Mapping[str, Any] | None
    findings: tuple[Mapping[str, Any], ...]
    failures: int
    retry_at: datetime | None
    lease_owner: str | None
    lease_until: datetime | None
    parts: tuple[Part, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    decisions: tuple[Decision, ...] = ()
    release: Release | None = None
    history: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """Something the portal must be told; kept until it took it."""

    id: int
    kind: str
    organization_ids: tuple[str, ...]
    payload: Mapping[str, Any]
    created_at: datetime
    tries: int
