"""Reads from CKAN's tables what an assessment needs; four queries per organization, however many datasets it has.

Boundary: never asks Solr, so that assessing works while the search is down; returns plain dictionaries for the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from ckan import model

from ckanext.datastrategy.mapping import facts_from_package, string_list
from datastrategy.facts import DatasetFacts

__all__ = [
    "active_organization",
    "affected_organizations",
    "assessable_organization_ids",
    "count_kinds",
    "dataset_facts",
    "dataset_links",
    "is_company",
    "organization_summary",
]


def active_organization(id_or_name: str | None) -> model.Group | None:
    """Return an organization that is not deleted, None when there is none."""
    found = model.Group.get(id_or_name) if id_or_name else None
    return found if found is not None and found.is_organization and found.state == "active" else None


def is_company(organization: model.Group) -> bool:
    """Tell whether an organization is a company; one without a kind counts as a city."""
    return _extras(organization).get("organization_kind") == "company"


def organization_summary(organization_id: str) -> dict[str, Any]:
    """Return id, name, title, kind and code of an organization; the id alone when it is gone."""
    found = model.Group.get(organization_id)
    if found is None:
        return {"id": organization_id, "name": None, "title": None, "kind": None, "municipality_code": None}
    return {
        "id": found.id,
        "name": found.name,
        "title": found.title or found.name,
        "kind": "company" if is_company(found) else "city",
        "municipality_code": _extras(found).get("municipality_code"),
    }


def assessable_organization_ids() -> list[str]:
    """Return the ids of all active organizations that are no company, by name."""
    query = sa.select(model.Group).where(model.Group.is_organization, model.Group.state == "active")
    found = model.Session.scalars(query.order_by(model.Group.name))
    return [item.id for item in found if not is_company(item)]


def affected_organizations(dataset_id: str) -> set[str]:
    """Return the owner of a dataset and the organizations it covers."""
    package = model.Package.get(dataset_id)
    if package is None:
        return set()
    covered = string_list((package.extras or {}).get("covered_organizations"))
    return {item for item in (package.owner_org, *covered) if item}


def dataset_facts(organization_id: str, covering_ids: Iterable[str] = ()) -> list[DatasetFacts]:
    """Return the facts of the active datasets an organization owns and of those that cover it.

    Args:
        covering_ids: Datasets known from the ledger to cover the organization; those whose own field says so are
            found here, so that a ledger that is down never makes a dataset look missing.
    """
    covered = model.Package.extras["covered_organizations"].astext
    query = sa.select(model.Package).where(
        model.Package.state == "active",
        sa.or_(
            model.Package.owner_org == organization_id,
            model.Package.id.in_(sorted(covering_ids)),
            covered.contains(f'"{organization_id}"', autoescape=True),
        ),
    )
    packages = {item.id: item for item in model.Session.scalars(query)}
    resources = _resources(packages)
    tags = _tags(packages)
    licenses = model.Package.get_license_register()
    return [
        facts_from_package(
            {
                **(package.extras or {}),
                **_core(package),
                "license_url": getattr(licenses.get(package.license_id), "url", None),
                "resources": resources.get(package_id, []),
                "tags": tags.get(package_id, []),
            }
        )
        for package_id, package in packages.items()
    ]


def count_kinds(organization_id: str) -> dict[str, int]:
    """Return how many public datasets of an organization are of each kind; ``unclassified`` for the rest."""
    kind = model.Package.extras["data_kind"].astext
    query = (
        sa.select(kind, sa.func.count())
        .where(
            model.Package.owner_org == organization_id,
            model.Package.state == "active",
            sa.not_(model.Package.private),
            model.Package.type == "dataset",
        )
        .group_by(kind)
    )
    counts = {"egov": 0, "city": 0, "public-interest": 0, "unclassified": 0}
    for value, number in model.Session.execute(query):
        counts[value if value in counts else "unclassified"] += number
    return counts


def dataset_links(dataset_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return id, name and title of those of the datasets that everybody may see, by id."""
    query = sa.select(model.Package).where(
        model.Package.id.in_(sorted(set(dataset_ids))),
        model.Package.state == "active",
        sa.not_(model.Package.private),
    )
    return {
        item.id: {"id": item.id, "name": item.name, "title": item.title or item.name}
        for item in model.Session.scalars(query)
    }


def _extras(organization: model.Group) -> dict[str, str]:
    # The column is there since CKAN 2.12, the class does not declare it.
    return getattr(organization, "extras", None) or {}


def _core(package: model.Package) -> dict[str, Any]:
    names = ("id", "name", "title", "owner_org", "license_id", "notes", "state", "private", "type")
    more = ("maintainer_email", "author_email", "metadata_modified")
    return {name: getattr(package, name) for name in (*names, *more)}


def _resources(packages: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    query = sa.select(model.Resource).where(
        model.Resource.package_id.in_(sorted(packages)), model.Resource.state == "active"
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for item in model.Session.scalars(query):
        row = {name: getattr(item, name) for name in ("format", "url", "url_type", "last_modified", "created")}
        found.setdefault(str(item.package_id), []).append({**(item.extras or {}), **row})
    return found


def _tags(packages: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    query = (
        sa.select(model.PackageTag.package_id, model.Tag.name)
        .join(model.Tag, model.Tag.id == model.PackageTag.tag_id)
        .where(model.PackageTag.package_id.in_(sorted(packages)), model.PackageTag.state == "active")
    )
    found: dict[str, list[dict[str, str]]] = {}
    for package_id, name in model.Session.execute(query):
        found.setdefault(package_id, []).append({"name": name})
    return found
