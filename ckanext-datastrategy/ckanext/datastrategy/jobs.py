"""Has an organization assessed in the background after one of its datasets changed.

A changed dataset is only noted; when the whole transaction has ended, one job per organization is queued, unless one
waits already. Nothing heavy runs in the request, and a Redis that is down never keeps anybody from saving: the nightly
run catches what was lost.
"""

from __future__ import annotations

import logging
from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model
from redis.exceptions import RedisError
from sqlalchemy import event

from ckanext.datastrategy.collect import affected_organizations

__all__ = ["listen", "note_change", "queue_reassessment", "reassess_organization"]

log = logging.getLogger(__name__)

_NOTED = "datastrategy_changed_organizations"
# A worker that dies between taking the job and removing the marker blocks an organization no longer than this.
_MARKER_TTL_S = 900


def note_change(dataset_id: str) -> None:
    """Remember the organizations of a dataset until the transaction ends."""
    model.Session.info.setdefault(_NOTED, set()).update(affected_organizations(dataset_id))


def listen() -> None:
    """Queue the noted organizations whenever an outermost transaction ends; safe to call twice."""
    if not event.contains(model.Session, "after_transaction_end", _after_transaction_end):
        event.listen(model.Session, "after_transaction_end", _after_transaction_end)


def _after_transaction_end(session: Any, transaction: Any) -> None:
    if transaction.parent is not None:
        return
    for organization_id in sorted(session.info.pop(_NOTED, ())):
        queue_reassessment(organization_id)


def _marker(organization_id: str) -> str:
    return f"ckan:{tk.config['ckan.site_id']}:datastrategy:reassess:{organization_id}"


def queue_reassessment(organization_id: str) -> bool:
    """Queue the assessment of one organization; False when one waits already or Redis cannot be reached."""
    try:
        redis = tk.get_job_queue().connection
        if not redis.set(_marker(organization_id), "1", nx=True, ex=_MARKER_TTL_S):
            return False
        tk.enqueue_job(reassess_organization, [organization_id], title=f"reassess organization {organization_id}")
    except RedisError:
        log.warning("reassessment of organization %s not queued: Redis cannot be reached", organization_id)
        return False
    return True


def reassess_organization(organization_id: str) -> None:
    """Assess one organization; runs in a worker."""
    # Removed first: a change while this runs has to queue the next assessment.
    tk.get_job_queue().connection.delete(_marker(organization_id))
    tk.get_action("datastrategy_reassess")({"ignore_auth": True}, {"organization_ids": [organization_id]})
