"""A whole small world for tests of the pipeline: a ledger in real PostgreSQL, a storage folder, keys, a fake portal.

Two zones: one with 12 metering points, one with 9, so that exactly the first may be published.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fake_portal import TOKEN, FakePortal
from sqlalchemy import create_engine, text

from cityharvest import api, migrations, seal
from cityharvest.cli.portal import portal_api
from cityharvest.ledger import Ledger
from cityharvest.pipeline.process import run_process
from cityharvest.pipeline.publish import run_publish
from cityharvest.pipeline.worker import Stop, worker_name
from cityharvest.records import Delivery, Mandate
from cityharvest.runner import child_environment
from cityharvest.settings import Settings
from disclosure import signing

#: Secret rules of this world's house: no zone of 9 or more equal meters comes near them.
HOUSE = "p_percent: 10\ndominance_n: 2\ndominance_percent: 80"
DAY = "2026-11-01"
NEXT_DAY = "2026-11-02"
COMPANY, LEAD, OTHER = "company-1", "city-1", "city-2"
SLUG = "poraba"


def mandate_spec(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "slug": SLUG,
        "title": {"sl": "Poraba", "en": "Use"},
        "company_organization_id": COMPANY,
        "lead_organization_id": LEAD,
        "municipality_organization_ids": [LEAD, OTHER],
        "legal_basis": {
            "title": {"sl": "Pogodba", "en": "Contract"},
            "url": "https://example.si/pogodba",
            "valid_from": "2024-01-01",
        },
        "cadence": "day",
        "timezone": "Europe/Ljubljana",
        "due_days": 1,
        "starts_on": DAY,
        "ends_on": "2026-11-03",
        "contract": {
            "fields": [
                {"name": "meter_id", "type": "string", "role": "unit"},
                {"name": "zone", "type": "string", "role": "zone", "constraints": {"enum": ["Center", "Rob"]}},
                {"name": "ts", "type": "datetime", "format": "%Y-%m-%d %H:%M", "role": "time"},
                {
                    "name": "usage_kwh",
                    "type": "number",
                    "role": "measure",
                    "unit": "kWh",
                    "decimalChar": ",",
                    "constraints": {"minimum": 0},
                },
            ],
            "dialect": {"delimiter": ";"},
            "encodings": ["utf-8-sig", "cp1250"],
            "unit_label": {"sl": "merilna mesta", "en": "metering points"},
        },
        "product": {
            "kind": "table",
            "time_bin": "PT1H",
            "dataset_title": {"sl": "Poraba po naseljih", "en": "Use by settlement"},
            "notes": {"sl": "Opis.", "en": "Description."},
            "license_id": "CC-BY-4.0",
            "frequency": "http://publications.europa.eu/resource/authority/frequency/DAILY",
            "tags": ["elektrika"],
            "requirement_ids": ["energy"],
        },
        "preset_id": "house-personal",
    }
    return {**spec, **changes}


def meter_file(
    day: str = DAY, *, usage: str = "1,5", rob_usage: str = "1,5", extra: str = "", center: int = 12, rob: int = 9
) -> bytes:
    lines = ["meter_id;zone;ts;usage_kwh" + (";" + extra if extra else "")]
    for hour in range(4):
        for number in range(center + rob):
            zone = "Center" if number < center else "Rob"
            tail = ";ana.novak@example.si" if extra else ""
            value = usage if zone == "Center" else rob_usage
            lines.append(f"m{number:03d};{zone};{day} {hour:02d}:00;{value}{tail}")
    return ("\n".join(lines) + "\n").encode()


@dataclass(frozen=True, kw_only=True)
class World:
    folder: Path
    environ: dict[str, str]
    ledger: Ledger
    portal: FakePortal
    mandate: Mandate

    def send(self, content: bytes | None = None, *, period: str = DAY) -> Delivery:
        return api.receive(SLUG, period, io.BytesIO(content or meter_file(period)), "user-1", ledger=self.ledger)

    def show(self, delivery_id: str) -> Delivery:
        return api.delivery_show(delivery_id, ledger=self.ledger)

    def approve(self, delivery_id: str) -> Delivery:
        return api.decide(delivery_id, "approve", "dpo-1", "V redu.", ledger=self.ledger)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the command line and do not wait."""
        return subprocess.Popen(
            [sys.executable, "-m", "cityharvest.cli", *words],
            env=child_environment(words[0], self.environ),
            stdout=subprocess.DEVNULL,
        )

    def run(self, *words: str, kill_at: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line as its own process, with the environment that the runner would give it."""
        environ = child_environment(words[0], self.environ) if words[0] in STAGES else dict(self.environ)
        if kill_at:
            environ["CITYHARVEST_KILL_AT"] = kill_at
        return subprocess.run(
            [sys.executable, "-m", "cityharvest.cli", *words],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def result(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--json")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def process(self) -> int:
        """The stage in this process; its exit code."""
        return run_process(self.ledger, worker=worker_name("process"), stop=Stop()).exit_code

    def publish(self) -> int:
        """The stage in this process; its exit code."""
        portal = portal_api(self.ledger.settings)
        return run_publish(self.ledger, portal, worker=worker_name("publish"), stop=Stop()).exit_code

    def approve_mandate(self) -> None:
        """As if the mandate's first release had been approved long ago."""
        with self.ledger.database.engine.begin() as connection:
            connection.execute(text("UPDATE cityharvest.mandate SET first_release_approved_at = now()"))

    def expire_leases(self) -> None:
        """What a wait of one lease would do."""
        with self.ledger.database.engine.begin() as connection:
            for table in ("delivery", "source"):
                connection.execute(
                    text(
                        f"UPDATE cityharvest.{table} SET lease_until = now() - interval '1 s' WHERE lease_until > now()"
                    )
                )
            connection.execute(text("UPDATE cityharvest.delivery SET retry_at = NULL"))
            connection.execute(text("UPDATE cityharvest.event SET retry_at = NULL"))


STAGES = ("fetch", "process", "publish")


def database_url() -> str:
    url = os.environ.get("CITYHARVEST_TEST_DATABASE_URL")
    if not url:
        pytest.skip("CITYHARVEST_TEST_DATABASE_URL names no PostgreSQL for tests of the pipeline")
    return url


def build(folder: Path, portal: FakePortal, **changes: Any) -> World:
    """Make an empty ledger with one mandate, and everything around it."""
    url = database_url()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS cityharvest CASCADE"))
        connection.execute(text("CREATE SCHEMA cityharvest"))
    migrations.upgrade(engine)
    engine.dispose()
    identity, recipient = seal.generate()
    key = signing.new_key()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CITYHARVEST_", "CKAN_"))},
        "CITYHARVEST_DATABASE_URL": url,
        "CITYHARVEST_STORAGE": f"file://{folder}/storage",
        "CITYHARVEST_RECIPIENT": recipient,
        "CITYHARVEST_IDENTITY_FILE": private(folder / "identity.txt", identity),
        "CITYHARVEST_SITE_KEY_FILE": private(folder / "site-key.txt", "ab" * 32),
        "CITYHARVEST_DISCLOSURE_FILE": private(folder / "disclosure.yaml", HOUSE),
        "CITYHARVEST_SIGNING_KEY_FILE": private(folder / "signing-key.pem", key.to_pem().decode()),
        "CITYHARVEST_PUBLIC_KEY_FILE": private(folder / "public-key.pem", key.public_key().to_pem().decode()),
        "CITYHARVEST_CKAN_URL": portal.url,
        "CITYHARVEST_CKAN_TOKEN_FILE": private(folder / "token.txt", TOKEN),
        "CITYHARVEST_WORK": str(folder / "work"),
        "CITYHARVEST_DUCKDB_MEMORY": "256MB",
        "CITYHARVEST_LANG": "en",
    }
    portal.organizations[COMPANY] = {"id": COMPANY, "name": "elektro", "title": "Elektro Primer"}
    ledger = Ledger.from_settings(Settings.from_environ(environ))
    mandate = api.mandate_create(mandate_spec(**changes), "officer-1", ledger=ledger)
    return World(folder=folder, environ=environ, ledger=ledger, portal=portal, mandate=mandate)


def private(path: Path, content: str) -> str:
    path.write_text(content + "\n")
    path.chmod(0o600)
    return str(path)
