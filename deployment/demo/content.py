"""Ordinary datasets of the three cities: small seeded tables with the gaps that a real catalogue has.

Boundary: values only. Each `Dataset` knows its texts in both languages, its file and what it deliberately lacks, so
that the boards show every outcome: met, partly met (no license, a scan instead of a table) and missing.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from demo.files import File, one_page_pdf, table
from demo.region import GORENJA_VAS_POLJANE, SKOFJA_LOKA, ZELEZNIKI, Municipality, feature_collection, outline_geometry

SEED = 20260901
LICENSE_ID = "cc-by"
FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
THEME = "http://publications.europa.eu/resource/authority/data-theme/"
NON_PUBLIC = "http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC"
DEMO_NOTE = {
    "sl": "Prikazni podatki: vrednosti so izmišljene.",
    "en": "Demo data: the values are invented.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One dataset as the Action API is asked to make it."""

    name: str
    organization: str
    title: str
    notes: dict[str, str]
    requirement_id: str | None
    theme: str
    frequency: str
    file: File | None
    data_kind: str = "city"
    license_id: str | None = LICENSE_ID
    extra: dict[str, Any] = field(default_factory=dict)

    def package(self) -> dict[str, Any]:
        """Return the fields for `package_create`."""
        fields: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "owner_org": self.organization,
            "notes": f"{self.notes['sl']} {DEMO_NOTE['sl']}\n\n**English.** {self.notes['en']} {DEMO_NOTE['en']}",
            "data_kind": self.data_kind,
            "theme": [THEME + self.theme],
            "frequency": FREQUENCY + self.frequency,
            "language": ["sl", "en"],
            "contact": [{"name": "Uredništvo podatkov", "email": f"podatki@{self.organization}.example"}],
            **self.extra,
        }
        if self.license_id:
            fields["license_id"] = self.license_id
        if self.requirement_id:
            fields["requirement_ids"] = [self.requirement_id]
        return fields


def all_datasets(year: int) -> list[Dataset]:
    """Return the datasets of all cities for a budget year, in the order in which they are made."""
    found = [boundaries(city) for city in (SKOFJA_LOKA, ZELEZNIKI, GORENJA_VAS_POLJANE)]
    found += [budget(SKOFJA_LOKA, year, 34_500_000), budget(GORENJA_VAS_POLJANE, year, 11_900_000)]
    found += [facilities(city) for city in (SKOFJA_LOKA, ZELEZNIKI)]
    found += [
        parking(SKOFJA_LOKA),
        drinking_water(SKOFJA_LOKA),
        waste(SKOFJA_LOKA),
        waste(GORENJA_VAS_POLJANE),
        # Partly met: nobody said under which license the network may be used.
        cycle_network(SKOFJA_LOKA, license_id=None),
        # Partly met: a scan of the budget cannot be read by software.
        scanned_budget(ZELEZNIKI, year),
        closed_register(SKOFJA_LOKA),
    ]
    return found


def boundaries(city: Municipality) -> Dataset:
    """The outline of a municipality and its settlements, schematic."""
    body = json.dumps(feature_collection(city), ensure_ascii=False).encode()
    return Dataset(
        name=f"meje-{city.slug}",
        organization=city.slug,
        title=f"Občina in naselja ({city.name}, shematsko) / Municipality and settlements (schematic)",
        notes={
            "sl": f"Shematska meja občine {city.name} in naselja, po katerih poročajo podjetja. Ni uradna meja.",
            "en": f"Schematic outline of {city.name} and of the settlements by which companies report. Not official.",
        },
        requirement_id="admin-boundaries",
        theme="REGI",
        frequency="ANNUAL",
        file=File(name="naselja.geojson", format="GeoJSON", body=body),
        extra={"spatial": json.dumps(outline_geometry(city))},
    )


