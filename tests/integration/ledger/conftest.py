"""A real ledger: PostgreSQL of ``CITYHARVEST_TEST_DATABASE_URL``, a storage folder, keys; emptied for each test."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from cityharvest import api, audit_log, migrations, seal
from cityharvest import ledger as stages
from cityharvest.db import Database
from cityharvest.errors import MandateInvalid
from cityharvest.ledger import Ledger
from cityharvest.mandate_spec import problem
from cityharvest.models import Base
from cityharvest.settings import Settings
from cityharvest.states import DeliveryState
from cityharvest.storage import Storage
from disclosure.signing import PrivateKey, new_key

VARIABLE = "CITYHARVEST_TEST_DATABASE_URL"
#: The pipeline's key of these tests.
KEY = new_key()
KEYS = (KEY.public_key(),)


@pytest.fixture(scope="session")
def database_url() -> str:
    url = os.environ.get(VARIABLE)
    if not url:
        pytest.skip(f"{VARIABLE} names no PostgreSQL for the ledger's tests")
    return url


@pytest.fixture(scope="session")
def migrated(database_url: str) -> str:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS cityharvest CASCADE"))
    migrations.upgrade(engine)
    engine.dispose()
    return database_url


@pytest.fixture
def database(migrated: str) -> Iterator[Database]:
    made = Database(migrated)
    tables = ", ".join(f'"{table.schema}"."{table.name}"' for table in Base.metadata.sorted_tables)
    with made.transaction() as session:
        session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    yield made
    made.dispose()


@pytest.fixture
def settings(migrated: str, tmp_path: Path) -> Settings:
    identity, recipient = seal.generate()
    file = tmp_path / "identity.txt"
    file.write_text(identity, encoding="ascii")
    return Settings(
        database_url=migrated,
        storage=f"file://{tmp_path / 'storage'}",
        recipient=recipient,
        identity_file=file,
        max_bytes=100_000,
    )


def fake_preset(preset_id: str, parameters: Any) -> str:
    if parameters.get("min_units", 10) < 10:
        raise MandateInvalid([problem("preset-laxer-than-law", "preset_parameters", preset=preset_id)])
    return "none" if preset_id.startswith("none") else "personal"


def fake_source(kind: str, config: Any) -> None:
    if kind != "meter_drop":
        raise MandateInvalid([problem("source-kind-unknown", "kind", kind=kind)])


@pytest.fixture
def ledger(database: Database, settings: Settings) -> Ledger:
    return Ledger(settings, database=database, check_preset=fake_preset, check_source=fake_source)


def mandate_spec(**changes: Any) -> dict[str, Any]:
    return {
        "slug": "poraba-vode",
        "title": {"sl": "Poraba vode", "en": "Water usage"},
        "company_organization_id": "org-company",
        "lead_organization_id": "org-lead",
        "municipality_organization_ids": ["org-lead", "org-b", "org-c"],
        "legal_basis": {
            "title": {"sl": "Odlok", "en": "Ordinance"},
            "url": "https://example.org/odlok",
            "valid_from": "2020-01-01",
            "valid_to": None,
        },
        "cadence": "month",
        "due_days": 15,
        "starts_on": first_of_month(2).date().isoformat(),
        "contract": {
            "fields": [
                {"name": "meter_id", "type": "string", "role": "unit"},
                {"name": "ts", "type": "datetime", "role": "time"},
                {"name": "zone", "type": "string", "role": "zone"},
                {"name": "usage_m3", "type": "number", "role": "measure"},
            ]
        },
        "product": {
            "kind": "table",
            "dataset_title": {"sl": "Poraba vode po conah", "en": "Water usage by zone"},
            "license_id": "cc-by",
            "frequency": "MONTHLY",
            "requirement_ids": ["water"],
        },
        "preset_id": "house-personal-2026",
        "raw_retention_days": 30,
        **changes,
    }


def first_of_month(months_ago: int) -> datetime:
    moment = datetime.now(UTC).replace(day=1, hour=12)
    for _ in range(months_ago):
        moment = (moment - timedelta(days=2)).replace(day=1)
    return moment


@pytest.fixture
def period() -> str:
    """The month before the present one: begun and over."""
    return first_of_month(1).strftime("%Y-%m")


@pytest.fixture
def mandate(ledger: Ledger) -> Any:
    return api.mandate_create(mandate_spec(), "user-officer", ledger=ledger)


def stream(content: bytes = b"meter_id;ts;zone;usage_m3\n1;2026-10-01 00:00;A;0,5\n") -> io.BytesIO:
    return io.BytesIO(content)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def signed(proof: dict[str, Any], key: PrivateKey = KEY) -> dict[str, Any]:
    return {**proof, "signature": key.sign(proof)}


def to_cleared(ledger: Ledger, delivery_id: str, worker: str = "worker-1") -> None:
    with ledger.transaction() as session:
        found = stages.lease_delivery(session, [DeliveryState.RECEIVED], worker=worker)
        assert found is not None
        assert found.id == delivery_id
        for state in (DeliveryState.CHECKED, DeliveryState.CLEARED):
            stages.move(session, delivery_id, state, actor="process", lease_owner=worker)


def to_released(ledger: Ledger, delivery_id: str, folder: Path, worker: str = "worker-1") -> str:
    to_cleared(ledger, delivery_id, worker)
    release_id = str(uuid.uuid5(uuid.NAMESPACE_URL, delivery_id))
    file = folder / f"{release_id}.csv"
    file.write_text("zone,hour,usage\nA,1,2\n", encoding="utf-8")
    with ledger.transaction() as session:
        head = audit_log.audit_head(session)
    proof = signed({"audit_head": head, "outputs": {"data.csv": {"sha256": sha256(file.read_bytes())}}})
    stages.store_release(ledger, delivery_id, release_id, {"data.csv": file}, proof, worker=worker, keys=KEYS)
    with ledger.transaction() as session:
        stages.drop_lease(session, delivery_id, worker)
    return release_id


def to_published(ledger: Ledger, delivery_id: str, folder: Path) -> str:
    release_id = to_released(ledger, delivery_id, folder)
    with ledger.transaction() as session:
        stages.mark_published(session, release_id, "dataset-1", ["res-1", "res-2"], actor="publish")
    return release_id


def stored_files(settings: Settings) -> list[Path]:
    root = Path(str(settings.storage).removeprefix("file://"))
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.fixture
def raw_storage(settings: Settings) -> Storage:
    return Storage.from_url(str(settings.storage))


@pytest.fixture
def sql(ledger: Ledger) -> Callable[..., Any]:
    """Do what an administrator, an attacker or time itself would do: plain SQL past every rule."""

    def run(statement: str, **params: Any) -> Any:
        with ledger.transaction() as session:
            result = session.execute(text(statement), params)
            return result.fetchall() if result.returns_rows else result.rowcount

    return run
