"""The dictionaries that pages show: a city's report, its cases, its board.

Boundary: reads only; everything in here is for the public. Texts come with both languages, dates in ISO form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ckanext.datastrategy import casebook, config, reports
from ckanext.datastrategy.collect import count_kinds, dataset_links, organization_summary
from ckanext.datastrategy.ledger import api, covering_dataset_ids
from ckanext.datastrategy.model import Case
from datastrategy.assess import Verdict
from datastrategy.kinds import VerdictStatus
from datastrategy.messages import both
from datastrategy.profiles import load_profile
from datastrategy.requirements import Profile, Requirement

__all__ = ["board", "case_dict", "report"]

# What the public may know of a delivery; why something is held or rejected is between the city and the company.
_PUBLIC_STATE = ("period", "sequence", "state", "late", "due_at")
_DELIVERIES_SHOWN = 6


def board(organization_id: str) -> dict[str, Any]:
    """Return everything the board of a city shows."""
    shown = report(organization_id)
    cases = [case_dict(item) for item in casebook.cases_of(organization_id, "open")]
    by_requirement = {item["requirement_id"]: item for item in cases if item["kind"] == "requirement"}
    for verdict in shown["verdicts"]:
        verdict["case"] = by_requirement.get(verdict["requirement_id"])
    mandates, ledger_ok = _mandates(organization_id)
    return {
        **shown,
        "delivery_cases": [item for item in cases if item["kind"] == "delivery"],
        "mandates": mandates,
        "ledger_ok": ledger_ok,
        "kinds": count_kinds(organization_id),
        "kind_titles": {kind: both(f"kind-{kind}") for kind in ("egov", "city", "public-interest")},
    }


def report(organization_id: str, profile_id: str | None = None) -> dict[str, Any]:
    """Return the report in force; before the first stored one, what an assessment of this moment says."""
    today = reports.database_today()
    profile = load_profile(profile_id or config.profile_id(), today)
    stored = reports.latest(organization_id, profile.id)
    verdicts: list[Mapping[str, Any]]
    if stored is None:
        verdicts = [item.as_dict() for item in _live(organization_id, profile, today)]
    else:
        names = ("requirement_id", "status", "optional", "findings", "dataset_ids")
        verdicts = [{name: getattr(item, name) for name in names} for item in stored.verdicts]
    links = dataset_links(dataset_id for item in verdicts for dataset_id in item["dataset_ids"])
    return {
        "organization": organization_summary(organization_id),
        "profile": {"id": profile.id, "version": profile.version, "title": profile.title.as_dict()},
        "today": today.isoformat(),
        "as_of": (stored.as_of if stored is not None else today).isoformat(),
        "assessed_at": None if stored is None else stored.assessed_at.isoformat(),
        "checked_at": None if stored is None else stored.checked_at.isoformat(),
        "counts": _counts(verdicts),
        "verdicts": [_verdict(item, profile, links) for item in verdicts],
    }


def case_dict(case: Case) -> dict[str, Any]:
    """Return a case as JSON values; ``requirement_id``, or ``mandate_id`` and ``period``, say what it is about."""
    about_requirement = case.subject_kind == "requirement"
    return {
        "id": case.id,
        "kind": case.subject_kind,
        "requirement_id": case.subject_item if about_requirement else None,
        "mandate_id": None if about_requirement else case.subject_owner,
        "period": None if about_requirement else case.subject_item,
        "organization_ids": list(case.organization_ids),
        "owner_organization_id": case.owner_organization_id,
        "state": case.state,
        "opened_on": case.opened_on.isoformat(),
        "due_on": case.due_on.isoformat(),
        "closed_on": None if case.closed_on is None else case.closed_on.isoformat(),
        "closed_reason": case.closed_reason,
        "closed_message": both(case.closed_reason) if case.closed_reason else None,
        "steps": [dict(step) for step in case.steps],
    }


def _live(organization_id: str, profile: Profile, today: date) -> Sequence[Verdict]:
    return reports.build(organization_id, profile, today, covering_dataset_ids(organization_id)).verdicts


def _counts(verdicts: list[Mapping[str, Any]]) -> dict[str, int]:
    scored = [str(item["status"]) for item in verdicts if not item["optional"]]
    return {**{str(status): scored.count(str(status)) for status in VerdictStatus}, "total": len(scored)}


def _verdict(item: Mapping[str, Any], profile: Profile, links: Mapping[str, dict[str, str]]) -> dict[str, Any]:
    requirement = profile.requirement(item["requirement_id"])
    return {
        **_about(requirement, item["requirement_id"]),
        "status": item["status"],
        "status_text": both(f"status-{item['status']}"),
        "optional": item["optional"],
        "findings": [
            {**finding, "message": both(finding["slug"], finding["evidence"]["params"])} for finding in item["findings"]
        ],
        "datasets": [links[dataset_id] for dataset_id in item["dataset_ids"] if dataset_id in links],
    }


def _about(requirement: Requirement | None, requirement_id: str) -> dict[str, Any]:
    if requirement is None:
        # The stored report was made with another version of the profile; the next assessment replaces it.
        bare = {"sl": requirement_id, "en": requirement_id}
        return {"requirement_id": requirement_id, "title": bare, "consequence": bare, "steps": []}
    return {
        "requirement_id": requirement.id,
        "title": requirement.title.as_dict(),
        "consequence": requirement.consequence.as_dict(),
        "theme": requirement.theme,
        "frequency": requirement.frequency,
        "formats_any": list(requirement.formats_any),
        "data_kind": str(requirement.data_kind),
        "steps": [{"id": step.id, "days": step.days, "text": step.text.as_dict()} for step in requirement.steps],
    }


def _mandates(organization_id: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the mandates of a city with the public state of their last deliveries, and whether the ledger answered."""
    try:
        mandates = api.mandate_list(organization_id)
        return [_mandate(item) for item in mandates], True
    except api.HarvestError:
        return [], False


def _mandate(mandate: api.Mandate) -> dict[str, Any]:
    deliveries = [item.as_dict() for item in api.delivery_list([mandate.id], limit=_DELIVERIES_SHOWN)]
    states = [{name: item[name] for name in _PUBLIC_STATE} for item in deliveries]
    return {
        "id": mandate.id,
        "slug": mandate.slug,
        "title": dict(mandate.title),
        "cadence": mandate.cadence,
        "company": organization_summary(mandate.company_organization_id),
        "lead": organization_summary(mandate.lead_organization_id),
        "deliveries": states,
        "late": sum(1 for item in states if item["late"]),
        "held": sum(1 for item in states if item["state"] == "held"),
        "published": sum(1 for item in states if item["state"] == "published"),
    }
