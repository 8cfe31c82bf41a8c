"""Rules of the one door: idempotent, sealed, all or nothing, one delivery per (mandate, period, sequence)."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cityharvest import api, quarantine
from cityharvest import ledger as stages
from cityharvest.errors import NotFound, ReceiveInterrupted, ReceiveRefused, StateError, StorageUnavailable, WrongCall
from cityharvest.manifest import manifest_sha256
from cityharvest.states import DeliveryState

from .conftest import first_of_month, sha256, stored_files, stream, to_published  # noqa: TID252 - one folder, one conftest

CONTENT = b"meter_id;ts;zone;usage_m3\n1;2026-10-01 00:00;A;0,5\n"


def test_a_file_fills_the_due_delivery(ledger, mandate, period, settings) -> None:
    due = {one.period: one.id for one in api.plan(ledger=ledger)}
    got = api.receive("poraba-vode", period, stream(), "user-7", filename="../okt.csv", ledger=ledger)
    assert (got.id, got.state, got.sequence) == (due[period], DeliveryState.RECEIVED, 1)
    assert got.sha256 == manifest_sha256([sha256(CONTENT)])
    assert [(part.sha256, part.size_bytes, part.filename) for part in got.parts] == [
        (sha256(CONTENT), len(CONTENT), "../okt.csv")
    ]
    assert [step.event for step in got.history] == ["open", "receive"]
    assert len(stored_files(settings)) == 1


def test_the_sealed_file_opens_only_with_the_identity_and_is_the_sent_one(ledger, mandate, period, settings) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    (file,) = stored_files(settings)
    assert b"meter_id" not in file.read_bytes()
    target = io.BytesIO()
    quarantine.open_part(ledger.storage, got.parts[0], target, settings.identity_file)
    assert target.getvalue() == CONTENT


def test_the_same_bytes_again_change_nothing(ledger, mandate, period, settings) -> None:
    first = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    head = api.audit_head(ledger=ledger)
    again = api.receive(mandate, period, stream(), "user-8", ledger=ledger)
    assert (again.id, again.sender, again.received_at) == (first.id, "user-7", first.received_at)
    assert api.audit_head(ledger=ledger) == head
    assert len(stored_files(settings)) == 1
    assert [attempt.outcome for attempt in api.delivery_show(first.id, ledger=ledger).attempts] == [
        "fetched",
        "unchanged",
    ]


def test_other_bytes_are_refused_while_the_first_are_processed(ledger, mandate, period, settings) -> None:
    first = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    with pytest.raises(StateError, match="delivery-in-progress"):
        api.receive(mandate, period, stream(b"other"), "user-7", ledger=ledger)
    shown = api.delivery_show(first.id, ledger=ledger)
    assert shown.sha256 == first.sha256
    assert shown.attempts[-1].error_code == "delivery-in-progress"
    assert len(stored_files(settings)) == 1


def test_a_checksum_that_fits_is_accepted_in_any_spelling(ledger, mandate, period) -> None:
    got = api.receive(
        mandate, period, stream(), "user-7", expected_sha256=f" {sha256(CONTENT).upper()}\n", ledger=ledger
    )
    assert got.state is DeliveryState.RECEIVED


def test_a_checksum_that_does_not_fit_leaves_the_delivery_due_and_nothing_stored(
    ledger, mandate, period, settings
) -> None:
    with pytest.raises(ReceiveRefused, match="checksum-mismatch"):
        api.receive(mandate, period, stream(), "user-7", expected_sha256="0" * 64, ledger=ledger)
    (row,) = api.delivery_list(period=period, ledger=ledger)
    shown = api.delivery_show(row.id, ledger=ledger)
    assert (shown.state, shown.sha256, shown.parts) == (DeliveryState.DUE, None, ())
    assert [attempt.error_code for attempt in shown.attempts] == ["checksum-mismatch"]
    assert stored_files(settings) == []


@pytest.mark.parametrize(
    ("content", "expected", "code"),
    [
        (b"", None, "delivery-empty"),
        (b"x" * 100_001, None, "delivery-too-large"),
        (b"x", "no-checksum", "checksum-invalid"),
    ],
)
def test_what_is_refused_leaves_nothing(ledger, mandate, period, settings, content, expected, code) -> None:
    with pytest.raises(ReceiveRefused, match=code):
        api.receive(mandate, period, stream(content), "user-7", expected_sha256=expected, ledger=ledger)
    assert stored_files(settings) == []
    assert all(one.state is DeliveryState.DUE for one in api.delivery_list(ledger=ledger))


def test_a_broken_stream_leaves_nothing_and_can_be_sent_again(ledger, mandate, period, settings) -> None:
    class Breaking(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ReceiveInterrupted):
        api.receive(mandate, period, Breaking(), "user-7", ledger=ledger)
    assert stored_files(settings) == []
    assert api.receive(mandate, period, stream(), "user-7", ledger=ledger).state is DeliveryState.RECEIVED


def test_twenty_at_once_give_one_delivery_with_one_part(ledger, mandate, period, settings) -> None:
    barrier = threading.Barrier(20)

    def send(number: int) -> str:
        barrier.wait()
        return api.receive(mandate, period, stream(), f"user-{number}", ledger=ledger).id

    with ThreadPoolExecutor(20) as pool:
        ids = list(pool.map(send, range(20)))
    assert len(set(ids)) == 1
    shown = api.delivery_show(ids[0], ledger=ledger)
    assert len(shown.parts) == 1
    assert [step.event for step in shown.history] == ["open", "receive"]
    assert sorted(str(one.outcome) for one in shown.attempts) == ["fetched"] + ["unchanged"] * 19
    assert len(stored_files(settings)) == 1
    assert api.audit_verify(ledger=ledger) == []


def test_twenty_different_files_at_once_give_one_delivery_and_nineteen_refusals(
    ledger, mandate, period, settings
) -> None:
    barrier = threading.Barrier(20)

    def send(number: int) -> str:
        barrier.wait()
        try:
            return str(api.receive(mandate, period, stream(b"%d" % number), "user", ledger=ledger).state)
        except StateError as error:
            return error.code

    with ThreadPoolExecutor(20) as pool:
        outcomes = sorted(pool.map(send, range(20)))
    assert outcomes == ["delivery-in-progress"] * 19 + ["received"]
    assert len(stored_files(settings)) == 1


def test_after_a_rejection_other_bytes_open_the_next_sequence(ledger, mandate, period) -> None:
    first = api.receive(mandate, period, stream(b"bad"), "user-7", ledger=ledger)
    with ledger.transaction() as session:
        error = {"code": "contract-broken", "params": {}}
        stages.move(session, first.id, DeliveryState.REJECTED, actor="process", error=error)
    same = api.receive(mandate, period, stream(b"bad"), "user-7", ledger=ledger)
    assert (same.id, same.state) == (first.id, DeliveryState.REJECTED)
    second = api.receive(mandate, period, stream(b"good"), "user-7", ledger=ledger)
    assert (second.sequence, second.state) == (2, DeliveryState.RECEIVED)
    assert api.delivery_show(first.id, ledger=ledger).state is DeliveryState.REJECTED


def test_a_correction_replaces_the_published_one_only_when_it_is_released(ledger, mandate, period, tmp_path) -> None:
    first = api.receive(mandate, period, stream(b"one"), "user-7", ledger=ledger)
    to_published(ledger, first.id, tmp_path)
    second = api.receive(mandate, period, stream(b"two"), "user-7", ledger=ledger)
    assert second.sequence == 2
    assert second.late is False
    assert api.delivery_show(first.id, ledger=ledger).state is DeliveryState.PUBLISHED
    with ledger.transaction() as session:
        row = stages.delivery_row(session, second.id)
        assert stages.earlier_published(session, row).id == first.id
    to_published(ledger, second.id, tmp_path)
    assert api.delivery_show(first.id, ledger=ledger).state is DeliveryState.SUPERSEDED
    assert [one["release_id"] for one in api.published_for("org-b", ledger=ledger)] == [
        api.delivery_show(second.id, ledger=ledger).release.id
    ]


def test_nothing_to_report_is_a_state_of_its_own_and_idempotent(ledger, mandate, period) -> None:
    first = api.nil(mandate, period, "ni obratovalo", "user-7", ledger=ledger)
    head = api.audit_head(ledger=ledger)
    again = api.nil(mandate, period, "ni obratovalo", "user-7", ledger=ledger)
    assert (first.state, first.nil_reason, again.id) == (DeliveryState.NIL, "ni obratovalo", first.id)
    assert api.audit_head(ledger=ledger) == head
    filled = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    assert (filled.sequence, filled.state) == (2, DeliveryState.RECEIVED)
    with pytest.raises(StateError):
        api.nil(mandate, period, "vendarle nič", "user-7", ledger=ledger)


def test_periods_outside_the_mandate_or_in_the_future_are_refused(ledger, mandate) -> None:
    for key, code in (("2019-01", "period-outside-mandate"), ("2999-01", "period-not-begun")):
        with pytest.raises(ReceiveRefused, match=code):
            api.receive(mandate, key, stream(), "user-7", ledger=ledger)
    with pytest.raises(WrongCall, match="period-invalid"):
        api.receive(mandate, "2026-10-31", stream(), "user-7", ledger=ledger)
    with pytest.raises(NotFound):
        api.receive("no-such-mandate", "2026-10", stream(), "user-7", ledger=ledger)
    assert api.delivery_list(ledger=ledger) == []


def test_an_unreachable_storage_is_temporary_and_leaves_the_delivery_due(ledger, mandate, period, monkeypatch) -> None:
    def broken(*args: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(ledger.storage, "put", broken)
    with pytest.raises(StorageUnavailable) as caught:
        api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    assert caught.value.exit_code == 75
    (row,) = api.delivery_list(period=period, ledger=ledger)
    assert row.state is DeliveryState.DUE


def test_parts_are_collected_in_order_and_closed_once(ledger, mandate, period) -> None:
    due = api.begin_parts(mandate, period, "source:1", ledger=ledger)
    one = api.append_part(due.id, stream(b"a"), "source:1", label="t1", ledger=ledger)
    same_label = api.append_part(due.id, stream(b"zzz"), "source:1", label="t1", ledger=ledger)
    same_bytes = api.append_part(due.id, stream(b"a"), "source:1", label="t2", ledger=ledger)
    two = api.append_part(due.id, stream(b"b"), "source:1", label="t3", ledger=ledger)
    back = api.append_part(due.id, stream(b"a"), "source:1", label="t4", ledger=ledger)
    assert same_label.id == same_bytes.id == one.id
    assert (one.ordinal, two.ordinal, back.ordinal) == (1, 2, 3)
    closed = api.finish_parts(due.id, "source:1", ledger=ledger)
    assert closed.sha256 == manifest_sha256([sha256(b"a"), sha256(b"b"), sha256(b"a")])
    head = api.audit_head(ledger=ledger)
    assert api.finish_parts(due.id, "source:1", ledger=ledger).state is DeliveryState.RECEIVED
    assert api.audit_head(ledger=ledger) == head
    with pytest.raises(StateError, match="delivery-in-progress"):
        api.append_part(due.id, stream(b"c"), "source:1", ledger=ledger)


def test_a_delivery_of_no_parts_cannot_be_closed(ledger, mandate, period) -> None:
    due = api.begin_parts(mandate, period, "source:1", ledger=ledger)
    with pytest.raises(ReceiveRefused, match="delivery-empty"):
        api.finish_parts(due.id, "source:1", ledger=ledger)


def test_a_single_file_cannot_slip_among_collected_parts(ledger, mandate, period) -> None:
    due = api.begin_parts(mandate, period, "source:1", ledger=ledger)
    api.append_part(due.id, stream(b"a"), "source:1", ledger=ledger)
    with pytest.raises(StateError, match="parts-are-collected"):
        api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    with pytest.raises(StateError, match="parts-are-collected"):
        api.nil(mandate, period, "nič", "user-7", ledger=ledger)


def test_an_ended_delivery_is_reopened_for_parts_only_when_asked(ledger, mandate, period, tmp_path) -> None:
    first = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    to_published(ledger, first.id, tmp_path)
    with pytest.raises(StateError, match="delivery-in-progress"):
        api.begin_parts(mandate, period, "source:1", ledger=ledger)
    assert api.begin_parts(mandate, period, "source:1", reopen=True, ledger=ledger).sequence == 2


def test_planning_twice_creates_each_begun_period_once(ledger, mandate) -> None:
    created = api.plan(ledger=ledger)
    assert [one.period for one in created] == [first_of_month(back).strftime("%Y-%m") for back in (2, 1, 0)]
    head = api.audit_head(ledger=ledger)
    assert api.plan(ledger=ledger) == []
    assert api.audit_head(ledger=ledger) == head


def test_planning_at_the_same_moment_creates_each_period_once(ledger, mandate) -> None:
    barrier = threading.Barrier(6)

    def run(_: int) -> int:
        barrier.wait()
        return len(api.plan(ledger=ledger))

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(run, range(6))) == 3
    assert len(api.delivery_list(ledger=ledger)) == 3
    assert api.audit_verify(ledger=ledger) == []


def test_late_is_a_fact_of_the_databases_clock_and_can_still_be_received(ledger, mandate, sql) -> None:
    api.plan(ledger=ledger)
    oldest = first_of_month(2).strftime("%Y-%m")
    assert [(one["period"], one["organization_ids"]) for one in api.late(ledger=ledger)][:1] == [
        (oldest, ["org-lead", "org-b", "org-c"])
    ]
    sql("UPDATE cityharvest.delivery SET due_at = now() + interval '1 day'")
    assert api.late(ledger=ledger) == []
    sql("UPDATE cityharvest.delivery SET due_at = now() - interval '1 second' WHERE period_key = :key", key=oldest)
    assert [one["period"] for one in api.late(ledger=ledger)] == [oldest]
    got = api.receive(mandate, oldest, stream(), "user-7", ledger=ledger)
    assert (got.state, got.late) == (DeliveryState.RECEIVED, True)
    assert api.late(ledger=ledger) == []


def test_a_period_is_owed_until_usable_data_is_there_and_not_by_a_bad_correction(
    ledger, mandate, period, tmp_path, sql
) -> None:
    sql("UPDATE cityharvest.mandate SET due_days = 0")
    error = {"code": "contract-broken", "params": {}}

    def overdue() -> list[bool]:
        return [one.late for one in api.delivery_list(period=period, states=["rejected", "due"], ledger=ledger)]

    def reject(delivery_id: str) -> None:
        with ledger.transaction() as session:
            stages.move(session, delivery_id, DeliveryState.REJECTED, actor="process", error=error)

    reject(api.receive(mandate, period, stream(b"bad"), "user-7", ledger=ledger).id)
    assert (overdue(), [one["period"] for one in api.late(ledger=ledger)]) == ([True], [period])
    good = api.receive(mandate, period, stream(b"good"), "user-7", ledger=ledger)
    assert (overdue(), api.late(ledger=ledger)) == ([False], [])
    to_published(ledger, good.id, tmp_path)
    reject(api.receive(mandate, period, stream(b"bad correction"), "user-7", ledger=ledger).id)
    assert (overdue(), api.late(ledger=ledger)) == ([False], [])


def test_the_watchdog_tells_the_portal_once_of_each_late_delivery(ledger, mandate, sql) -> None:
    sql("UPDATE cityharvest.mandate SET due_days = 0")
    api.plan(ledger=ledger)
    overdue = len(api.late(ledger=ledger))
    assert overdue == 2
    assert sql("SELECT count(*) FROM cityharvest.event")[0][0] == overdue
    api.plan(ledger=ledger)
    assert sql("SELECT count(*) FROM cityharvest.event")[0][0] == overdue
