"""States of a delivery and the one table of allowed transitions.

``TRANSITIONS`` is the whole rule: whatever is not in it raises ``StateError``. *Late* is no state, it is a fact
(due date against database time). What a single attempt met is recorded on the attempt (``AttemptOutcome``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from cityharvest.errors import StateError


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    DUE = "due"
    RECEIVED = "received"
    CHECKED = "checked"
    CLEARED = "cleared"
    RELEASED = "released"
    PUBLISHED = "published"
    REJECTED = "rejected"
    HELD = "held"
    NIL = "nil"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class DeliveryEvent(StrEnum):
    """What moves a delivery; the word that its audit row carries."""

    RECEIVE = "receive"
    REPORT_NIL = "report-nil"
    CHECK = "check"
    CLEAR = "clear"
    RELEASE = "release"
    PUBLISH = "publish"
    REJECT = "reject"
    HOLD = "hold"
    APPROVE = "approve"
    REFUSE = "refuse"
    SUPERSEDE = "supersede"
    WITHDRAW = "withdraw"


class AttemptOutcome(StrEnum):
    """What one attempt met, when it did not end with an error code."""

    WAITING = "waiting"
    FETCHED = "fetched"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    ABSENT = "absent"
    DONE = "done"


_S = DeliveryState
_E = DeliveryEvent

# (state, event) -> the states it may lead to. More than one only for an approval, which returns the delivery
# to where it was held (``held_from``).
TRANSITIONS: Mapping[tuple[DeliveryState, DeliveryEvent], tuple[DeliveryState, ...]] = {
    (_S.DUE, _E.RECEIVE): (_S.RECEIVED,),
    (_S.DUE, _E.REPORT_NIL): (_S.NIL,),
    (_S.RECEIVED, _E.CHECK): (_S.CHECKED,),
    (_S.CHECKED, _E.CLEAR): (_S.CLEARED,),
    (_S.CLEARED, _E.RELEASE): (_S.RELEASED,),
    (_S.RELEASED, _E.PUBLISH): (_S.PUBLISHED,),
    (_S.RECEIVED, _E.REJECT): (_S.REJECTED,),
    (_S.CHECKED, _E.REJECT): (_S.REJECTED,),
    (_S.CLEARED, _E.REJECT): (_S.REJECTED,),
    (_S.HELD, _E.REJECT): (_S.REJECTED,),
    (_S.RECEIVED, _E.HOLD): (_S.HELD,),
    (_S.CHECKED, _E.HOLD): (_S.HELD,),
    (_S.CLEARED, _E.HOLD): (_S.HELD,),
    (_S.RELEASED, _E.HOLD): (_S.HELD,),
    (_S.HELD, _E.APPROVE): (_S.RECEIVED, _S.CHECKED, _S.CLEARED, _S.RELEASED),
    (_S.HELD, _E.REFUSE): (_S.REJECTED,),
    (_S.REJECTED, _E.SUPERSEDE): (_S.SUPERSEDED,),
    (_S.NIL, _E.SUPERSEDE): (_S.SUPERSEDED,),
    (_S.PUBLISHED, _E.SUPERSEDE): (_S.SUPERSEDED,),
    (_S.RELEASED, _E.WITHDRAW): (_S.WITHDRAWN,),
    (_S.PUBLISHED, _E.WITHDRAW): (_S.WITHDRAWN,),
}

#: After these a re-send opens the next sequence.
REOPENABLE = frozenset({_S.REJECTED, _S.NIL, _S.PUBLISHED})
#: The owed data has not arrived (or was not usable): past its due date such a period is late.
OWED = frozenset({_S.DUE, _S.REJECTED})
#: Work of the three child processes.
PROCESSABLE = (_S.RECEIVED, _S.CHECKED, _S.CLEARED)
PUBLISHABLE = (_S.RELEASED,)


def allowed(state: DeliveryState, event: DeliveryEvent) -> tuple[DeliveryState, ...]:
    """Return the states that ``event`` may lead to from ``state`` (empty: not allowed)."""
    return TRANSITIONS.get((state, event), ())


def advance(state: DeliveryState, event: DeliveryEvent, *, held_from: DeliveryState | None = None) -> DeliveryState:
    """Return the state after ``event``.

    Args:
        state: where the delivery stands.
        event: what happens to it.
        held_from: where a held delivery came from; needed for an approval.

    Raises:
        StateError: the table does not have this step, or an approval names no state it may return to.
    """
    targets = allowed(state, event)
    if event is DeliveryEvent.APPROVE and held_from is not None and held_from in targets:
        return held_from
    if len(targets) != 1:
        raise StateError(state=str(state), event=str(event))
    return targets[0]


def ensure_allowed(before: DeliveryState, after: DeliveryState) -> DeliveryEvent:
    """Return the event that leads from one state to the other.

    Raises:
        StateError: no event does.
    """
    for (state, event), targets in TRANSITIONS.items():
        if state is before and after in targets:
            return event
    raise StateError(state=str(before), event=str(after))
