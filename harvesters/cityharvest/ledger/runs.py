"""Summaries of runs. Each carries the head of the audit chain at its end, so that a cut-off end shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from cityharvest import audit_log
from cityharvest.models import RunRow, new_id


def store_run(
    session: Session, *, stage: str, worker: str, started_at: datetime, summary: Mapping[str, Any]
) -> dict[str, Any]:
    """Keep the summary of a run and return it with ``run_id`` and ``audit_head`` added.

    Args:
        session: transaction.
        stage: which command.
        worker: which process.
        started_at: by the database's clock.
        summary: counts, codes and ids; JSON.
    """
    seq, digest = audit_log.head(session)
    row = RunRow(
        id=new_id(),
        stage=stage,
        worker=worker,
        started_at=started_at,
        summary=dict(summary),
        head_seq=seq,
        head_hash=digest,
    )
    session.add(row)
    session.flush()
    return {**summary, "run_id": row.id, "audit_head": {"seq": seq, "hash": digest}}
