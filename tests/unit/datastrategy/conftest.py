"""Builders of complete, valid facts and requirements, as fixtures; a test overrides only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from datastrategy.facts import DatasetFacts
from datastrategy.kinds import DataKind, Level
from datastrategy.legal import LegalReference
from datastrategy.licenses import LicenseRule
from datastrategy.localized import Localized
from datastrategy.requirements import Profile, Requirement, Step

TODAY = date(2026, 11, 24)
MUST = ("access", "license", "format", "machine_readable", "bulk", "fresh")
SHOULD = ("api", "described", "contact", "kind")


def both(text: str) -> Localized:
    return Localized(sl=f"{text} sl", en=f"{text} en")


def requirement(**changes: Any) -> Requirement:
    base = Requirement(
        id="waste",
        title=both("title"),
        consequence=both("consequence"),
        theme="ENVI",
        frequency="MONTHLY",
        formats_any=("CSV", "JSON"),
        steps=(Step(id="prepare", days=14, text=both("prepare")), Step(id="publish", days=45, text=both("publish"))),
        license_rule=LicenseRule.HVD,
        levels={**dict.fromkeys(MUST, Level.MUST), **dict.fromkeys(SHOULD, Level.SHOULD)},
    )
    return replace(base, **changes)


def facts(**changes: Any) -> DatasetFacts:
    base = DatasetFacts(
        id="d-1",
        name="waste-2026",
        title="Waste",
        organization_id="org-1",
        license_id="cc-by-4.0",
        requirement_ids=("waste",),
        formats=("CSV",),
        data_kind=DataKind.CITY,
        frequency="MONTHLY",
        modified=date(2026, 11, 1),
        resource_count=1,
        download_count=1,
        datastore_active=True,
        notes_length=200,
        contact="open.data@example.org",
    )
    return replace(base, **changes)


def profile(*requirements: Requirement) -> Profile:
    return Profile(
        id="test-profile",
        version="1",
        title=both("profile"),
        valid_from=date(2026, 1, 1),
        valid_to=None,
        binding="benchmark",
        source=LegalReference(title=both("source")),
        requirements=requirements or (requirement(),),
    )


@pytest.fixture(scope="session")
def today() -> date:
    """The day of every assessment here."""
    return TODAY


@pytest.fixture(scope="session")
def make_requirement():
    """Builds a requirement of one dataset on waste, expected monthly."""
    return requirement


@pytest.fixture(scope="session")
def make_facts():
    """Builds the facts of a dataset that meets it."""
    return facts


@pytest.fixture(scope="session")
def make_profile():
    """Builds a profile of given requirements."""
    return profile
