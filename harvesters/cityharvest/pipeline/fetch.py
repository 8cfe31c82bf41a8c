"""The fetch stage: sources whose time has come, one lease each, every period that is still owed, oldest first.

Sealing happens while the bytes arrive; this process holds only the public key. What an attempt met is noted where it
differs from the last one, so that a feed asked every minute does not fill the ledger with "nothing new".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import select

from cityharvest import clock, sources
from cityharvest import ledger as books
from cityharvest.clock import Clock
from cityharvest.errors import HarvestError, LeaseLost, NotFound, StateError
from cityharvest.fetch import Fetcher, FetchPolicy
from cityharvest.ledger import Ledger
from cityharvest.models import AttemptRow, DeliveryRow, MandateRow, SourceRow
from cityharvest.periods import Cadence, Period, zone
from cityharvest.pipeline.sinks import LedgerSink
from cityharvest.pipeline.worker import Progress, Stop, Summary, heartbeat, quiet
from cityharvest.points import Point, reach
from cityharvest.records import Mandate, Source
from cityharvest.sources import Outcome
from cityharvest.states import OWED, AttemptOutcome, DeliveryState

STAGE: Final = "fetch"
#: How often a source without a ttl of its own is asked.
POLL_S: Final = 900.0
LONGEST_WAIT_S: Final = 3600.0
#: So many owed periods are asked for at once; older ones with ``--period``.
MOST_PERIODS: Final = 31


class StoppedError(HarvestError):
    """The process was asked to stop while it waited for a source; the next run goes on."""

    default_code = "stopped"


def run_fetch(
    ledger: Ledger,
    *,
    worker: str,
    stop: Stop,
    source_id: str | None = None,
    period: str | None = None,
    follow: bool = False,
    progress: Progress = quiet,
) -> Summary:
    """Fetch from every source that is due, or from one.

    Args:
        ledger: with storage and recipient.
        worker: unique name.
        stop: ends after the present period.
        source_id: only this one, also before its time.
        period: only this key; otherwise every period that is owed.
        follow: stay with a source that is collected bit by bit until its day is over on its clock.
        progress: told of every attempt.
    """
    summary = Summary(stage=STAGE)
    ledger.storage.ping()
    ledger.settings.require("recipient")
    fetcher = Fetcher(FetchPolicy(allowed_private=ledger.settings.allowed_private, max_bytes=ledger.settings.max_bytes))
    done: list[str] = []
    while not stop and (source := _lease(ledger, worker, source_id, done)) is not None:
        reach(Point.FETCH_LEASED)
        done.append(source.id)
        _Visit(ledger, source, worker, fetcher, stop, summary, progress).run(period, follow=follow)
    return summary


def _lease(ledger: Ledger, worker: str, source_id: str | None, done: list[str]) -> Source | None:
    with ledger.transaction() as session:
        return books.lease_source(
            session, worker=worker, seconds=ledger.settings.lease_seconds, source_id=source_id, exclude=done
        )


@dataclass(slots=True)
class _Visit:
    """One leased source: asked for each period, then given back with what it told."""

    ledger: Ledger
    source: Source
    worker: str
    fetcher: Fetcher
    stop: Stop
    summary: Summary
    progress: Progress
    memory: Mapping[str, Any] | None = None
    next_in_s: float | None = None
    failed: bool = False

    def run(self, period: str | None, *, follow: bool) -> None:
        """Ask for every owed period."""
        seconds = self.ledger.settings.lease_seconds
        self.memory = dict(self.source.memory)
        try:
            with heartbeat(
                self.ledger,
                lambda session: books.renew_source_lease(session, self.source.id, self.worker, seconds),
                seconds=seconds,
            ) as check:
                watch = clock.clock_for(self.source.config, self.fetcher)
                mandate = self._mandate()
                for key in self._keys(mandate, watch, period, follow=follow):
                    if self.stop:
                        break
                    check()
                    self._ask(mandate, Period.parse(mandate.cadence, key, mandate.timezone), watch, follow=follow)
        except LeaseLost as error:
            self.summary.add_error(error, source=self.source.id)
            return
        except HarvestError as error:
            self._fail(error)
        self._give_back()

    def _mandate(self) -> Mandate:
        with self.ledger.transaction() as session:
            return books.mandate_value(session.get_one(MandateRow, self.source.mandate_id))

    def _keys(self, mandate: Mandate, watch: Clock, period: str | None, *, follow: bool) -> list[str]:
        if period is not None:
            return [period]
        if follow and mandate.cadence == Cadence.DAY:
            today = watch.now().astimezone(zone(mandate.timezone)).date()
            return [Period.containing(mandate.cadence, today, mandate.timezone).key]
        return owed_periods(self.ledger, mandate.id, corrections=sources.get(self.source.kind).replaceable)

    def _ask(self, mandate: Mandate, period: Period, watch: Clock, *, follow: bool) -> None:
        about = {"source": self.source.id, "mandate": mandate.slug, "period": period.key}
        self.progress("fetching", about)
        sink = LedgerSink(self.ledger, mandate.id, period.key, f"source:{self.source.id}")
        kind = sources.get(self.source.kind)
        asked = replace(self.source, memory=self.memory or {})
        try:
            if follow:
                outcome = kind.follow(
                    asked, period, fetcher=self.fetcher, clock=watch, sink=sink, sleep=self._sleep, on_poll=self._polled
                )
            else:
                outcome = kind.fetch(asked, period, fetcher=self.fetcher, clock=watch, sink=sink)
        except StoppedError:
            return
        except StateError:
            # Somebody else brought this period further in the meantime: nothing to do here.
            return
        except HarvestError as error:
            self._note(period.key, None, error, {})
            self._fail(error, **about)
            return
        reach(Point.FETCHED)
        self._take(outcome, watch)
        self._note(period.key, outcome.outcome, outcome.error, outcome.params)
        self._tell(outcome, about)

    def _take(self, outcome: Outcome, watch: Clock) -> None:
        self.memory = outcome.memory
        if outcome.next_in_s is not None:
            wait_s = watch.pause_s(outcome.next_in_s)
            self.next_in_s = wait_s if self.next_in_s is None else min(self.next_in_s, wait_s)

    def _tell(self, outcome: Outcome, about: Mapping[str, Any]) -> None:
        met = outcome.outcome.value if outcome.outcome is not None else "error"
        self.progress("fetched", {**about, "outcome": met})
        if outcome.error is not None:
            self._fail(outcome.error, **about)
        else:
            self.summary.add(met, **about, **outcome.params)

    def _fail(self, error: HarvestError, **about: Any) -> None:
        self.failed = True
        self.summary.add_error(error, **{"source": self.source.id, **about})

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise StoppedError

    def _polled(self, outcome: Outcome) -> None:
        """Keep what a following source learnt at every poll: a kill then costs one poll, not the day."""
        self.memory = outcome.memory
        with self.ledger.transaction() as session:
            row = session.get_one(SourceRow, self.source.id, with_for_update=True)
            if row.lease_owner != self.worker:
                raise LeaseLost(source=self.source.id)
            row.memory = dict(outcome.memory)
        if self.stop:
            raise StoppedError

    def _note(
        self,
        period: str,
        outcome: AttemptOutcome | None,
        error: HarvestError | None,
        params: Mapping[str, Any],
    ) -> None:
        with self.ledger.transaction() as session:
            delivery_id = session.scalars(
                select(DeliveryRow.id)
                .where(DeliveryRow.mandate_id == self.source.mandate_id, DeliveryRow.period_key == period)
                .order_by(DeliveryRow.sequence.desc())
                .limit(1)
            ).first()
            last = session.scalars(
                select(AttemptRow)
                .where(AttemptRow.source_id == self.source.id, AttemptRow.delivery_id == delivery_id)
                .order_by(AttemptRow.started_at.desc(), AttemptRow.id)
                .limit(1)
            ).first()
            met = (outcome.value if outcome is not None else None, error.code if error is not None else None)
            if last is not None and (last.outcome, last.error_code) == met and outcome is not AttemptOutcome.FETCHED:
                return
            attempt = books.begin_attempt(
                session, stage=STAGE, worker=self.worker, source_id=self.source.id, delivery_id=delivery_id
            )
            books.end_attempt(session, attempt, outcome, error=error, params=params if error is None else None)

    def _give_back(self) -> None:
        with self.ledger.transaction() as session:
            failures = session.get_one(SourceRow, self.source.id).failures
            wait_s = self.next_in_s if self.next_in_s is not None else POLL_S
            if self.failed:
                wait_s = max(wait_s if self.next_in_s is not None else 0.0, backoff_s(failures))
            books.drop_source_lease(
                session,
                self.source.id,
                self.worker,
                next_run_in_seconds=wait_s,
                memory=self.memory,
                failed=self.failed,
            )


def owed_periods(ledger: Ledger, mandate_id: str, *, corrections: bool) -> list[str]:
    """Return the keys of the periods a source is asked for, oldest first.

    Args:
        ledger: which.
        mandate_id: whose periods.
        corrections: ask for the last published one too, since a company may replace its file.
    """
    with ledger.transaction() as session:
        if session.get(MandateRow, mandate_id) is None:
            raise NotFound(kind="mandate", id=mandate_id)
        rows = session.execute(
            select(DeliveryRow.period_key, DeliveryRow.period_start, DeliveryRow.state, DeliveryRow.sequence)
            .where(DeliveryRow.mandate_id == mandate_id)
            .order_by(DeliveryRow.period_start, DeliveryRow.sequence)
        ).all()
    latest = {row.period_key: row for row in rows}
    owed = [row.period_key for row in latest.values() if row.state in {state.value for state in OWED}]
    published = [row.period_key for row in latest.values() if row.state == DeliveryState.PUBLISHED.value]
    wanted = {*owed[-MOST_PERIODS:], *(published[-1:] if corrections else ())}
    return [key for key in latest if key in wanted]


def backoff_s(failures: int) -> float:
    """Return how long a source that failed is left alone: a minute, doubled each time, an hour at most."""
    return float(min(LONGEST_WAIT_S, 60.0 * 2 ** min(failures, 6)))
