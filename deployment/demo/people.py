"""The demo's organizations, people and their roles; passwords are random and noted in one private file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.portal import Portal
from demo.region import (
    BIKE_SHARE,
    COMPANIES,
    GORENJA_VAS_POLJANE,
    MUNICIPALITIES,
    SKOFJA_LOKA,
    UTILITY,
    ZELEZNIKI,
)

LOGINS_FILE = "demo-logins.txt"
CITY_NOTE = {
    "sl": "Prikazna občina: ime in šifra sta resnična, podatki so izmišljeni, meja in naselja so narisani shematsko.",
    "en": "Demo city: name and code are real, the data are invented, outline and settlements are drawn schematically.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person with a CKAN capacity and one of our roles in an organization."""

    name: str
    full_name: str
    organization: str
    capacity: str
    role: str


DPO = Person(
    name="loka-dpo",
    full_name="Bojan Primer (pooblaščena oseba za varstvo podatkov / DPO)",
    organization=SKOFJA_LOKA.slug,
    capacity="member",
    role="dpo",
)
PEOPLE = (
    Person(
        name="loka-uradnica",
        full_name="Ana Primer (skrbnica podatkov / data officer)",
        organization=SKOFJA_LOKA.slug,
        capacity="admin",
        role="officer",
    ),
    DPO,
    Person(
        name="zelezniki-uradnik",
        full_name="Cene Primer (skrbnik podatkov / data officer)",
        organization=ZELEZNIKI.slug,
        capacity="admin",
        role="officer",
    ),
    Person(
        name="poljane-uradnica",
        full_name="Darja Primer (skrbnica podatkov / data officer)",
        organization=GORENJA_VAS_POLJANE.slug,
        capacity="admin",
        role="officer",
    ),
    Person(
        name="elektro-posiljatelj",
        full_name="Erik Primer (pošiljatelj podatkov / sender)",
        organization=UTILITY.slug,
        capacity="member",
        role="sender",
    ),
    Person(
        name="kolesa-posiljateljica",
        full_name="Fani Primer (pošiljateljica podatkov / sender)",
        organization=BIKE_SHARE.slug,
        capacity="member",
        role="sender",
    ),
)


def make_organizations(portal: Portal) -> int:
    """Make the cities and companies that are missing; return how many."""
    wanted = [
        {
            "name": city.slug,
            "title": f"Občina {city.name}",
            "description": f"{CITY_NOTE['sl']}\n\n{CITY_NOTE['en']}",
            "organization_kind": "city",
            "municipality_code": city.iso_code,
        }
        for city in MUNICIPALITIES
    ] + [
        {
            "name": company.slug,
            "title": company.title,
            "description": f"{company.description['sl']}\n\n{company.description['en']}",
            "organization_kind": "company",
        }
        for company in COMPANIES
    ]
    missing = [one for one in wanted if portal.find("organization_show", id=one["name"]) is None]
    for one in missing:
        portal.call("organization_create", **one)
    return len(missing)


def make_people(portal: Portal, data: Path) -> int:
    """Make the people that are missing and give everybody their role; return how many are new."""
    logins = read_logins(data)
    missing = [one for one in PEOPLE if portal.find("user_show", id=one.name) is None]
    logins |= {one.name: secrets.token_urlsafe(12) for one in missing if one.name not in logins}
    # Written before the first account exists: a seeding that is cut off must not leave an account nobody can enter.
    write_logins(data, logins)
    for one in missing:
        portal.call(
            "user_create",
            name=one.name,
            fullname=one.full_name,
            email=f"{one.name}@cityopen-demo.example",
            password=logins[one.name],
        )
        portal.call("organization_member_create", id=one.organization, username=one.name, role=one.capacity)
    for one in PEOPLE:
        portal.call("datastrategy_role_grant", organization_id=one.organization, user=one.name, role=one.role)
    return len(missing)


def read_logins(data: Path) -> dict[str, str]:
    """Return the noted passwords by name; empty where nothing is noted."""
    try:
        lines = (data / LOGINS_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("\t")[:2] for line in lines if "\t" in line)


def write_logins(data: Path, logins: Mapping[str, str]) -> None:
    """Note the passwords in a file that only its owner can read, complete or not at all."""
    titles = {one.name: one.full_name for one in PEOPLE}
    text = "".join(f"{name}\t{word}\t{titles.get(name, '')}\n" for name, word in logins.items())
    draft = data / f"{LOGINS_FILE}.part"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
        target.write(text)
    os.replace(draft, data / LOGINS_FILE)