def budget(city: Municipality, year: int, total_eur: int) -> Dataset:
    """Adopted and realized budget by program."""
    programs = (
        ("04", "Skupne administrativne službe in splošne javne storitve", 0.05),
        ("06", "Lokalna samouprava", 0.11),
        ("11", "Kmetijstvo, gozdarstvo in ribištvo", 0.02),
        ("13", "Promet, prometna infrastruktura in komunikacije", 0.24),
        ("14", "Gospodarstvo", 0.02),
        ("15", "Varovanje okolja in naravne dediščine", 0.13),
        ("16", "Prostorsko planiranje in stanovanjsko komunalna dejavnost", 0.12),
        ("17", "Zdravstveno varstvo", 0.02),
        ("18", "Kultura, šport in nevladne organizacije", 0.09),
        ("19", "Izobraževanje", 0.16),
        ("20", "Socialno varstvo", 0.04),
    )
    rng = _rng("budget", city)
    rows = []
    for code, program, share in programs:
        adopted = round(total_eur * share * rng.uniform(0.9, 1.1), -2)
        realized = round(adopted * rng.uniform(0.45, 0.8), 2)
        rows.append({"program": code, "naziv": program, "sprejeto_eur": adopted, "realizirano_eur": realized})
    return Dataset(
        name=f"proracun-{year}-{city.slug}",
        organization=city.slug,
        title=f"Proračun {year} po programih ({city.name}) / Budget {year} by program",
        notes={
            "sl": f"Sprejeti proračun občine {city.name} za leto {year} in realizacija po programski klasifikaciji.",
            "en": f"The adopted budget of {city.name} for {year} and what was spent, by program.",
        },
        requirement_id="budget",
        theme="ECON",
        frequency="ANNUAL",
        file=table(f"proracun-{year}.csv", rows),
    )


def scanned_budget(city: Municipality, year: int) -> Dataset:
    """A budget that exists only as a page to look at."""
    return Dataset(
        name=f"proracun-{year}-{city.slug}",
        organization=city.slug,
        title=f"Proračun {year} ({city.name}) / Budget {year}",
        notes={
            "sl": f"Odlok o proračunu občine {city.name} za leto {year}, objavljen le kot dokument.",
            "en": f"The budget ordinance of {city.name} for {year}, published as a document only.",
        },
        requirement_id="budget",
        theme="ECON",
        frequency="ANNUAL",
        file=File(name=f"odlok-o-proracunu-{year}.pdf", format="PDF", body=one_page_pdf(f"Proracun {year} - demo")),
    )


def facilities(city: Municipality) -> Dataset:
    """Public facilities with place and opening hours."""
    kinds = (
        "Osnovna šola",
        "Vrtec",
        "Knjižnica",
        "Zdravstvena postaja",
        "Športno igrišče",
        "Kulturni dom",
        "Gasilski dom",
    )
    rng = _rng("facilities", city)
    rows = [
        {
            "vrsta": kind,
            "naselje": zone.name,
            "lat": round(zone.latitude + rng.uniform(-0.004, 0.004), 5),
            "lon": round(zone.longitude + rng.uniform(-0.004, 0.004), 5),
            "dostopno_z_vozickom": rng.choice(("da", "da", "ne")),
            "odprto": rng.choice(("Mo-Fr 08:00-16:00", "Mo-Sa 08:00-20:00", "24/7")),
        }
        for zone in city.zones
        for kind in kinds
        if rng.random() < min(0.9, zone.meter_count / 150)
    ]
    return Dataset(
        name=f"javni-objekti-{city.slug}",
        organization=city.slug,
        title=f"Javni objekti ({city.name}) / Public facilities",
        notes={
            "sl": f"Šole, vrtci, knjižnice in drugi javni objekti v občini {city.name} z lego in dostopnostjo.",
            "en": f"Schools, kindergartens, libraries and other public facilities of {city.name}, place and access.",
        },
        requirement_id="public-facilities",
        theme="REGI",
        frequency="QUARTERLY",
        file=table("javni-objekti.csv", rows),
    )


def parking(city: Municipality) -> Dataset:
    """Car parks with their size and price."""
    rng = _rng("parking", city)
    names = ("Štemarje", "Avtobusna postaja", "Zdravstveni dom", "Železniška postaja", "Športna dvorana", "Grad")
    rows = [
        {
            "parkirisce": name,
            "mesta": rng.randrange(20, 180, 5),
            "za_invalide": rng.randrange(1, 6),
            "eur_na_uro": rng.choice((0, 0.3, 0.5, 0.8)),
        }
        for name in names
    ]
    return Dataset(
        name=f"parkirisca-{city.slug}",
        organization=city.slug,
        title=f"Javna parkirišča ({city.name}) / Public car parks",
        notes={
            "sl": "Javna parkirišča s številom mest, mesti za invalide in ceno na uro.",
            "en": "Public car parks with the number of places, places for disabled drivers and the price per hour.",
        },
        requirement_id="parking",
        theme="TRAN",
        frequency="QUARTERLY",
        file=table("parkirisca.csv", rows),
    )


