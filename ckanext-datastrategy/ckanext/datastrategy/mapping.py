"""Translates CKAN's dictionaries to facts, and reports to what is stored; the only module that knows both sides.

Boundary: no queries (see :mod:`ckanext.datastrategy.collect`), no rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from datastrategy.assess import Report
from datastrategy.facts import DatasetFacts
from datastrategy.formats import format_code, is_service
from datastrategy.kinds import DataKind

__all__ = ["facts_from_package", "fingerprint", "string_list"]

# A page to look at is not a download, whatever its address ends with.
_PAGES = frozenset({"HTML", "WEB_PAGE", "WEBPAGE"})


def string_list(value: Any) -> list[str]:
    """Return the strings of a list, JSON list or comma-separated text in order, each once; empty for all else."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                value = json.loads(text)
            except ValueError:
                value = []
        else:
            value = text.split(",")
    if not isinstance(value, Iterable) or isinstance(value, Mapping):
        return []
    return list(dict.fromkeys(str(item).strip() for item in value if str(item).strip()))


def facts_from_package(package: Mapping[str, Any]) -> DatasetFacts:
    """Return the facts of a package dictionary, shown or as stored (lists as JSON text).

    Args:
        package: Core fields, our extras at the top level, ``resources`` and ``tags`` as lists of dictionaries.
    """
    resources = [item for item in package.get("resources") or () if item.get("state", "active") == "active"]
    formats = [code for item in resources if (code := format_code(item.get("format")))]
    return DatasetFacts(
        id=str(package["id"]),
        name=str(package.get("name") or ""),
        title=str(package.get("title") or package.get("name") or ""),
        organization_id=str(package.get("owner_org") or ""),
        license_id=package.get("license_id") or None,
        license_url=package.get("license_url") or None,
        tags=tuple(str(tag.get("name", "")) for tag in package.get("tags") or ()),
        requirement_ids=tuple(string_list(package.get("requirement_ids"))),
        formats=tuple(formats),
        data_kind=_kind(package.get("data_kind")),
        frequency=package.get("frequency") or None,
        modified=_content_changed(package, resources),
        resource_count=len(resources),
        download_count=sum(1 for item in resources if _is_download(item)),
        datastore_active=any(bool(item.get("datastore_active")) for item in resources),
        notes_length=len(str(package.get("notes") or "").strip()),
        access_rights=package.get("access_rights") or None,
        contact=_contact(package),
        covered_organizations=tuple(string_list(package.get("covered_organizations"))),
        is_public=package.get("state", "active") == "active"
        and not package.get("private")
        and package.get("type", "dataset") == "dataset",
    )


def fingerprint(report: Report) -> str:
    """Return the sha256 of a report without its date: equal reports on two days have the same one."""
    plain = {
        "profile": [report.profile_id, report.profile_version],
        "verdicts": [verdict.as_dict() for verdict in report.verdicts],
    }
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _kind(value: Any) -> DataKind | None:
    try:
        return DataKind(str(value))
    except ValueError:
        return None


def _is_download(resource: Mapping[str, Any]) -> bool:
    code = format_code(resource.get("format"))
    return bool(resource.get("url")) and not (code is not None and (is_service(code) or code in _PAGES))


def _contact(package: Mapping[str, Any]) -> str | None:
    for item in _subfields(package.get("contact")):
        for name in ("email", "url", "uri"):
            if item.get(name):
                return str(item[name])
    return package.get("maintainer_email") or package.get("author_email") or None


def _subfields(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _content_changed(package: Mapping[str, Any], resources: list[Mapping[str, Any]]) -> date | None:
    """Return the last day the content changed.

    Editing the description moves ``metadata_modified``; it counts only where nothing better is known.
    """
    stated = [package.get("modified"), *(item.get("modified") for item in resources)]
    uploaded = [item.get("last_modified") or item.get("created") for item in resources]
    days = [day for day in map(_day, (*stated, *uploaded)) if day is not None]
    return max(days) if days else _day(package.get("metadata_modified"))


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
