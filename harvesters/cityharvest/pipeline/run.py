"""One run: plan, then the children in their order, then what has to be cleaned up; its summary is kept.

The parent does nothing with data. It holds what all its children need together, which is why cron runs it as the
pipeline's user and nobody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import or_, select

from cityharvest import db
from cityharvest import ledger as books
from cityharvest.errors import HarvestError, NotFound, WrongCall
from cityharvest.ledger import Ledger
from cityharvest.models import MandateRow, SourceRow
from cityharvest.pipeline.worker import worker_name
from cityharvest.points import Point, reach
from cityharvest.runner import Children, ChildResult, exit_code_of

STAGE: Final = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A run of one source, at once, whether it is due or not."""

    source: str
    period: str | None = None
    follow: bool = False


def due_run(ledger: Ledger, children: Children, *, jobs: int) -> dict[str, Any]:
    """Do everything that is due: what cron calls."""
    started = _begin(ledger)
    due = [["--source", source_id] for source_id in due_sources(ledger)]
    results = children.run_many("fetch", due, at_once=jobs)
    results.append(children.run("process"))
    results.append(children.run("publish"))
    return _end(ledger, started, results)


def source_run(ledger: Ledger, children: Children, plan: RunPlan) -> dict[str, Any]:
    """Fetch from one source, then process and publish what its mandate has waiting.

    Raises:
        NotFound: no such source or mandate.
        WrongCall: ``source-ambiguous``.
    """
    source_id, mandate_id = find_source(ledger, plan.source)
    started = _begin(ledger)
    words = ["--source", source_id]
    narrowed = ["--mandate", mandate_id]
    if plan.period:
        words += ["--period", plan.period]
        narrowed += ["--period", plan.period]
    if plan.follow:
        words.append("--follow")
    results = [children.run("fetch", words), children.run("process", narrowed), children.run("publish", narrowed)]
    return _end(ledger, started, results)


def due_sources(ledger: Ledger) -> list[str]:
    """Return the ids of the enabled sources whose time has come, by the database's clock."""
    query = (
        select(SourceRow.id)
        .where(SourceRow.enabled, or_(SourceRow.next_run_at.is_(None), SourceRow.next_run_at <= db.clock()))
        .order_by(SourceRow.next_run_at.nulls_first(), SourceRow.id)
    )
    with ledger.transaction() as session:
        return list(session.scalars(query))


def find_source(ledger: Ledger, name: str) -> tuple[str, str]:
    """Return (source id, mandate id) of a source's id or of the slug of a mandate with one source.

    Raises:
        NotFound: neither.
        WrongCall: ``source-ambiguous``, the mandate has no source or several.
    """
    with ledger.transaction() as session:
        row = session.get(SourceRow, name)
        if row is not None:
            return row.id, row.mandate_id
        named = or_(MandateRow.slug == name, MandateRow.id == name)
        found = list(session.scalars(select(SourceRow).join(MandateRow).where(named)))
        if len(found) == 1:
            return found[0].id, found[0].mandate_id
        known = session.scalars(select(MandateRow.id).where(named)).first()
    if known is None:
        raise NotFound(kind="source", id=name)
    raise WrongCall("source-ambiguous", mandate=name)


def _begin(ledger: Ledger) -> datetime:
    with ledger.transaction() as session:
        started = db.now(session)
    books.plan(ledger)
    reach(Point.PLANNED)
    return started


def _end(ledger: Ledger, started: datetime, results: Sequence[ChildResult]) -> dict[str, Any]:
    """Purge and sweep, then keep the summary. A storage that is down keeps nobody from seeing what was done."""
    kept: dict[str, Any] = {}
    try:
        kept = {"purged": len(books.purge_due(ledger)), "swept": len(books.sweep(ledger))}
    except HarvestError as error:
        kept = {"error": error.as_dict()}
    summary = {
        "exit_code": exit_code_of(results),
        "stages": [result.as_dict() for result in results],
        "housekeeping": kept,
    }
    with ledger.transaction() as session:
        return books.store_run(session, stage=STAGE, worker=worker_name(STAGE), started_at=started, summary=summary)
