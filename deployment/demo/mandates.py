"""What the two companies owe: three mandates and where two of them are pulled from.

Boundary: values only. The legal bases name themselves as examples of this demo; nobody is bound by them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from demo.content import FREQUENCY, LICENSE_ID
from demo.months import Month
from demo.region import BIKE_SHARE, MUNICIPALITIES, SKOFJA_LOKA, UTILITY, ZONES
from demo.stations import STATIONS

CONSUMPTION = "poraba-elektrike"
FEED_IN = "oddaja-soncnih-elektrarn"
STATIONS_DAILY = "postaje-izposoje-koles"
# Half a quarter to close the books: the last complete month, over for at most 31 days, is never late when seeded.
CONSUMPTION_DUE_DAYS = 45
# Of the second mandate nothing ever arrives: 25 days after the month before the last one are over on any day.
FEED_IN_DUE_DAYS = 25

Mandate = dict[str, Any]


def consumption(first: Month) -> Mandate:
    """Electricity use by settlement and hour, from quarter-hour readings of every meter."""
    return {
        **_of_utility(first),
        "slug": CONSUMPTION,
        "title": {"sl": "Poraba elektrike po naseljih", "en": "Electricity use by settlement"},
        "due_days": CONSUMPTION_DUE_DAYS,
        "contract": _meter_contract("usage_kwh", {"sl": "Poraba", "en": "Use"}),
        "product": {
            "kind": "table",
            "time_bin": "PT1H",
            "dataset_title": {
                "sl": "Poraba elektrike po naseljih in urah",
                "en": "Electricity use by settlement and hour",
            },
            "notes": {
                "sl": "Vsota porabe po naseljih in urah iz četrturnih odčitkov merilnih mest. Prikazni podatki.",
                "en": "Sum of use by settlement and hour, from quarter-hour readings of metering points. Demo data.",
            },
            "license_id": LICENSE_ID,
            "frequency": f"{FREQUENCY}MONTHLY",
            "tags": ["elektrika", "naselja"],
            "requirement_ids": ["energy-consumption-aggregate"],
        },
        "preset_id": "house-personal",
    }


def feed_in(first: Month) -> Mandate:
    """Feed-in of solar plants by settlement; the company has not sent it yet."""
    return {
        **_of_utility(first),
        "slug": FEED_IN,
        "title": {"sl": "Oddaja sončnih elektrarn po naseljih", "en": "Solar feed-in by settlement"},
        "due_days": FEED_IN_DUE_DAYS,
        "contract": _meter_contract("feed_in_kwh", {"sl": "Oddaja", "en": "Feed-in"}),
        "product": {
            "kind": "table",
            "time_bin": "P1D",
            "dataset_title": {
                "sl": "Oddaja sončnih elektrarn po naseljih in dnevih",
                "en": "Solar feed-in by settlement and day",
            },
            "notes": {
                "sl": "Vsota oddane energije sončnih elektrarn po naseljih in dnevih. Prikazni podatki.",
                "en": "Sum of energy fed in by solar plants, by settlement and day. Demo data.",
            },
            "license_id": LICENSE_ID,
            "frequency": f"{FREQUENCY}MONTHLY",
            "tags": ["elektrika", "sonce"],
            "requirement_ids": [],
        },
        "preset_id": "house-personal",
    }


def stations_daily(first_day: date) -> Mandate:
    """Bicycles and free docks by station and hour, from a day of snapshots."""
    return {
        "slug": STATIONS_DAILY,
        "title": {"sl": "Zasedenost postaj za izposojo koles", "en": "Bike-share station availability"},
        "company_organization_id": BIKE_SHARE.slug,
        "lead_organization_id": SKOFJA_LOKA.slug,
        "municipality_organization_ids": [SKOFJA_LOKA.slug],
        "legal_basis": {
            "title": {
                "sl": "Pogodba o izvajanju izposoje koles, 12. člen (primer za prikaz)",
                "en": "Contract on the bike-share service, Article 12 (example for this demo)",
            },
            "url": "https://skofja-loka.example/pogodba-kolesa",
            "valid_from": "2024-01-01",
        },
        "cadence": "day",
        "timezone": "Europe/Ljubljana",
        "due_days": 2,
        "starts_on": first_day.isoformat(),
        "raw_retention_days": 14,
        "contract": _station_contract(),
        "product": {
            "kind": "stations",
            "time_bin": "PT1H",
            "measures": {name: {"kind": "mean", "decimals": 1} for name in ("bikes_available", "docks_available")},
            "dataset_title": {
                "sl": "Zasedenost postaj za izposojo koles po urah",
                "en": "Bike-share station availability by hour",
            },
            "notes": {
                "sl": "Povprečno število koles in prostih mest na postaji po urah. Prikazni podatki.",
                "en": "Mean number of bicycles and free docks at each station by hour. Demo data.",
            },
            "license_id": LICENSE_ID,
            "frequency": f"{FREQUENCY}DAILY",
            "tags": ["kolesa", "promet"],
            "requirement_ids": [],
        },
        "preset_id": "gbfs-docked-stations",
    }


def meter_source(demo_url: str) -> dict[str, Any]:
    """Where the distributor's monthly file lies."""
    return {"url": f"{demo_url}/meter/{{period}}.csv", "checksum_url": f"{demo_url}/meter/{{period}}.csv.sha256"}


