"""Rules: one worker at a time by the database's clock; a dead one is replaced; a killer of workers is held."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cityharvest import api
from cityharvest import ledger as stages
from cityharvest.errors import LeaseLost, StateError
from cityharvest.states import DeliveryState

from .conftest import first_of_month, mandate_spec, stream  # noqa: TID252 - one folder, one conftest

RECEIVED = [DeliveryState.RECEIVED]


@pytest.fixture
def delivery(ledger, mandate, period):
    return api.receive(mandate, period, stream(), "user-7", ledger=ledger)


def take(ledger, worker: str, states=RECEIVED):
    with ledger.transaction() as session:
        return stages.lease_delivery(session, states, worker=worker)


def test_a_leased_delivery_is_given_to_nobody_else(ledger, delivery) -> None:
    assert take(ledger, "one").id == delivery.id
    assert take(ledger, "two") is None


def test_of_many_workers_at_once_exactly_one_gets_it(ledger, delivery) -> None:
    barrier = threading.Barrier(8)

    def run(number: int) -> bool:
        barrier.wait()
        return take(ledger, f"worker-{number}") is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(run, range(8))) == 1


def test_an_expired_lease_is_taken_over_and_the_old_worker_can_change_nothing(ledger, delivery, sql) -> None:
    take(ledger, "dead")
    sql("UPDATE cityharvest.delivery SET lease_until = clock_timestamp() - interval '1 second'")
    assert take(ledger, "alive").lease_owner == "alive"
    with pytest.raises(LeaseLost), ledger.transaction() as session:
        stages.renew_lease(session, delivery.id, "dead")
    with pytest.raises(LeaseLost), ledger.transaction() as session:
        stages.move(session, delivery.id, DeliveryState.CHECKED, actor="process", lease_owner="dead")
    with ledger.transaction() as session:
        stages.drop_lease(session, delivery.id, "dead")
        stages.move(session, delivery.id, DeliveryState.CHECKED, actor="process", lease_owner="alive")
    assert api.delivery_show(delivery.id, ledger=ledger).lease_owner == "alive"


def test_a_heartbeat_keeps_the_lease(ledger, delivery, sql) -> None:
    take(ledger, "one")
    sql("UPDATE cityharvest.delivery SET lease_until = clock_timestamp() - interval '1 second'")
    with ledger.transaction() as session:
        stages.renew_lease(session, delivery.id, "one")
    assert take(ledger, "two") is None


def test_a_delivery_given_back_waits_until_its_time(ledger, delivery, sql) -> None:
    take(ledger, "one")
    with ledger.transaction() as session:
        stages.drop_lease(session, delivery.id, "one", retry_in_seconds=3600)
    assert take(ledger, "two") is None
    sql("UPDATE cityharvest.delivery SET retry_at = clock_timestamp()")
    assert take(ledger, "two").id == delivery.id


def test_a_delivery_whose_workers_die_three_times_is_held_and_the_others_go_on(ledger, mandate, delivery, sql) -> None:
    other = api.receive(mandate, first_of_month(0).strftime("%Y-%m"), stream(b"x"), "user-7", ledger=ledger)
    for number in range(3):
        assert take(ledger, f"victim-{number}").id == delivery.id
        sql(
            "UPDATE cityharvest.delivery SET lease_until = clock_timestamp() - interval '1 second' WHERE id = :id",
            id=delivery.id,
        )
    assert take(ledger, "survivor").id == other.id
    shown = api.delivery_show(delivery.id, ledger=ledger)
    assert (shown.state, shown.held_reason, shown.held_from) == (
        DeliveryState.HELD,
        "worker-died",
        DeliveryState.RECEIVED,
    )
    back = api.decide(delivery.id, "approve", "user-admin", "popravljeno", ledger=ledger)
    assert (back.state, back.failures) == (DeliveryState.RECEIVED, 0)


def test_a_source_is_leased_when_its_time_has_come(ledger, mandate, sql) -> None:
    source = api.source_create(mandate.id, "meter_drop", {"url": "https://example.org"}, "user-1", ledger=ledger)
    with ledger.transaction() as session:
        assert stages.lease_source(session, worker="one").id == source.id
        assert stages.lease_source(session, worker="two") is None
    with ledger.transaction() as session:
        stages.drop_source_lease(session, source.id, "two", memory={"etag": "wrong"})
        stages.drop_source_lease(session, source.id, "one", next_run_in_seconds=600, memory={"etag": "x"})
    with ledger.transaction() as session:
        assert stages.lease_source(session, worker="three") is None
        assert stages.lease_source(session, worker="three", source_id=source.id).memory == {"etag": "x"}
    sql("UPDATE cityharvest.source SET lease_until = clock_timestamp() - interval '1 second', next_run_at = now()")
    with ledger.transaction() as session:
        assert stages.lease_source(session, worker="four").id == source.id
    with pytest.raises(LeaseLost), ledger.transaction() as session:
        stages.renew_source_lease(session, source.id, "three")


def test_a_source_that_is_off_is_left_alone(ledger, mandate) -> None:
    source = api.source_create(mandate.id, "meter_drop", {}, "user-1", ledger=ledger)
    api.source_update(source.id, "user-1", enabled=False, ledger=ledger)
    with ledger.transaction() as session:
        assert stages.lease_source(session, worker="one") is None


@pytest.mark.parametrize("state", [DeliveryState.RELEASED, DeliveryState.PUBLISHED, DeliveryState.CLEARED])
def test_no_stage_can_jump_over_the_gate(ledger, delivery, state) -> None:
    with pytest.raises(StateError), ledger.transaction() as session:
        stages.move(session, delivery.id, state, actor="process")


def test_no_stage_can_decide_for_a_person(ledger, delivery) -> None:
    with ledger.transaction() as session:
        stages.move(session, delivery.id, DeliveryState.HELD, actor="process", held_reason="first-release")
    with pytest.raises(StateError), ledger.transaction() as session:
        stages.move(session, delivery.id, DeliveryState.RECEIVED, actor="process")


def test_holding_and_rejecting_need_a_reason(ledger, delivery) -> None:
    for state in (DeliveryState.HELD, DeliveryState.REJECTED):
        with pytest.raises(StateError), ledger.transaction() as session:
            stages.move(session, delivery.id, state, actor="process")


def test_a_mandate_is_chosen_by_name(ledger, delivery, mandate) -> None:
    api.mandate_create(mandate_spec(slug="drugo"), "user-1", ledger=ledger)
    with ledger.transaction() as session:
        assert stages.lease_delivery(session, RECEIVED, worker="one", mandate_id="drugo") is None
        assert stages.lease_delivery(session, RECEIVED, worker="one", mandate_id="poraba-vode").id == delivery.id
