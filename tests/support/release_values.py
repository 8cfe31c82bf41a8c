"""A mandate and small releases as the ledger hands them out, for tests of the publisher without a database."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cityharvest.publisher import Coverage, PublishJob
from cityharvest.records import Mandate, Release, ReleaseFile

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def mandate(**changes: Any) -> Mandate:
    values: dict[str, Any] = {
        "id": "mandate-1",
        "slug": "poraba-elektrike",
        "title": {"sl": "Poraba elektrike", "en": "Electricity use"},
        "company_organization_id": "company-1",
        "lead_organization_id": "city-1",
        "municipality_organization_ids": ("city-1", "city-2"),
        "legal_basis": {
            "title": {"sl": "Pogodba, 7. člen", "en": "Contract, Article 7"},
            "url": "https://example.si/p",
        },
        "cadence": "month",
        "timezone": "Europe/Ljubljana",
        "due_days": 20,
        "starts_on": date(2026, 1, 1),
        "ends_on": None,
        "contract": {"fields": []},
        "product": {
            "kind": "table",
            "dataset_title": {"sl": "Poraba po naseljih", "en": "Use by settlement"},
            "notes": {"sl": "Opis zbirke.", "en": "Description."},
            "license_id": "CC-BY-4.0",
            "frequency": "http://publications.europa.eu/resource/authority/frequency/MONTHLY",
            "tags": ["elektrika"],
            "requirement_ids": ["energy"],
        },
        "preset_id": "house-personal",
        "preset_parameters": {},
        "raw_retention_days": 30,
        "first_release_approved_at": None,
        "approved_by": None,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Mandate(**{**values, **changes})


def table(rows: int = 25) -> pa.Table:
    start = datetime(2026, 10, 1, tzinfo=UTC)
    return pa.table(
        {
            "zone": [f"Naselje {number % 3}" for number in range(rows)],
            "period_start": pa.array(
                [start + timedelta(hours=number) for number in range(rows)], pa.timestamp("us", tz="UTC")
            ),
            "units": pa.array([10 + number for number in range(rows)], pa.int64()),
            "usage_kwh": pa.array([Decimal(f"{number}.5") for number in range(rows)], pa.decimal128(18, 1)),
        }
    )


def parquet(data: pa.Table) -> bytes:
    target = io.BytesIO()
    pq.write_table(data, target)
    return target.getvalue()


class StoredFiles:
    """The stored files of some releases, opened by release id and name."""

    def __init__(self) -> None:
        self.content: dict[tuple[str, str], bytes] = {}

    def open(self, release_id: str, name: str) -> io.BytesIO:
        return io.BytesIO(self.content[release_id, name])


def release(files: StoredFiles, release_id: str, period: str, *, rows: int = 25, sequence: int = 1) -> Release:
    data = table(rows)
    content = {
        "data.csv": f"zone,usage\n{release_id}\n".encode(),
        "data.parquet": parquet(data),
        "schema.json": b"{}\n",
        "proof.json": b'{"audit_head": {}}\n',
    }
    for name, body in content.items():
        files.content[release_id, name] = body
    return Release(
        id=release_id,
        delivery_id=f"delivery-{release_id}",
        mandate_id="mandate-1",
        period=period,
        sequence=sequence,
        state="released",
        proof={
            "preset": {"id": "house-personal", "version": "2026-1", "title": {}, "parameters": {"min_units": 10}},
            "unit": {"kind": "personal", "label": {"sl": "merilna mesta", "en": "metering points"}},
            "achieved": {"min_units": 10},
            "withheld": {"cells": "<5 %", "units": "<5 %", "reason": "fewer-than-min-units"},
        },
        files=tuple(
            ReleaseFile(name=name, object_name=name, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))
            for name, body in content.items()
        ),
        dataset_id=None,
        resource_ids=(),
        created_at=NOW,
        published_at=None,
        withdrawn_at=None,
        withdrawn_reason=None,
    )


def job(
    one: Release, *, replaces: tuple[Release, ...] = (), newest: Release | None = None, **changes: Any
) -> PublishJob:
    return PublishJob(
        mandate=mandate(**changes),
        release=one,
        replaces=replaces,
        coverage=Coverage(first=date(2026, 10, 1), last=date(2026, 10, 31)),
        newest=newest or one,
    )


def withdrawn(one: Release) -> Release:
    return replace(one, state="withdrawn", withdrawn_at=NOW)