def station_source(demo_url: str) -> dict[str, Any]:
    """Where the bike share's feeds begin, and the clock by which the demo's day passes."""
    return {"url": f"{demo_url}/gbfs/gbfs.json", "clock_url": f"{demo_url}/clock"}


def _of_utility(first: Month) -> Mandate:
    return {
        "company_organization_id": UTILITY.slug,
        "lead_organization_id": SKOFJA_LOKA.slug,
        "municipality_organization_ids": [city.slug for city in MUNICIPALITIES],
        "legal_basis": {
            "title": {
                "sl": "Koncesijska pogodba za distribucijo elektrike, 7. člen (primer za prikaz)",
                "en": "Concession contract for electricity distribution, Article 7 (example for this demo)",
            },
            "url": "https://skofja-loka.example/koncesija-elektrika",
            "valid_from": "2024-01-01",
        },
        "cadence": "month",
        "timezone": "Europe/Ljubljana",
        "starts_on": f"{first.key}-01",
        "raw_retention_days": 30,
    }


def _meter_contract(measure: str, title: dict[str, str]) -> dict[str, Any]:
    return {
        "fields": [
            {"name": "meter_id", "type": "string", "role": "unit"},
            {
                "name": "zone",
                "title": {"sl": "Naselje", "en": "Settlement"},
                "type": "string",
                "role": "zone",
                "constraints": {"enum": [zone.name for zone in ZONES]},
            },
            {"name": "ts", "type": "datetime", "format": "%Y-%m-%d %H:%M", "role": "time"},
            {
                "name": measure,
                "title": title,
                "type": "number",
                "role": "measure",
                "unit": "kWh",
                "decimalChar": ",",
                "typical_maximum": 4,
                "constraints": {"minimum": 0},
            },
        ],
        "dialect": {"delimiter": ";"},
        "encodings": ["utf-8-sig", "cp1250"],
        "interval": "PT15M",
        "missingValues": ["", "Null"],
        "unit_label": {"sl": "merilna mesta", "en": "metering points"},
    }


def _station_contract() -> dict[str, Any]:
    stations = [station.station_id for station in STATIONS]
    return {
        "fields": [
            {"name": "station_id", "type": "string", "role": "zone", "constraints": {"enum": stations}},
            {"name": "ts", "type": "datetime", "role": "time"},
            {"name": "bikes_available", "type": "integer", "role": "measure", "constraints": {"minimum": 0}},
            {"name": "docks_available", "type": "integer", "role": "measure", "constraints": {"minimum": 0}},
        ],
    }
