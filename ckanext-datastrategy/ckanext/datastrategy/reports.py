"""Stores assessments and reads the one in force.

An unchanged report only moves ``checked_at``; a changed one is a new row, and the old one stays as history.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from ckan import model

from ckanext.datastrategy.collect import dataset_facts
from ckanext.datastrategy.mapping import fingerprint
from ckanext.datastrategy.model import Assessment, Verdict
from datastrategy.assess import Report, assess
from datastrategy.requirements import Profile

__all__ = ["build", "database_today", "latest", "store"]


def database_today() -> date:
    """Return the day of the database's clock, the only clock that dates of cases are taken from."""
    return model.Session.scalars(sa.select(sa.func.current_date())).one()


def build(organization_id: str, profile: Profile, today: date, covering_ids: Iterable[str]) -> Report:
    """Assess an organization from what CKAN holds now; stores nothing.

    Args:
        covering_ids: Datasets of other organizations that the ledger published for this one.
    """
    facts = dataset_facts(organization_id, covering_ids)
    return assess(profile, facts, today, organization_id=organization_id)


def latest(organization_id: str, profile_id: str) -> Assessment | None:
    """Return the assessment in force, None before the first one."""
    query = sa.select(Assessment).where(
        Assessment.organization_id == organization_id, Assessment.profile_id == profile_id
    )
    return model.Session.scalars(query.order_by(Assessment.assessed_at.desc()).limit(1)).first()


def store(report: Report) -> bool:
    """Store a report in the current transaction; True when it differs from the one in force."""
    mark = fingerprint(report)
    current = latest(report.organization_id, report.profile_id)
    if current is not None and current.fingerprint == mark:
        current.checked_at = model.Session.scalars(sa.select(sa.func.clock_timestamp())).one()
        return False
    model.Session.add(
        Assessment(
            organization_id=report.organization_id,
            profile_id=report.profile_id,
            profile_version=report.profile_version,
            as_of=report.as_of,
            fingerprint=mark,
            verdicts=[
                Verdict(
                    position=position,
                    requirement_id=verdict.requirement_id,
                    status=str(verdict.status),
                    optional=verdict.optional,
                    findings=[finding.as_dict() for finding in verdict.findings],
                    dataset_ids=list(verdict.dataset_ids),
                )
                for position, verdict in enumerate(report.verdicts)
            ],
        )
    )
    model.Session.flush()
    return True
