"""Rules: one audit row per change of state, and no tampering with the stored chain stays unseen."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cityharvest import api, audit_log
from cityharvest import ledger as stages
from cityharvest.db import now
from cityharvest.states import DeliveryState

from .conftest import stream, to_published  # noqa: TID252 - one folder, one conftest

AUDIT = "cityharvest.audit"


@pytest.fixture
def published(ledger, mandate, period, tmp_path):
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    to_published(ledger, got.id, tmp_path)
    return got


def findings(ledger, heads=()) -> list[tuple[int, str]]:
    return [(one["seq"], one["slug"]) for one in api.audit_verify(heads, ledger=ledger)]


def test_every_change_of_state_is_one_row_and_the_chain_holds(ledger, published, sql) -> None:
    steps = [(step.event, step.detail.get("to")) for step in api.delivery_show(published.id, ledger=ledger).history]
    assert steps == [
        ("open", "due"),
        ("receive", "received"),
        ("check", "checked"),
        ("clear", "cleared"),
        ("release", "released"),
        ("publish", "published"),
    ]
    assert sql(f"SELECT count(*), max(seq) FROM {AUDIT}") == [(7, 7)]
    assert findings(ledger) == []


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody'",
        "at = at + interval '1 microsecond'",
        "detail = '{}'",
        "event = 'approve'",
        "subject = 'delivery:other'",
        "hash = repeat('0', 64)",
        "prev_hash = repeat('0', 64)",
        "chain = 'x'",
    ],
)
def test_a_changed_row_is_found(ledger, published, sql, change) -> None:
    assert sql(f"UPDATE {AUDIT} SET {change} WHERE seq = 3") == 1
    expected = (3, "row-removed") if change.startswith("chain") else (3, "row-changed")
    assert expected in findings(ledger)


def test_a_removed_row_is_found(ledger, published, sql) -> None:
    sql(f"DELETE FROM {AUDIT} WHERE seq = 4")
    assert findings(ledger) == [(4, "row-removed")]


def test_exchanged_rows_are_found(ledger, published, sql) -> None:
    sql(f"UPDATE {AUDIT} SET seq = 100 WHERE seq = 3")
    sql(f"UPDATE {AUDIT} SET seq = 3 WHERE seq = 5")
    sql(f"UPDATE {AUDIT} SET seq = 5 WHERE seq = 100")
    # The head in the release's proof names row 5, which is now another one.
    assert set(findings(ledger)) == {(3, "row-reordered"), (5, "row-reordered"), (5, "row-changed")}


def test_a_cut_off_end_is_found_against_the_head_in_the_release_proof(ledger, published, sql) -> None:
    known = api.release_show(api.delivery_show(published.id, ledger=ledger).release.id, ledger=ledger).proof
    assert known["audit_head"]["seq"] == 5
    sql(f"DELETE FROM {AUDIT} WHERE seq > 4")
    assert findings(ledger) == [(5, "end-cut-off")]


def test_a_cut_off_end_is_found_against_a_run_summary_and_against_a_head_from_outside(ledger, published, sql) -> None:
    outside = api.audit_head(ledger=ledger)
    with ledger.transaction() as session:
        summary = stages.store_run(session, stage="run", worker="w", started_at=now(session), summary={"published": 1})
    assert summary["audit_head"] == outside
    sql(f"DELETE FROM {AUDIT} WHERE seq > 6")
    assert findings(ledger) == [(7, "end-cut-off")]
    sql("DELETE FROM cityharvest.run")
    assert findings(ledger) == []
    assert findings(ledger, [(outside["seq"], outside["hash"])]) == [(7, "end-cut-off")]


def test_a_state_change_whose_audit_row_cannot_be_written_does_not_happen(ledger, mandate, period, monkeypatch) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(audit_log, "append", broken)
    with pytest.raises(RuntimeError), ledger.transaction() as session:
        stages.move(session, got.id, DeliveryState.CHECKED, actor="process")
    assert api.delivery_show(got.id, ledger=ledger).state is DeliveryState.RECEIVED


def test_fifty_writers_at_once_make_no_fork(ledger, sql) -> None:
    barrier = threading.Barrier(10)

    def write(number: int) -> None:
        barrier.wait()
        for step in range(5):
            with ledger.transaction() as session:
                audit_log.append(session, f"test:{number}", "write", "tester", {"step": step})

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, range(10)))
    assert sql(f"SELECT count(*), max(seq), count(DISTINCT prev_hash) FROM {AUDIT}") == [(50, 50, 50)]
    assert findings(ledger) == []


def test_details_come_back_exactly_as_they_were_hashed(ledger) -> None:
    detail = {"č": "š\u0000ž", "number": 1e300, "small": 0.1, "nested": {"b": [1, None, True], "a": ""}}
    with ledger.transaction() as session:
        audit_log.append(session, "test:1", "write", "tester", detail)
    assert findings(ledger) == []


def test_events_wait_until_the_portal_took_them(ledger, mandate, period, sql) -> None:
    api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    with ledger.transaction() as session:
        (event,) = stages.events_waiting(session)
        assert (event.kind, event.organization_ids) == ("reassess", ("org-b", "org-c", "org-lead"))
        assert event.payload["state"] == "received"
        stages.events_failed(session, [event.id], "publish-temporary")
    with ledger.transaction() as session:
        assert stages.events_waiting(session) == []
    sql("UPDATE cityharvest.event SET retry_at = clock_timestamp()")
    with ledger.transaction() as session:
        (again,) = stages.events_waiting(session)
        assert (again.id, again.tries) == (event.id, 1)
        stages.events_delivered(session, [again.id])
        stages.events_delivered(session, [again.id])
    with ledger.transaction() as session:
        assert stages.events_waiting(session) == []


def test_an_event_is_written_with_its_change_or_not_at_all(ledger, mandate, period, sql) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    before = sql("SELECT count(*) FROM cityharvest.event")
    with pytest.raises(RuntimeError), ledger.transaction() as session:
        stages.move(session, got.id, DeliveryState.HELD, actor="process", held_reason="first-release")
        raise RuntimeError
    assert sql("SELECT count(*) FROM cityharvest.event") == before
