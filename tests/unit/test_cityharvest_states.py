"""Rule: the one table of transitions decides; everything else raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityharvest.errors import StateError
from cityharvest.states import (
    OWED,
    REOPENABLE,
    TRANSITIONS,
    DeliveryEvent,
    DeliveryState,
    advance,
    ensure_allowed,
)

S, E = DeliveryState, DeliveryEvent
ALLOWED = {
    (S.DUE, S.RECEIVED),
    (S.DUE, S.NIL),
    (S.RECEIVED, S.CHECKED),
    (S.CHECKED, S.CLEARED),
    (S.CLEARED, S.RELEASED),
    (S.RELEASED, S.PUBLISHED),
    (S.RECEIVED, S.REJECTED),
    (S.CHECKED, S.REJECTED),
    (S.CLEARED, S.REJECTED),
    (S.HELD, S.REJECTED),
    (S.RECEIVED, S.HELD),
    (S.CHECKED, S.HELD),
    (S.CLEARED, S.HELD),
    (S.RELEASED, S.HELD),
    (S.HELD, S.RECEIVED),
    (S.HELD, S.CHECKED),
    (S.HELD, S.CLEARED),
    (S.HELD, S.RELEASED),
    (S.REJECTED, S.SUPERSEDED),
    (S.NIL, S.SUPERSEDED),
    (S.PUBLISHED, S.SUPERSEDED),
    (S.RELEASED, S.WITHDRAWN),
    (S.PUBLISHED, S.WITHDRAWN),
}
PAIRS = [(before, after) for before in S for after in S]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_exactly_the_transitions_of_the_design_are_allowed(before: S, after: S) -> None:
    if (before, after) in ALLOWED:
        assert TRANSITIONS[before, ensure_allowed(before, after)]
    else:
        with pytest.raises(StateError):
            ensure_allowed(before, after)


def test_the_straight_way_leads_from_due_to_published() -> None:
    state = S.DUE
    for event in (E.RECEIVE, E.CHECK, E.CLEAR, E.RELEASE, E.PUBLISH):
        state = advance(state, event)
    assert state is S.PUBLISHED


@pytest.mark.parametrize("held_from", [S.RECEIVED, S.CHECKED, S.CLEARED, S.RELEASED])
def test_an_approval_returns_a_delivery_to_where_it_was_held(held_from: S) -> None:
    assert advance(S.HELD, E.APPROVE, held_from=held_from) is held_from


@pytest.mark.parametrize("held_from", [None, S.DUE, S.PUBLISHED, S.HELD])
def test_an_approval_cannot_lead_anywhere_else(held_from: S | None) -> None:
    with pytest.raises(StateError):
        advance(S.HELD, E.APPROVE, held_from=held_from)


@pytest.mark.parametrize("end", [S.SUPERSEDED, S.WITHDRAWN])
def test_nothing_leads_out_of_an_end(end: S) -> None:
    assert not [event for (state, event) in TRANSITIONS if state is end]


def test_nothing_leads_past_the_gate() -> None:
    into_released = {state for (state, _), targets in TRANSITIONS.items() if S.RELEASED in targets}
    into_published = {state for (state, _), targets in TRANSITIONS.items() if S.PUBLISHED in targets}
    assert into_released == {S.CLEARED, S.HELD}
    assert into_published == {S.RELEASED}


def test_what_may_be_sent_again_and_what_is_owed() -> None:
    assert {S.REJECTED, S.NIL, S.PUBLISHED} == REOPENABLE
    assert {S.DUE, S.REJECTED} == OWED


@given(st.lists(st.sampled_from(list(E)), max_size=30))
def test_any_sequence_of_events_stays_in_the_table_or_raises(events: list[E]) -> None:
    state, held_from, cleared = S.DUE, None, False
    for event in events:
        try:
            after = advance(state, event, held_from=held_from)
        except StateError:
            continue
        assert (state, after) in ALLOWED
        held_from = state if after is S.HELD else None
        state, cleared = after, cleared or after is S.CLEARED
        assert cleared or state not in {S.RELEASED, S.PUBLISHED}
