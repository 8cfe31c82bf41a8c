"""A fourth city beside those of the demo, its company, and what the company owes: values only."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

CITY, NEIGHBOR, COMPANY = "ziri", "idrija", "elektro-idrijca"
FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
ZONE = ZoneInfo("Europe/Ljubljana")
QUARTER = timedelta(minutes=15)
#: Settlement -> metering points. The middle one has one too few for the house rule of ten.
METERS = {"Žiri": 12, "Račeva": 9, "Selo": 10}


def mandate(slug: str, first_day: str, last_day: str, **changes: Any) -> dict[str, Any]:
    """Electricity use by settlement and hour, from quarter-hour readings, one delivery a day."""
    spec: dict[str, Any] = {
        "slug": slug,
        "title": {"sl": "Poraba elektrike po naseljih", "en": "Electricity use by settlement"},
        "company_organization_id": COMPANY,
        "lead_organization_id": CITY,
        "municipality_organization_ids": [CITY, NEIGHBOR],
        "legal_basis": {
            "title": {"sl": "Koncesijska pogodba, 7. člen", "en": "Concession contract, Article 7"},
            "url": "https://ziri.example/koncesija",
            "valid_from": "2020-01-01",
        },
        "cadence": "day",
        "timezone": "Europe/Ljubljana",
        "due_days": 2,
        "starts_on": first_day,
        "ends_on": last_day,
        "raw_retention_days": 30,
        "contract": meter_contract(),
        "product": {
            "kind": "table",
            "time_bin": "PT1H",
            "dataset_title": {"sl": f"Poraba elektrike ({slug})", "en": f"Electricity use ({slug})"},
            "notes": {
                "sl": "Vsota porabe po naseljih in urah iz četrturnih odčitkov merilnih mest.",
                "en": "Sum of use by settlement and hour, from quarter-hour readings of metering points.",
            },
            "license_id": "cc-by",
            "frequency": f"{FREQUENCY}DAILY",
            "tags": ["elektrika"],
            "requirement_ids": [],
        },
        "preset_id": "house-personal",
    }
    return {**spec, **changes}


def meter_contract() -> dict[str, Any]:
    """What a metering file holds."""
    return {
        "fields": [
            {"name": "meter_id", "type": "string", "role": "unit"},
            {"name": "zone", "type": "string", "role": "zone", "constraints": {"enum": sorted(METERS)}},
            {"name": "ts", "type": "datetime", "format": "%Y-%m-%d %H:%M", "role": "time"},
            {
                "name": "usage_kwh",
                "type": "number",
                "role": "measure",
                "unit": "kWh",
                "decimalChar": ",",
                "constraints": {"minimum": 0},
                "typical_maximum": 50,
            },
        ],
        "dialect": {"delimiter": ";"},
        "encodings": ["utf-8-sig", "cp1250"],
        "interval": "PT15M",
        "missingValues": ["", "Null"],
        "unit_label": {"sl": "merilna mesta", "en": "metering points"},
    }


def quarters(day: str) -> list[str]:
    """The local starts of the quarter-hours of a day: 96 of them, 92 or 100 when the clocks change."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZONE)
    moment, end = start.astimezone(UTC), (start + timedelta(days=1)).astimezone(UTC)
    found = []
    while moment < end:
        found.append(f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}")
        moment += QUARTER
    return found


def meter_lines(day: str, *, change: str = "") -> list[str]:
    """Header and readings of one day; ``change`` makes other readings, where there are meters enough to show it."""
    lines = ["meter_id;zone;ts;usage_kwh"]
    for zone, count in METERS.items():
        for number in range(count):
            meter = f"SI-{zone[:2].upper()}-{number:03d}"
            lines += [f"{meter};{zone};{ts};{_usage(meter, ts, change if count >= 10 else '')}" for ts in quarters(day)]
    return lines


def meter_file(day: str, *, change: str = "", encoding: str = "utf-8-sig") -> bytes:
    """A metering file as the company's system writes it."""
    return as_file(meter_lines(day, change=change), encoding)


def as_file(lines: list[str], encoding: str = "utf-8-sig") -> bytes:
    """Lines as a file with Windows line ends."""
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def _usage(meter: str, ts: str, change: str) -> str:
    """A reading; what ``change`` adds goes up for every meter, as after a calibration, so that nothing cancels."""
    added = 0.05 + _part(f"{meter}|{ts}|{change}") / 20 if change else 0.0
    return f"{0.05 + _part(f'{meter}|{ts}|') + added:.3f}".replace(".", ",")


def _part(text: str) -> float:
    """A number between 0 and 1 that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:2]) / 65_536


def dataset(name: str, requirement_id: str, **changes: Any) -> dict[str, Any]:
    """An ordinary dataset of the city that answers a requirement."""
    fields: dict[str, Any] = {
        "name": name,
        "title": name.replace("-", " ").capitalize(),
        "owner_org": CITY,
        "notes": "Sprejeti proračun po proračunskih postavkah, za preizkus poti od začetka do konca.",
        "license_id": "cc-by",
        "data_kind": "city",
        "frequency": f"{FREQUENCY}ANNUAL",
        "requirement_ids": [requirement_id],
        "contact": [{"name": "Uredništvo podatkov", "email": "podatki@ziri.example"}],
    }
    return {**fields, **changes}
