"""Releases: stored once and never changed, published, superseded by a later one, or withdrawn with a tombstone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityharvest import db
from cityharvest.errors import DisclosureRefused, NotFound, StateError
from cityharvest.ledger import attempts, deliveries, views
from cityharvest.ledger.core import Ledger
from cityharvest.models import DeliveryRow, ReleaseFileRow, ReleaseRow, TombstoneRow
from cityharvest.records import Release
from cityharvest.states import REOPENABLE, AttemptOutcome, DeliveryEvent, DeliveryState
from cityharvest.storage import Stored

if TYPE_CHECKING:
    from disclosure.signing import PublicKey

STAGE: Final = "release"


def store(
    ledger: Ledger,
    delivery_id: str,
    release_id: str,
    files: Mapping[str, Path],
    proof: Mapping[str, Any],
    *,
    worker: str,
    keys: Sequence[PublicKey],
) -> Release:
    """Put the files of a release into the storage and move its delivery from ``cleared`` to ``released``.

    Idempotent: where the delivery has a release already, that one is returned and nothing is written. Earlier
    deliveries of the period become ``superseded`` in the same transaction.

    Args:
        ledger: which.
        delivery_id: a delivery in ``cleared``.
        release_id: uuid of the release, the same on every try.
        files: name -> local file.
        proof: the content of ``proof.json``; it should carry ``audit_head``.
        worker: must hold the lease.
        keys: public keys of the pipeline, one of which must have signed the proof.

    Raises:
        DisclosureRefused: ``proof-unsigned``, or ``proof-of-other-files`` where a file is not the one it speaks of.
        StateError: the delivery is not ``cleared``.
        LeaseLost: another worker has it.
    """
    with ledger.transaction() as session:
        row = deliveries.lock(session, delivery_id, worker)
        known = _of_delivery(session, delivery_id)
        if known is not None:
            return views.release(known)
        _require_signed(proof, keys)
        attempt_id = attempts.begin(session, stage=STAGE, worker=worker, delivery_id=row.id)
        names = {name: f"releases/{release_id}/{attempt_id}/{name}" for name in sorted(files)}
        for object_name in names.values():
            attempts.note_object(session, object_name, attempt_id)
    stored: dict[str, Stored] = {}
    for name, object_name in names.items():
        with files[name].open("rb") as source:
            stored[name] = ledger.storage.put(object_name, source)
    _require_outputs(proof, stored)
    with ledger.transaction() as session:
        attempts.end(session, attempt_id, AttemptOutcome.DONE)
        return put(session, delivery_id, release_id, stored, proof, actor=worker, lease_owner=worker)


def put(
    session: Session,
    delivery_id: str,
    release_id: str,
    files: Mapping[str, Stored],
    proof: Mapping[str, Any],
    *,
    actor: str,
    lease_owner: str | None = None,
) -> Release:
    """Record a release whose objects are stored, and move its delivery; idempotent. Raises as ``store`` does."""
    row = deliveries.lock(session, delivery_id, lease_owner)
    known = _of_delivery(session, delivery_id)
    if known is not None:
        return views.release(known)
    if row.state != DeliveryState.CLEARED.value:
        raise StateError(state=row.state, event=DeliveryEvent.RELEASE.value)
    release = ReleaseRow(id=release_id, delivery=row, proof=dict(proof), resource_ids=[])
    release.files = [
        ReleaseFileRow(name=name, object_name=one.name, sha256=one.sha256, size_bytes=one.size_bytes)
        for name, one in sorted(files.items())
    ]
    session.add(release)
    session.flush()
    for one in files.values():
        attempts.name_object(session, one.name)
    deliveries.apply(session, row, DeliveryEvent.RELEASE, actor=actor, detail={"release": release_id})
    _supersede_earlier(session, row, actor)
    return views.release(release)


def mark_published(
    session: Session, release_id: str, dataset_id: str, resource_ids: Iterable[str], *, actor: str
) -> Release:
    """Note that the portal serves a release. Again changes nothing.

    Raises:
        StateError: it is neither ``released`` nor ``published``.
    """
    release = get(session, release_id)
    row = deliveries.lock(session, release.delivery_id)
    if row.state != DeliveryState.PUBLISHED.value:
        release.dataset_id, release.resource_ids = dataset_id, list(resource_ids)
        release.published_at = db.now(session)
        detail = {"release": release_id, "dataset": dataset_id}
        deliveries.apply(session, row, DeliveryEvent.PUBLISH, actor=actor, detail=detail)
    return views.release(release)


def mark_withdrawn(session: Session, release_id: str, reason: str, *, actor: str) -> Release:
    """Note that the portal no longer serves a release, and write its tombstone. Again changes nothing.

    Raises:
        StateError: it is neither ``released`` nor ``published`` nor ``withdrawn``.
    """
    release = get(session, release_id)
    row = deliveries.lock(session, release.delivery_id)
    if row.state != DeliveryState.WITHDRAWN.value:
        release.withdrawn_at, release.withdrawn_reason = db.now(session), reason
        session.add(
            TombstoneRow(
                release_id=release.id,
                mandate_id=row.mandate_id,
                period_key=row.period_key,
                dataset_id=release.dataset_id,
                resource_ids=list(release.resource_ids),
                file_hashes={file.name: file.sha256 for file in release.files},
                reason=reason,
                actor=actor,
            )
        )
        session.flush()
        deliveries.apply(session, row, DeliveryEvent.WITHDRAW, actor=actor, detail={"release": release_id})
    return views.release(release)


def remove_withdrawn_files(ledger: Ledger, release_id: str) -> int:
    """Remove the stored files of a withdrawn release; return how many were there. Again changes nothing.

    Raises:
        StateError: the release is not withdrawn.
    """
    release = show(ledger, release_id)
    if release.withdrawn_at is None:
        raise StateError("release-not-withdrawn", release=release_id)
    removed = 0
    for file in release.files:
        removed += ledger.storage.remove(file.object_name)
        with ledger.transaction() as session:
            attempts.note_removed(session, file.object_name)
    return removed


def show(ledger: Ledger, release_id: str) -> Release:
    """Return a release. Raises ``NotFound``."""
    with ledger.transaction() as session:
        return views.release(get(session, release_id))


def open_file(ledger: Ledger, release_id: str, name: str) -> BinaryIO:
    """Open a file of a release; see ``cityharvest.api.release_file``."""
    release = show(ledger, release_id)
    for file in release.files:
        if file.name == name and release.withdrawn_at is None:
            return ledger.storage.open(file.object_name)
    raise NotFound(kind="file", id=f"{release_id}/{name}")


def get(session: Session, release_id: str) -> ReleaseRow:
    """Return a row. Raises ``NotFound``."""
    row = session.get(ReleaseRow, release_id)
    if row is None:
        raise NotFound(kind="release", id=release_id)
    return row


def _require_signed(proof: Mapping[str, Any], keys: Sequence[PublicKey]) -> None:
    # Imported when needed: a web process that shows releases does without the disclosure control's engine.
    from disclosure.signing import signed_by_any

    if not signed_by_any(proof, keys):
        raise DisclosureRefused("proof-unsigned")


def _require_outputs(proof: Mapping[str, Any], stored: Mapping[str, Stored]) -> None:
    """Refuse files other than those that the signed proof names by their hashes."""
    stated = {name: one["sha256"] for name, one in proof["outputs"].items()}
    found = {name: one.sha256 for name, one in stored.items() if name != "proof.json"}
    if stated != found:
        raise DisclosureRefused("proof-of-other-files")


def _of_delivery(session: Session, delivery_id: str) -> ReleaseRow | None:
    return session.scalars(select(ReleaseRow).where(ReleaseRow.delivery_id == delivery_id)).one_or_none()


def _supersede_earlier(session: Session, row: DeliveryRow, actor: str) -> None:
    for earlier in deliveries.lock_series(session, row.mandate_id, row.period_key):
        if earlier.sequence < row.sequence and DeliveryState(earlier.state) in REOPENABLE:
            detail = {"by": row.id}
            deliveries.apply(session, earlier, DeliveryEvent.SUPERSEDE, actor=actor, detail=detail)
