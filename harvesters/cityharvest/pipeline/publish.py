"""The publish stage: releases into the portal, then events to it. The outbox is the ledger; nothing else remembers.

A portal that is down costs nothing but time: the release stays ``released`` and the next run tries again. A portal
that refuses is a matter for a person: the delivery is held, and what was served before stays served.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from cityharvest import ledger as books
from cityharvest.errors import Category, HarvestError, LeaseLost, PublishRefused
from cityharvest.ledger import Ledger
from cityharvest.ledger.releases import open_file
from cityharvest.pipeline.house import public_keys
from cityharvest.pipeline.outbox import publish_job, withdraw_job
from cityharvest.pipeline.worker import Progress, Stop, Summary, heartbeat, quiet
from cityharvest.points import Point, reach
from cityharvest.publisher import ActionApi, publish, withdraw
from cityharvest.publisher.proven import require_proof
from cityharvest.records import Delivery, Event
from cityharvest.states import PUBLISHABLE, AttemptOutcome, DeliveryState

STAGE = "publish"
RETRY_S = 30.0
_EVENT_BATCH = 200


def run_publish(
    ledger: Ledger,
    api: ActionApi,
    *,
    worker: str,
    stop: Stop,
    mandate_id: str | None = None,
    period: str | None = None,
    progress: Progress = quiet,
) -> Summary:
    """Publish every release that waits, then deliver the events that wait.

    Args:
        ledger: with storage and the pipeline's public key.
        api: the portal.
        worker: unique name.
        stop: ends after the present release.
        mandate_id: only of this mandate.
        period: only this key.
        progress: told of every release.
    """
    summary = Summary(stage=STAGE)
    # A wrong configuration ends the run at once instead of holding releases.
    public_keys(ledger.settings)
    ledger.storage.ping()
    while not stop and (delivery := _lease(ledger, worker, mandate_id, period)) is not None:
        reach(Point.PUBLISH_LEASED)
        progress("publishing", {"mandate": delivery.mandate_slug, "period": delivery.period})
        _publish_one(ledger, api, delivery, worker, summary)
    if not stop:
        deliver_events(ledger, api, summary)
    return summary


def deliver_events(ledger: Ledger, api: ActionApi, summary: Summary) -> None:
    """Tell the portal which organizations to assess again; what it does not take waits.

    All at once first. Where the portal refuses that, one event at a time: an organization that was deleted there
    must not keep the others from being told.
    """
    with ledger.transaction() as session:
        events = [one for one in books.events_waiting(session, _EVENT_BATCH) if one.kind == books.REASSESS]
        batches = [events] if events else []
        while batches:
            batch = batches.pop()
            ids = [one.id for one in batch]
            try:
                api.call("datastrategy_reassess", organization_ids=_organizations(batch))
            except PublishRefused as error:
                if len(batch) > 1:
                    batches.extend([one] for one in batch)
                    continue
                books.events_failed(session, ids, error.code)
                summary.outcomes["events-refused"] = summary.outcomes.get("events-refused", 0) + 1
            except HarvestError as error:
                books.events_failed(session, ids, error.code)
                summary.add_error(error, events=len(ids))
                return
            else:
                reach(Point.EVENT_SENT)
                books.events_delivered(session, ids)
                summary.outcomes["events"] = summary.outcomes.get("events", 0) + len(ids)


def _organizations(events: Sequence[Event]) -> list[str]:
    return sorted({organization for event in events for organization in event.organization_ids})


def _lease(ledger: Ledger, worker: str, mandate_id: str | None, period: str | None) -> Delivery | None:
    with ledger.transaction() as session:
        return books.lease_delivery(
            session,
            PUBLISHABLE,
            worker=worker,
            seconds=ledger.settings.lease_seconds,
            mandate_id=mandate_id,
            period=period,
        )


def _publish_one(ledger: Ledger, api: ActionApi, delivery: Delivery, worker: str, summary: Summary) -> None:
    about = {"delivery": delivery.id, "mandate": delivery.mandate_slug, "period": delivery.period}
    with ledger.transaction() as session:
        attempt = books.begin_attempt(session, stage=STAGE, worker=worker, delivery_id=delivery.id)
    seconds = ledger.settings.lease_seconds
    try:
        with heartbeat(
            ledger, lambda session: books.renew_lease(session, delivery.id, worker, seconds), seconds=seconds
        ):
            rows = _serve(ledger, api, delivery, worker, attempt)
        summary.add("published", **about, rows=rows)
    except HarvestError as error:
        _give_back(ledger, delivery, worker, attempt, error)
        summary.add_error(error, **about)


def _serve(ledger: Ledger, api: ActionApi, delivery: Delivery, worker: str, attempt: str) -> int:
    if delivery.release is None:
        raise PublishRefused("release-missing", delivery=delivery.id)
    job = publish_job(ledger, delivery.release.id)

    def opened(release_id: str, name: str) -> BinaryIO:
        return open_file(ledger, release_id, name)

    require_proof(job.release, opened, public_keys(ledger.settings))
    published = publish(api, job, opened)
    with ledger.transaction() as session:
        row = books.lock(session, delivery.id, worker)
        withdrawn = row.state == DeliveryState.WITHDRAWN.value
        if not withdrawn:
            books.mark_published(session, job.release.id, published.dataset_id, published.resource_ids, actor=STAGE)
        books.end_attempt(session, attempt, AttemptOutcome.DONE, params={"rows": published.rows})
        books.drop_lease(session, delivery.id, worker)
    if withdrawn:
        # Somebody withdrew it while it was being served: what that run could not see yet goes now.
        withdraw(api, withdraw_job(ledger, job.release.id))
    reach(Point.PUBLISHED)
    return published.rows


def _give_back(ledger: Ledger, delivery: Delivery, worker: str, attempt: str, error: HarvestError) -> None:
    with ledger.transaction() as session:
        books.end_attempt(session, attempt, error=error)
        if isinstance(error, LeaseLost):
            return
        if error.category is Category.FATAL:
            books.move(
                session,
                delivery.id,
                DeliveryState.HELD,
                actor=STAGE,
                held_reason="publish-refused",
                held_detail={"code": error.code, "params": error.params},
                lease_owner=worker,
            )
        retry = RETRY_S if error.category is Category.RETRIABLE else None
        books.drop_lease(session, delivery.id, worker, retry_in_seconds=retry)
