"""The audit chain: each row carries the hash of the row before it.

Pure: hashing and verifying only; storing rows is the business of whoever keeps a chain (the ledger, the cases).
A chain alone shows a changed, removed or moved row. That its end was cut off shows only against *heads*
(``(seq, hash)`` pairs) kept elsewhere: in release proofs, run summaries, backups.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

#: ``prev_hash`` of the first row; the head of an empty chain is ``(0, GENESIS)``.
GENESIS: Final = "0" * 64

Head = tuple[int, str]


class AuditSlug(StrEnum):
    """What can be wrong with a chain."""

    CHANGED = "row-changed"
    REMOVED = "row-removed"
    REORDERED = "row-reordered"
    CUT_OFF = "end-cut-off"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One link. ``seq`` counts from 1 without gaps; ``detail`` is JSON and holds no personal data."""

    chain: str
    seq: int
    at: datetime
    subject: str
    event: str
    actor: str
    detail: Mapping[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AuditFinding:
    """One defect, at the row (or the missing row) ``seq``."""

    seq: int
    slug: AuditSlug


def row_hash(
    prev_hash: str,
    *,
    chain: str,
    seq: int,
    at: datetime,
    subject: str,
    event: str,
    actor: str,
    detail: Mapping[str, Any],
) -> str:
    """Return the SHA-256 of a row and its predecessor's hash, over canonical JSON.

    Raises:
        ValueError: ``at`` has no time zone, or ``detail`` holds a value that JSON does not have.
    """
    if at.tzinfo is None:
        raise ValueError("an audit row needs a time with a time zone")
    content = {
        "actor": actor,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "chain": chain,
        "detail": detail,
        "event": event,
        "prev_hash": prev_hash,
        "seq": seq,
        "subject": subject,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def next_row(
    head: Head, *, chain: str, at: datetime, subject: str, event: str, actor: str, detail: Mapping[str, Any]
) -> AuditRow:
    """Return the row that follows ``head``; raises as ``row_hash`` does."""
    seq, prev_hash = head[0] + 1, head[1]
    digest = row_hash(prev_hash, chain=chain, seq=seq, at=at, subject=subject, event=event, actor=actor, detail=detail)
    return AuditRow(
        chain=chain,
        seq=seq,
        at=at,
        subject=subject,
        event=event,
        actor=actor,
        detail=detail,
        prev_hash=prev_hash,
        hash=digest,
    )


def verify(rows: Iterable[AuditRow], heads: Iterable[Head] = ()) -> list[AuditFinding]:
    """Return what is wrong with one chain; an empty list means that it holds.

    Args:
        rows: the whole chain, in the order in which it is kept (by ``seq``).
        heads: heads that were written down elsewhere at any earlier time.
    """
    kept = list(rows)
    ordered = sorted(kept, key=lambda row: row.seq)
    sound = {row.hash for row in ordered if _hash_at(row, row.seq) == row.hash}
    found = {
        *_order_findings(kept),
        *_content_findings(ordered, sound),
        *_link_findings(ordered, sound),
        *_head_findings(ordered, heads),
    }
    return sorted(found)


def _order_findings(rows: Sequence[AuditRow]) -> Iterable[AuditFinding]:
    """Rows that are kept behind a later one, or twice."""
    for before, row in pairwise(rows):
        if row.seq <= before.seq:
            yield AuditFinding(seq=row.seq, slug=AuditSlug.REORDERED)


def _content_findings(rows: Sequence[AuditRow], sound: Collection[str]) -> Iterable[AuditFinding]:
    """Rows that are not what was hashed: moved to another place, or changed."""
    place = _places_by_link(rows)
    for row in rows:
        if row.hash in sound:
            continue
        was = place.get(row.hash)
        moved = was is not None and was != row.seq and _hash_at(row, was) == row.hash
        yield AuditFinding(seq=row.seq, slug=AuditSlug.REORDERED if moved else AuditSlug.CHANGED)


def _link_findings(rows: Sequence[AuditRow], sound: Collection[str]) -> Iterable[AuditFinding]:
    """Gaps, and sound rows that do not point at the sound row before them: that one was exchanged."""
    seq, digest = 0, GENESIS
    for row in rows:
        if row.seq > seq + 1:
            yield from (AuditFinding(seq=missing, slug=AuditSlug.REMOVED) for missing in range(seq + 1, row.seq))
        elif row.prev_hash != digest and row.hash in sound and (seq == 0 or digest in sound):
            yield AuditFinding(seq=max(seq, 1), slug=AuditSlug.CHANGED)
        seq, digest = row.seq, row.hash


def _head_findings(rows: Sequence[AuditRow], heads: Iterable[Head]) -> Iterable[AuditFinding]:
    """Heads that the chain no longer holds: it ends before them, or their row was rewritten."""
    by_seq = {row.seq: row.hash for row in rows}
    last = max(by_seq, default=0)
    for seq, digest in heads:
        if seq > last:
            yield AuditFinding(seq=last + 1, slug=AuditSlug.CUT_OFF)
        elif seq > 0 and by_seq.get(seq, digest) != digest:
            yield AuditFinding(seq=seq, slug=AuditSlug.CHANGED)


def _places_by_link(rows: Sequence[AuditRow]) -> dict[str, int]:
    """Return hash -> the place that following the links from the start gives a row."""
    following = {row.prev_hash: row.hash for row in rows}
    places: dict[str, int] = {}
    digest = GENESIS
    while (digest := following.get(digest, "")) and digest not in places:
        places[digest] = len(places) + 1
    return places


def _hash_at(row: AuditRow, seq: int) -> str:
    return row_hash(
        row.prev_hash,
        chain=row.chain,
        seq=seq,
        at=row.at,
        subject=row.subject,
        event=row.event,
        actor=row.actor,
        detail=row.detail,
    )