def drinking_water(city: Municipality) -> Dataset:
    """Samples of drinking water by settlement."""
    rng = _rng("water", city)
    rows = [
        {
            "naselje": zone.name,
            "mesec": month,
            "vzorci": rng.randint(2, 5),
            "neskladni": int(rng.random() < 0.06),
            "nitrat_mg_l": round(rng.uniform(3, 12), 1),
        }
        for zone in city.zones
        for month in range(1, 11)
    ]
    return Dataset(
        name=f"pitna-voda-{city.slug}",
        organization=city.slug,
        title=f"Kakovost pitne vode ({city.name}) / Drinking water quality",
        notes={
            "sl": "Število odvzetih in neskladnih vzorcev pitne vode ter vsebnost nitrata po naseljih in mesecih.",
            "en": "Samples of drinking water taken and failed, and nitrate content, by settlement and month.",
        },
        requirement_id="drinking-water-quality",
        theme="ENVI",
        frequency="MONTHLY",
        file=table("pitna-voda.csv", rows),
    )


def waste(city: Municipality) -> Dataset:
    """Waste collected by stream and month."""
    rng = _rng("waste", city)
    streams = (("mešani komunalni", 0.42), ("biološki", 0.21), ("papir", 0.14), ("embalaža", 0.17), ("steklo", 0.06))
    meters = sum(zone.meter_count for zone in city.zones)
    rows = [
        {"mesec": month, "vrsta": stream, "tone": round(meters * 0.09 * share * rng.uniform(0.85, 1.15), 2)}
        for month in range(1, 11)
        for stream, share in streams
    ]
    return Dataset(
        name=f"odpadki-{city.slug}",
        organization=city.slug,
        title=f"Zbrani komunalni odpadki ({city.name}) / Municipal waste collected",
        notes={
            "sl": "Masa zbranih komunalnih odpadkov v tonah po vrstah in mesecih.",
            "en": "Mass of municipal waste collected in tonnes, by stream and month.",
        },
        requirement_id="waste",
        theme="ENVI",
        frequency="MONTHLY",
        file=table("odpadki.csv", rows),
    )


def cycle_network(city: Municipality, *, license_id: str | None = LICENSE_ID) -> Dataset:
    """Cycle routes between settlements."""
    center, *others = city.zones
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "LineString",
                "coordinates": [[center.longitude, center.latitude], [zone.longitude, zone.latitude]],
            },
            "properties": {"od": center.name, "do": zone.name, "vrsta": "kolesarska povezava", "schematic": True},
        }
        for zone in others
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
    return Dataset(
        name=f"kolesarske-poti-{city.slug}",
        organization=city.slug,
        title=f"Kolesarske povezave ({city.name}) / Cycle network",
        notes={
            "sl": "Shematski potek kolesarskih povezav med naselji v občini.",
            "en": "Schematic course of the cycle routes between the settlements of the municipality.",
        },
        requirement_id="cycle-network",
        theme="TRAN",
        frequency="QUARTERLY",
        file=File(name="kolesarske-povezave.geojson", format="GeoJSON", body=body),
        license_id=license_id,
        extra={"spatial": json.dumps(outline_geometry(city))},
    )


def closed_register(city: Municipality) -> Dataset:
    """A register that must stay closed: listed in the inventory, without a file."""
    return Dataset(
        name=f"register-pobud-{city.slug}",
        organization=city.slug,
        title=f"Register vlog in pobud občanov ({city.name}) / Register of citizens' applications",
        notes={
            "sl": "Vloge in pobude z osebnimi podatki vlagateljev. Navedene so zaradi popisa; podatki ostanejo zaprti.",
            "en": "Applications and initiatives with personal data. Listed for the inventory; the data stay closed.",
        },
        requirement_id=None,
        theme="GOVE",
        frequency="UPDATE_CONT",
        file=None,
        data_kind="egov",
        license_id=None,
        extra={
            "access_rights": NON_PUBLIC,
            "access_tier": "internal",
            "legal_ground": "Zakon o varstvu osebnih podatkov (ZVOP-2); demo",
        },
    )


def _rng(topic: str, city: Municipality) -> random.Random:
    return random.Random(f"{SEED}/{topic}/{city.slug}")  # noqa: S311  (demo values, not secrets)
