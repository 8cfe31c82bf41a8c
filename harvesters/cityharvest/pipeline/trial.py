"""A trial: everything a source's delivery would go through, with nothing written to ledger, storage or portal.

The bytes lie in one private folder for as long as the trial runs. With a limit only the first rows (or snapshots) are
looked at; whether days are complete is then not asked.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from cityharvest import clock, sources
from cityharvest import ledger as books
from cityharvest.errors import HarvestError
from cityharvest.fetch import Fetcher, FetchPolicy
from cityharvest.ledger import Ledger
from cityharvest.models import MandateRow, SourceRow
from cityharvest.periods import Period, zone
from cityharvest.pipeline.house import site_rules
from cityharvest.pipeline.relation import TABLE, load_sources
from cityharvest.pipeline.sinks import TrialSink
from cityharvest.pipeline.specification import policy_of, preset_of, spec_of
from cityharvest.pipeline.verdict import verdict_of
from cityharvest.records import Mandate, Source
from cityharvest.sources import Outcome
from disclosure import DisclosureError, gate, protect
from disclosure.engine import connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What would become of a delivery."""

    period: str
    outcome: str
    rows: int = 0
    cells: int = 0
    withheld: str | None = None
    state: str | None = None
    error: Mapping[str, Any] | None = None
    findings: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def passes(self) -> bool:
        """Whether it would be released."""
        return self.error is None

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe content."""
        return {
            "period": self.period,
            "outcome": self.outcome,
            "passes": self.passes,
            "rows": self.rows,
            "cells": self.cells,
            "withheld": self.withheld,
            "state": self.state,
            "error": dict(self.error) if self.error is not None else None,
            "findings": [dict(one) for one in self.findings],
        }


class _EnoughError(HarvestError):
    """The trial has seen as many snapshots as it was asked to."""


def try_source(ledger: Ledger, source_id: str, period: str | None, folder: Path, *, limit: int | None) -> Trial:
    """Fetch once from a source and carry it up to the gate.

    Args:
        ledger: read only.
        source_id: of the source.
        period: key; otherwise the one that has last ended on the source's clock (for a feed, the present one).
        folder: private.
        limit: rows of a file, or snapshots of a feed (one unless given).

    Raises:
        FetchRefused, FetchTemporary: the source itself; nothing can be said of a delivery.
    """
    source, mandate = _read(ledger, source_id)
    fetcher = Fetcher(FetchPolicy(allowed_private=ledger.settings.allowed_private, max_bytes=ledger.settings.max_bytes))
    watch = clock.clock_for(source.config, fetcher)
    is_table = mandate.product["kind"] == TABLE
    wanted = _period(mandate, period, watch, ended=is_table)
    sink = TrialSink(folder, limit=None if is_table else limit or 1)
    met = _fetch(source, wanted, fetcher, watch, sink)
    if not sink.paths:
        return Trial(period=wanted.key, outcome=met)
    try:
        return _carry(ledger, mandate, wanted, folder, sink.paths, met, limit if is_table else None)
    except (HarvestError, DisclosureError) as error:
        verdict = verdict_of(error)
        if verdict is None or verdict.state is None:
            raise
        found = verdict.findings or ()
        return Trial(
            period=wanted.key, outcome=met, state=str(verdict.state), error=verdict.error, findings=tuple(found)
        )


def _read(ledger: Ledger, source_id: str) -> tuple[Source, Mandate]:
    with ledger.transaction() as session:
        row = session.get_one(SourceRow, source_id)
        mandate = books.mandate_value(session.get_one(MandateRow, row.mandate_id))
        source = Source(
            id=row.id,
            mandate_id=row.mandate_id,
            kind=row.kind,
            config=row.config,
            enabled=row.enabled,
            # As if it had never been asked, or it would answer "unchanged".
            memory={},
            next_run_at=row.next_run_at,
            created_at=row.created_at,
        )
    return source, mandate


def _period(mandate: Mandate, key: str | None, watch: clock.Clock, *, ended: bool) -> Period:
    if key is not None:
        return Period.parse(mandate.cadence, key, mandate.timezone)
    today = watch.now().astimezone(zone(mandate.timezone)).date()
    present = Period.containing(mandate.cadence, today, mandate.timezone)
    if not ended:
        return present
    before = present.start.astimezone(zone(mandate.timezone)).date().toordinal() - 1
    return Period.containing(mandate.cadence, type(today).fromordinal(before), mandate.timezone)


def _fetch(source: Source, period: Period, fetcher: Fetcher, watch: clock.Clock, sink: TrialSink) -> str:
    def stop_when_full(outcome: Outcome) -> None:
        if outcome.error is not None:
            raise outcome.error
        if sink.full:
            raise _EnoughError

    try:
        outcome = sources.get(source.kind).follow(
            source, period, fetcher=fetcher, clock=watch, sink=sink, sleep=time.sleep, on_poll=stop_when_full
        )
    except _EnoughError:
        return "fetched"
    return outcome.outcome.value if outcome.outcome is not None else "error"


def _carry(
    ledger: Ledger,
    mandate: Mandate,
    period: Period,
    folder: Path,
    paths: Sequence[Path],
    met: str,
    rows: int | None,
) -> Trial:
    tried = mandate if rows is None else replace(mandate, contract={**mandate.contract, "interval": None})
    parts = [partial(_copy, path, rows) for path in paths]
    preset = preset_of(mandate)
    spec = spec_of(mandate, preset)
    site = site_rules(ledger.settings)
    with closing(connect(folder, ledger.settings.duckdb_memory)) as con:
        loaded = load_sources(con, parts, period, tried, folder, name="trial")
        protected = protect(con, loaded.relation, spec, preset, policy_of(mandate), site)
        gate(con, loaded.relation, protected, spec, preset, site)
    return Trial(
        period=period.key,
        outcome=met,
        rows=loaded.rows,
        cells=protected.table.num_rows,
        withheld=protected.withheld.cells_band,
        state="cleared",
        findings=loaded.findings,
    )


def _copy(path: Path, rows: int | None, target: BinaryIO) -> None:
    with path.open("rb") as source:
        if rows is None:
            shutil.copyfileobj(source, target)
            return
        for number, line in enumerate(source):
            if number > rows:  # the header is not a row
                return
            target.write(line)
