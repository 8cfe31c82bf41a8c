"""The process stage: from a sealed delivery to a release, or to the reason why there is none.

The whole way is computed anew on every try, from the sealed bytes, so that a kill at any line leaves nothing half
done: state changes are single transactions, plaintext lives in one private folder that the next start removes, and a
release is named by its delivery. Only here are the identity, the site key, the signing key and the secret rules needed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from cityharvest import ledger as books
from cityharvest.errors import HarvestError
from cityharvest.ledger import Ledger
from cityharvest.pipeline.candidate import Candidate, compute
from cityharvest.pipeline.house import signing_key, site_rules
from cityharvest.pipeline.verdict import UNEXPECTED, Verdict, verdict_of
from cityharvest.pipeline.worker import Progress, Stop, Summary, heartbeat, quiet
from cityharvest.points import Point, reach
from cityharvest.records import Delivery
from cityharvest.states import PROCESSABLE, AttemptOutcome, DeliveryState
from cityharvest.traces import places
from cityharvest.workspace import remove_leftovers, workspace

log = logging.getLogger(__name__)

STAGE: Final = "process"
RETRY_S: Final = 60.0


def run_process(
    ledger: Ledger,
    *,
    worker: str,
    stop: Stop,
    mandate_id: str | None = None,
    period: str | None = None,
    progress: Progress = quiet,
) -> Summary:
    """Process every delivery that waits.

    Args:
        ledger: with storage, identity, site key, signing key and work folder in its settings.
        worker: unique name.
        stop: ends after the present delivery.
        mandate_id: only of this mandate.
        period: only this key.
        progress: told of every step.
    """
    summary = Summary(stage=STAGE)
    # A wrong configuration ends the run at once instead of holding deliveries.
    site_rules(ledger.settings)
    signing_key(ledger.settings)
    root = ledger.settings.require_path("work")
    if root.is_dir():
        remove_leftovers(root)
    ledger.storage.ping()
    while not stop and (delivery := _lease(ledger, worker, mandate_id, period)) is not None:
        reach(Point.PROCESS_LEASED)
        _Work(ledger, delivery, worker, summary, progress).run(root)
    return summary


def _lease(ledger: Ledger, worker: str, mandate_id: str | None, period: str | None) -> Delivery | None:
    with ledger.transaction() as session:
        return books.lease_delivery(
            session,
            PROCESSABLE,
            worker=worker,
            seconds=ledger.settings.lease_seconds,
            mandate_id=mandate_id,
            period=period,
        )


class _Work:
    """One leased delivery: carried as far as it goes in this run, then given back."""

    def __init__(self, ledger: Ledger, delivery: Delivery, worker: str, summary: Summary, progress: Progress) -> None:
        self._ledger = ledger
        self._delivery = delivery
        self._worker = worker
        self._summary = summary
        self._progress = progress
        self._about = {"delivery": delivery.id, "mandate": delivery.mandate_slug, "period": delivery.period}

    def run(self, root: Path) -> None:
        """Carry it to ``released``, ``held`` or ``rejected``, or note why it stays where it is."""
        ledger, delivery, seconds = self._ledger, self._delivery, self._ledger.settings.lease_seconds
        with ledger.transaction() as session:
            attempt = books.begin_attempt(session, stage=STAGE, worker=self._worker, delivery_id=delivery.id)
        try:
            with (
                heartbeat(
                    ledger,
                    lambda session: books.renew_lease(session, delivery.id, self._worker, seconds),
                    seconds=seconds,
                ) as check,
                workspace(root) as folder,
            ):
                self._carry(folder, attempt, check)
        except Exception as error:  # noqa: BLE001 - verdict_of decides for every kind, a bug included
            self._conclude(error, attempt)

    def _carry(self, folder: Path, attempt: str, check: Callable[[], None]) -> None:
        started = time.monotonic()
        candidate = compute(self._ledger, self._delivery, folder, step=self._step, check=check)
        self._tell("computed", candidate, started)
        self._keep_report(candidate)
        if candidate.hold is None:
            files = {path.name: path for path in sorted(candidate.folder.iterdir())}
            books.store_release(
                self._ledger,
                self._delivery.id,
                candidate.release_id,
                files,
                candidate.proof,
                worker=self._worker,
                keys=(signing_key(self._ledger.settings).public_key(),),
            )
            reach(Point.RELEASE_WRITTEN)
        with self._ledger.transaction() as session:
            if candidate.hold is not None:
                books.move(
                    session,
                    self._delivery.id,
                    DeliveryState.HELD,
                    actor=STAGE,
                    held_reason=candidate.hold.reason,
                    held_detail=candidate.hold.detail,
                    lease_owner=self._worker,
                )
            books.end_attempt(session, attempt, AttemptOutcome.DONE, params={"rows": candidate.rows})
            books.drop_lease(session, self._delivery.id, self._worker)
        reach(Point.RELEASED)
        self._note(candidate, started)

    def _keep_report(self, candidate: Candidate) -> None:
        """What an officer reads before deciding, and what opens the proof's commitment."""
        opening = candidate.opening.as_dict() if candidate.opening is not None else None
        recipient = self._ledger.settings.require("recipient")
        with self._ledger.transaction() as session:
            books.lock(session, self._delivery.id, self._worker)
            books.store_report(session, self._delivery.id, candidate.report, opening, recipient)

    def _step(self, state: DeliveryState, findings: Sequence[Mapping[str, Any]] | None = None) -> None:
        """Move on where the delivery has not been there yet: a second try passes the same way."""
        order = [DeliveryState.RECEIVED, DeliveryState.CHECKED, DeliveryState.CLEARED]
        with self._ledger.transaction() as session:
            row = books.lock(session, self._delivery.id, self._worker)
            if order.index(DeliveryState(row.state)) < order.index(state):
                held = row.held_detail
                books.move(
                    session,
                    row.id,
                    state,
                    actor=STAGE,
                    findings=findings,
                    held_detail=held,
                    lease_owner=self._worker,
                )

    def _tell(self, event: str, candidate: Candidate, started: float) -> None:
        seconds = max(time.monotonic() - started, 1e-9)
        self._progress(
            event,
            {**self._about, "rows": candidate.rows, "seconds": seconds, "rows_per_s": round(candidate.rows / seconds)},
        )

    def _note(self, candidate: Candidate, started: float) -> None:
        seconds = round(time.monotonic() - started, 3)
        figures = {"rows": candidate.rows, "seconds": seconds, "cells": candidate.proof["rows"]}
        if candidate.hold is None:
            self._summary.add("released", **self._about, release=candidate.release_id, **figures)
        else:
            self._summary.add("held", **self._about, reason=candidate.hold.reason, **figures)
            self._summary.needs_person()

    def _conclude(self, error: Exception, attempt: str) -> None:
        verdict = verdict_of(error)
        if verdict is not None and verdict.held_reason == UNEXPECTED:
            log.error("%s in delivery %s at %s", type(error).__name__, self._delivery.id, places(error))
        shown = error if isinstance(error, HarvestError) else _as_harvest_error(verdict)
        with self._ledger.transaction() as session:
            books.end_attempt(session, attempt, error=shown)
            if verdict is not None and verdict.state is not None:
                self._move(session, verdict, verdict.state)
            retry = RETRY_S if verdict is not None and verdict.state is None else None
            books.drop_lease(session, self._delivery.id, self._worker, retry_in_seconds=retry)
        if verdict is None or verdict.state is None:
            self._summary.add_error(shown, **self._about)
            return
        self._summary.add(str(verdict.state), **self._about, **verdict.error)
        self._summary.needs_person()

    def _move(self, session: Session, verdict: Verdict, state: DeliveryState) -> None:
        books.move(
            session,
            self._delivery.id,
            state,
            actor=STAGE,
            error=verdict.error,
            findings=verdict.findings,
            held_reason=verdict.held_reason,
            held_detail=verdict.held_detail,
            lease_owner=self._worker,
        )


def _as_harvest_error(verdict: Verdict | None) -> HarvestError:
    """Return an error of another package, or a bug, as one of ours: fatal, with its code."""
    if verdict is None:
        return HarvestError()
    params: Mapping[str, Any] = verdict.error["params"]
    return HarvestError(str(verdict.error["code"]), **params)
