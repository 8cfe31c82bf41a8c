"""Stores cases: opens and closes what the rules decided, each with one audit row in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa
from ckan import model
from sqlalchemy.dialects.postgresql import JSONB

from ckanext.datastrategy import chain
from ckanext.datastrategy.model import Case
from datastrategy.cases import CaseAction, CaseChange, CaseSubject, OpenCase, SubjectKind

__all__ = ["apply", "cases_of", "open_cases"]


def open_cases(kind: SubjectKind, organization_id: str | None = None) -> list[OpenCase]:
    """Return the open cases of a kind, for requirements those of one organization."""
    query = sa.select(Case).where(Case.state == "open", Case.subject_kind == str(kind))
    if organization_id is not None:
        query = query.where(Case.subject_owner == organization_id)
    return [
        OpenCase(id=item.id, subject=CaseSubject(kind=kind, owner=item.subject_owner, item=item.subject_item))
        for item in model.Session.scalars(query)
    ]


def cases_of(organization_id: str, state: str | None = None) -> list[Case]:
    """Return the cases that concern an organization, the next due first; both states when none is named."""
    concerns = Case.organization_ids.op("@>")(sa.cast(sa.func.jsonb_build_array(organization_id), JSONB))
    query = sa.select(Case).where(concerns | (Case.owner_organization_id == organization_id))
    if state is not None:
        query = query.where(Case.state == state)
    return list(model.Session.scalars(query.order_by(Case.due_on, Case.subject_item, Case.id)))


def apply(changes: Iterable[CaseChange], actor: str, today: date) -> dict[str, int]:
    """Carry out changes in the current transaction; return how many cases were opened and closed."""
    counts = {"opened": 0, "closed": 0}
    for change in changes:
        match change.action:
            case CaseAction.OPEN:
                _open(change, actor)
                counts["opened"] += 1
            case CaseAction.CLOSE:
                _close(change, actor, today)
                counts["closed"] += 1
            case CaseAction.KEEP:
                pass
    return counts


def _open(change: CaseChange, actor: str) -> None:
    assert change.opened_on is not None and change.due_on is not None  # noqa: S101  an OPEN carries its dates
    steps: list[dict[str, Any]] = [
        {"id": step.id, "due_on": step.due_on(change.opened_on).isoformat(), "text": step.text.as_dict()}
        for step in change.steps
    ]
    case = Case(
        subject_kind=str(change.subject.kind),
        subject_owner=change.subject.owner,
        subject_item=change.subject.item,
        organization_ids=list(change.organization_ids),
        owner_organization_id=change.owner_organization_id,
        state="open",
        opened_on=change.opened_on,
        due_on=change.due_on,
        steps=steps,
    )
    model.Session.add(case)
    model.Session.flush()
    chain.append(
        subject=str(change.subject),
        event="case-opened",
        actor=actor,
        detail={"case_id": case.id, "due_on": case.due_on.isoformat()},
    )


def _close(change: CaseChange, actor: str, today: date) -> None:
    case = model.Session.get(Case, change.case_id)
    if case is None or case.state == "closed":
        return
    case.state, case.closed_on, case.closed_reason = "closed", today, change.reason
    chain.append(
        subject=str(change.subject),
        event="case-closed",
        actor=actor,
        detail={"case_id": case.id, "reason": change.reason},
    )
