"""Assesses organizations and reconciles their cases: one transaction each, under the lock of the audit chain.

Running it twice changes nothing. Boundary: called by the action, which authorizes; rules are in :mod:`datastrategy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckan import model

from ckanext.datastrategy import casebook, chain, config, reports
from ckanext.datastrategy.ledger import covering_dataset_ids, late_deliveries
from datastrategy.cases import SubjectKind, reconcile_deliveries, reconcile_requirements
from datastrategy.profiles import load_profile

__all__ = ["reassess"]


def reassess(organization_ids: Sequence[str], actor: str) -> dict[str, Any]:
    """Assess each organization, then reconcile the cases of late deliveries.

    Returns:
        ``assessed`` and ``changed`` organizations, cases ``opened`` and ``closed``, and whether the ledger could be
        asked for late deliveries (``deliveries_checked``).
    """
    total: dict[str, Any] = {"assessed": 0, "changed": 0, "opened": 0, "closed": 0, "deliveries_checked": False}
    for organization_id in organization_ids:
        changed, counts = _one(organization_id, actor)
        total["assessed"] += 1
        total["changed"] += int(changed)
        _add(total, counts)
    late = late_deliveries()
    if late is not None:
        chain.lock()
        today = reports.database_today()
        changes = reconcile_deliveries(casebook.open_cases(SubjectKind.DELIVERY), late, today)
        _add(total, casebook.apply(changes, actor, today))
        total["deliveries_checked"] = True
    model.Session.commit()
    return total


def _one(organization_id: str, actor: str) -> tuple[bool, dict[str, int]]:
    # The ledger may be slow; it is asked before the lock, which everybody who changes a case or a role waits for.
    covering_ids = covering_dataset_ids(organization_id)
    # Taken before anything of ours is read: two workers on one organization wait for each other instead of both
    # opening a case.
    chain.lock()
    today = reports.database_today()
    profile = load_profile(config.profile_id(), today)
    report = reports.build(organization_id, profile, today, covering_ids)
    changed = reports.store(report)
    open_cases = casebook.open_cases(SubjectKind.REQUIREMENT, organization_id)
    counts = casebook.apply(reconcile_requirements(open_cases, report, profile, today), actor, today)
    model.Session.commit()
    return changed, counts


def _add(total: dict[str, Any], counts: dict[str, int]) -> None:
    for name, number in counts.items():
        total[name] += number
