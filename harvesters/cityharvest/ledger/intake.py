"""The one door: what arrives is sealed first and judged after, in three steps that may each be the last.

1. a short transaction finds the delivery and puts the object on the list of things begun;
2. the stream is sealed into that object, without any transaction;
3. a second transaction locks the series and either gives the object its place or says why not.

Killed in between, only an object without a name is left, and the delivery is as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityharvest import db, quarantine
from cityharvest.errors import HarvestError, ReceiveRefused, StateError
from cityharvest.ledger import attempts, deliveries, plans, views
from cityharvest.ledger.core import Ledger
from cityharvest.manifest import manifest_sha256
from cityharvest.models import DeliveryRow, ObjectRow, PartRow, new_id
from cityharvest.periods import Period
from cityharvest.quarantine import Sealed
from cityharvest.records import Delivery, Mandate, Part
from cityharvest.states import REOPENABLE, AttemptOutcome, DeliveryEvent, DeliveryState

SHA256: Final = re.compile(r"[0-9a-f]{64}")
STAGE: Final = "receive"
DAY_SECONDS: Final = 86_400

Placed = TypeVar("Placed")
#: What step 3 gives back: the value, the delivery it belongs to, and whether the object found its place.
Placing = tuple[Placed, str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What comes in: the stream and what its sender says about it."""

    stream: BinaryIO
    sender: str
    filename: str | None = None
    expected_sha256: str | None = None
    label: str | None = None

    @property
    def checksum(self) -> str | None:
        """The expected hash in our spelling.

        Raises:
            ReceiveRefused: ``checksum-invalid``.
        """
        if self.expected_sha256 is None:
            return None
        spelled = self.expected_sha256.strip().lower()
        if not SHA256.fullmatch(spelled):
            raise ReceiveRefused("checksum-invalid")
        return spelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What step 1 noted: for which delivery, and where the sealed bytes go."""

    delivery_id: str
    mandate_id: str
    period_key: str
    attempt_id: str
    object_name: str


def receive(ledger: Ledger, mandate: str | Mandate, period: str | Period, arrival: Arrival) -> Delivery:
    """Take in one file; see ``cityharvest.api.receive``."""

    def place(session: Session, begun: Begun, sealed: Sealed) -> Placing[Delivery]:
        series = deliveries.lock_series(session, begun.mandate_id, begun.period_key)
        same = series[-1].sha256 == manifest_sha256([sealed.sha256])
        row = series[-1] if same else _fillable(session, series, arrival.sender)
        if not same:
            if _part_rows(session, row.id):
                raise StateError("parts-are-collected", period=row.period_key)
            _add_part(session, row, begun, arrival, sealed, ordinal=1)
            _fill(session, row, arrival.sender)
        return views.whole_delivery(session, row, db.now(session)), row.id, not same

    _ = arrival.checksum
    with ledger.transaction() as session:
        series = plans.ensure_series(session, mandate, period, actor=arrival.sender)
        begun = _begin(session, series[-1], arrival.sender)
    return _take(ledger, begun, arrival, place)


def nil(ledger: Ledger, mandate: str | Mandate, period: str | Period, reason: str, sender: str) -> Delivery:
    """Note that there is nothing to report; see ``cityharvest.api.nil``."""
    with ledger.transaction() as session:
        series = plans.ensure_series(session, mandate, period, actor=sender)
        row = series[-1]
        if row.state != DeliveryState.NIL.value:
            if row.state == DeliveryState.REJECTED.value:
                row = plans.open_next(session, series, actor=sender)
            if _part_rows(session, row.id):
                raise StateError("parts-are-collected", period=row.period_key)
            row.sender, row.nil_reason, row.received_at = sender, reason, db.now(session)
            deliveries.apply(session, row, DeliveryEvent.REPORT_NIL, actor=sender)
        return views.whole_delivery(session, row, db.now(session))


def begin_parts(
    ledger: Ledger, mandate: str | Mandate, period: str | Period, sender: str, *, reopen: bool = False
) -> Delivery:
    """Return the delivery that parts are collected for; see ``cityharvest.api.begin_parts``."""
    with ledger.transaction() as session:
        series = plans.ensure_series(session, mandate, period, actor=sender)
        row = series[-1]
        if row.state != DeliveryState.DUE.value:
            if not reopen:
                raise StateError("delivery-in-progress", period=row.period_key, state=row.state)
            row = _fillable(session, series, sender)
        return views.whole_delivery(session, row, db.now(session))


def append_part(ledger: Ledger, delivery_id: str, arrival: Arrival) -> Part:
    """Seal one more part onto a delivery; see ``cityharvest.api.append_part``."""

    def place(session: Session, begun: Begun, sealed: Sealed) -> Placing[Part]:
        row = _collecting(deliveries.lock(session, begun.delivery_id))
        rows = _part_rows(session, row.id)
        known = _same_part(rows, arrival.label, sealed)
        if known is not None:
            return views.part(known), row.id, False
        ordinal = rows[-1].ordinal + 1 if rows else 1
        part = _add_part(session, row, begun, arrival, sealed, ordinal=ordinal)
        return views.part(part), row.id, True

    _ = arrival.checksum
    with ledger.transaction() as session:
        row = _collecting(deliveries.lock(session, delivery_id))
        labeled = [one for one in _part_rows(session, row.id) if arrival.label and one.label == arrival.label]
        if labeled:
            return views.part(labeled[0])
        begun = _begin(session, row, arrival.sender)
    return _take(ledger, begun, arrival, place)


def finish_parts(ledger: Ledger, delivery_id: str, sender: str) -> Delivery:
    """Close the list of parts; see ``cityharvest.api.finish_parts``."""
    with ledger.transaction() as session:
        row = deliveries.lock(session, delivery_id)
        if row.state == DeliveryState.DUE.value:
            rows = _part_rows(session, row.id)
            if not rows:
                raise ReceiveRefused("delivery-empty", period=row.period_key)
            if any(one.purged_at is not None for one in rows):
                raise ReceiveRefused("raw-purged", period=row.period_key)
            _fill(session, row, sender)
        elif row.sha256 is None:
            raise StateError(state=row.state, event=DeliveryEvent.RECEIVE.value)
        return views.whole_delivery(session, row, db.now(session))


def _begin(session: Session, row: DeliveryRow, sender: str) -> Begun:
    attempt_id = attempts.begin(session, stage=STAGE, worker=sender, delivery_id=row.id)
    name = f"raw/{row.mandate_id}/{row.period_key}/{attempt_id}.age"
    attempts.note_object(session, name, attempt_id)
    return Begun(
        delivery_id=row.id,
        mandate_id=row.mandate_id,
        period_key=row.period_key,
        attempt_id=attempt_id,
        object_name=name,
    )


def _take(
    ledger: Ledger,
    begun: Begun,
    arrival: Arrival,
    place: Callable[[Session, Begun, Sealed], Placing[Placed]],
) -> Placed:
    """Steps 2 and 3: seal, then place in one transaction; what is not kept is removed."""
    try:
        sealed = _seal(ledger, begun, arrival)
        with ledger.transaction() as session:
            placed, delivery_id, kept = place(session, begun, sealed)
            outcome = AttemptOutcome.FETCHED if kept else AttemptOutcome.UNCHANGED
            attempts.end(session, begun.attempt_id, outcome, delivery_id=delivery_id)
    except HarvestError as error:
        _give_up(ledger, begun, error)
        raise
    if not kept:
        _give_up(ledger, begun, None)
    return placed


def _seal(ledger: Ledger, begun: Begun, arrival: Arrival) -> Sealed:
    sealed = quarantine.store(
        ledger.storage,
        begun.object_name,
        arrival.stream,
        recipient=ledger.settings.require("recipient"),
        max_bytes=ledger.settings.max_bytes,
    )
    if sealed.size_bytes == 0:
        raise ReceiveRefused("delivery-empty", period=begun.period_key)
    if arrival.checksum not in (None, sealed.sha256):
        raise ReceiveRefused("checksum-mismatch", expected=arrival.checksum, found=sealed.sha256)
    return sealed


def _give_up(ledger: Ledger, begun: Begun, error: HarvestError | None) -> None:
    """Remove the object and note the error; what fails here, the sweep does later.

    An object that has its place stays: the commit may have reached the database though its answer was lost.
    """
    with suppress(HarvestError), ledger.transaction() as session:
        row = session.get_one(ObjectRow, begun.object_name, with_for_update=True)
        if row.named_at is None:
            attempts.end(session, begun.attempt_id, error=error)
            with suppress(HarvestError):
                ledger.storage.remove(begun.object_name)
                attempts.note_removed(session, begun.object_name)


def _fillable(session: Session, series: list[DeliveryRow], sender: str) -> DeliveryRow:
    """Return the delivery that other bytes may fill: the due one, or a new sequence after an ended one."""
    last = series[-1]
    state = DeliveryState(last.state)
    if state is DeliveryState.DUE:
        return last
    if state in REOPENABLE:
        return plans.open_next(session, series, actor=sender)
    code = "delivery-withdrawn" if state is DeliveryState.WITHDRAWN else "delivery-in-progress"
    raise StateError(code, period=last.period_key, state=last.state)


def _collecting(row: DeliveryRow) -> DeliveryRow:
    if row.state != DeliveryState.DUE.value:
        raise StateError("delivery-in-progress", period=row.period_key, state=row.state)
    return row


def _part_rows(session: Session, delivery_id: str) -> list[PartRow]:
    query = select(PartRow).where(PartRow.delivery_id == delivery_id).order_by(PartRow.ordinal)
    return list(session.scalars(query))


def _same_part(rows: list[PartRow], label: str | None, sealed: Sealed) -> PartRow | None:
    """Return the part that is the same: by its label anywhere, by its bytes if it is the last one."""
    for row in rows:
        if label is not None and row.label == label:
            return row
    return rows[-1] if rows and rows[-1].sha256 == sealed.sha256 else None


def _add_part(
    session: Session, row: DeliveryRow, begun: Begun, arrival: Arrival, sealed: Sealed, *, ordinal: int
) -> PartRow:
    lifetime = row.mandate.raw_retention_days * DAY_SECONDS
    attempts.name_object(session, begun.object_name)
    part = PartRow(
        id=new_id(),
        delivery_id=row.id,
        ordinal=ordinal,
        object_name=begun.object_name,
        sha256=sealed.sha256,
        size_bytes=sealed.size_bytes,
        sealed_sha256=sealed.stored.sha256,
        sealed_bytes=sealed.stored.size_bytes,
        key_id=sealed.key_id,
        filename=arrival.filename,
        label=arrival.label,
        purge_at=session.execute(select(db.seconds_from_now(lifetime))).scalar_one(),
    )
    session.add(part)
    session.flush()
    return part


def _fill(session: Session, row: DeliveryRow, sender: str) -> None:
    """``due`` becomes ``received``: the manifest of the parts is the delivery's identity from now on."""
    rows = _part_rows(session, row.id)
    row.sha256 = manifest_sha256(one.sha256 for one in rows)
    row.sender, row.received_at = sender, db.now(session)
    session.flush()
    detail = {"sha256": row.sha256, "parts": len(rows)}
    deliveries.apply(session, row, DeliveryEvent.RECEIVE, actor=sender, detail=detail)
