"""What the portal is told about a mandate's dataset and a release's files. Pure: values in, dictionaries out.

One dataset per mandate, named by its slug; per period one set of files. Everything is computed anew from the ledger
on each publication, so a second run writes the same dictionary. No reason of a withdrawal is published, only the fact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cityharvest.publisher.ids import CSV, PARQUET, PROOF, SCHEMA, resource_id
from cityharvest.records import Mandate, Release, ReleaseFile

DATA_KIND = "public-interest"
_PUBLIC = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
_SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"

_FORMATS: Mapping[str, tuple[str, str]] = {
    CSV: ("CSV", "text/csv"),
    PARQUET: ("Parquet", "application/vnd.apache.parquet"),
    SCHEMA: ("JSON", "application/json"),
    PROOF: ("JSON", "application/json"),
}
_NAMES: Mapping[str, str] = {
    CSV: "Podatki {period} (CSV)",
    PARQUET: "Podatki {period} (Parquet)",
    SCHEMA: "Shema podatkov {period}",
    PROOF: "Dokazilo o varstvu podatkov {period}",
}
_DESCRIPTIONS: Mapping[str, str] = {
    CSV: "Tabela, pripravljena za objavo.\n\nThe table as it was cleared for publication.",
    PARQUET: "Ista tabela v obliki Parquet.\n\nThe same table as Parquet.",
    SCHEMA: "Pomen in enote stolpcev (Table Schema).\n\nMeaning and units of the columns (Table Schema).",
    PROOF: "Kako so bili podatki zavarovani in kaj je izpuščeno.\n\nHow the data were protected and what is left out.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """A tombstone as the public sees it."""

    period: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """First and last local date of what is served now."""

    first: date
    last: date


def dataset_fields(
    mandate: Mandate,
    *,
    company_name: str,
    release: Release | None,
    coverage: Coverage | None,
    withdrawn: Sequence[Withdrawn] = (),
) -> dict[str, Any]:
    """Return the dataset's fields.

    Args:
        mandate: whose dataset it is.
        company_name: as the portal's organization is called.
        release: the newest release that is served, or None when all were withdrawn.
        coverage: dates of all periods served.
        withdrawn: tombstones.
    """
    product = mandate.product
    return {
        "title": product["dataset_title"]["sl"],
        "notes": _notes(mandate, withdrawn),
        "owner_org": mandate.lead_organization_id,
        "license_id": product["license_id"],
        "tags": [{"name": tag} for tag in product.get("tags", ())],
        "data_kind": DATA_KIND,
        "access_rights": _PUBLIC,
        "frequency": product["frequency"],
        "requirement_ids": list(product.get("requirement_ids", ())),
        "mandate_id": mandate.id,
        "covered_organizations": list(mandate.municipality_organization_ids),
        "creator": [{"name": company_name, "identifier": mandate.company_organization_id}],
        "legal_ground": mandate.legal_basis["title"]["sl"],
        "applicable_legislation": [mandate.legal_basis["url"]],
        "provenance": _provenance(company_name, mandate),
        "suppression": json.dumps(suppression(release), ensure_ascii=False, sort_keys=True) if release else "",
        "temporal_coverage": _temporal(coverage),
    }


def suppression(release: Release) -> dict[str, Any]:
    """Return what stands beside the table: which rule, how many units at least, how much was left out (in bands)."""
    proof = release.proof
    preset = proof["preset"]
    return {
        "release_id": release.id,
        "period": release.period,
        "preset": {name: preset[name] for name in ("id", "version", "title")},
        "min_units": preset["parameters"].get("min_units"),
        "unit": {name: proof["unit"][name] for name in ("kind", "label")},
        "achieved_min": proof["achieved"]["min_units"],
        "band": proof["withheld"]["cells"],
        "units_band": proof["withheld"]["units"],
        "reason": proof["withheld"]["reason"],
    }


def resource_fields(release: Release, file: ReleaseFile, dataset_id: str) -> dict[str, str]:
    """Return the fields of one file's resource, as text for a multipart form."""
    form, mimetype = _FORMATS[file.name]
    return {
        "id": resource_id(release.id, file.name),
        "package_id": dataset_id,
        "name": _NAMES[file.name].format(period=release.period),
        "description": _DESCRIPTIONS[file.name],
        "format": form,
        "mimetype": mimetype,
        "hash": file.sha256,
        "hash_algorithm": _SHA256,
        "period": release.period,
        "release_id": release.id,
    }


def download_name(mandate: Mandate, release: Release, file: str) -> str:
    """Return the name under which a file is downloaded: ``slug-2026-10.csv``, ``slug-2026-10-proof.json``."""
    stem, _, suffix = file.partition(".")
    part = "" if stem == "data" else f"-{stem}"
    return f"{mandate.slug}-{release.period.lower()}{part}.{suffix}"


def media_type(file: str) -> str:
    """Return the media type of a release's file."""
    return _FORMATS[file][1]


def _notes(mandate: Mandate, withdrawn: Sequence[Withdrawn]) -> str:
    texts = mandate.product.get("notes") or mandate.title
    paragraphs = [str(texts["sl"])]
    paragraphs += [f"Objava za obdobje {one.period} je bila {_sl_date(one.on)} umaknjena." for one in withdrawn]
    paragraphs += [f"*In English:* {texts['en']}"]
    paragraphs += [
        f"The publication for the period {one.period} was withdrawn on {one.on.isoformat()}." for one in withdrawn
    ]
    return "\n\n".join(paragraphs)


def _provenance(company_name: str, mandate: Mandate) -> str:
    basis = mandate.legal_basis["title"]
    return (
        f"Podatke je predložilo podjetje {company_name} na podlagi: {basis['sl']}. Pred objavo so bili združeni in "
        f"preverjeni; posamezne enote ne zapustijo obdelave.\n\n"
        f"*In English:* delivered by {company_name} under: {basis['en']}. Aggregated and checked before publication; "
        f"single units never leave the processing."
    )


def _temporal(coverage: Coverage | None) -> list[dict[str, str]]:
    if coverage is None:
        return []
    return [{"start": coverage.first.isoformat(), "end": coverage.last.isoformat()}]


def _sl_date(day: date) -> str:
    return f"{day.day}. {day.month}. {day.year}"
