"""Rule: whatever runs at the same moment, nothing waits for ever, and in the end the ledger agrees with itself."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cityharvest import api
from cityharvest import ledger as stages
from cityharvest.errors import HarvestError, LeaseLost, ReceiveRefused, StateError
from cityharvest.ledger import attempts
from cityharvest.states import DeliveryState

from .conftest import (  # noqa: TID252 - one folder, one conftest
    first_of_month,
    mandate_spec,
    stored_files,
    stream,
)

EXPECTED = (StateError, LeaseLost, ReceiveRefused)
NEXT = {DeliveryState.RECEIVED: DeliveryState.CHECKED, DeliveryState.CHECKED: DeliveryState.CLEARED}


def a_step(ledger: Any, dice: random.Random, worker: str) -> None:
    slug, key = dice.choice(("one", "two")), first_of_month(dice.randint(0, 2)).strftime("%Y-%m")
    match dice.randint(0, 5):
        case 0:
            api.plan(ledger=ledger)
        case 1:
            api.receive(slug, key, stream(b"%d" % dice.randint(0, 3)), worker, ledger=ledger)
        case 2:
            api.nil(slug, key, "nič", worker, ledger=ledger)
        case 3:
            stages.purge_due(ledger)
        case 4:
            api.delivery_list(ledger=ledger)
        case _:
            work(ledger, dice, worker)


def work(ledger: Any, dice: random.Random, worker: str) -> None:
    with ledger.transaction() as session:
        leased = stages.lease_delivery(session, list(NEXT), worker=worker)
    if leased is None:
        return
    with ledger.transaction() as session:
        if dice.random() < 0.5:
            error = {"code": "contract-broken", "params": {}}
            stages.move(session, leased.id, DeliveryState.REJECTED, actor="process", error=error, lease_owner=worker)
        else:
            stages.move(session, leased.id, NEXT[leased.state], actor="process", lease_owner=worker)
        stages.drop_lease(session, leased.id, worker)


def test_everything_at_once_ends_in_a_ledger_that_agrees_with_itself(ledger, settings, sql) -> None:
    for slug in ("one", "two"):
        api.mandate_create(mandate_spec(slug=slug, raw_retention_days=1), "user-1", ledger=ledger)

    def run(number: int) -> list[str]:
        dice, unexpected = random.Random(number), []
        for _ in range(25):
            try:
                a_step(ledger, dice, f"worker-{number}")
            except EXPECTED:
                continue
            except HarvestError as error:
                unexpected.append(str(error))
        return unexpected

    with ThreadPoolExecutor(6) as pool:
        assert [problem for problems in pool.map(run, range(6)) for problem in problems] == []
    assert api.audit_verify(ledger=ledger) == []
    rows = api.delivery_list(ledger=ledger)
    assert len({(one.mandate_id, one.period, one.sequence) for one in rows}) == len(rows)
    for one in rows:
        last = api.delivery_show(one.id, ledger=ledger).history[-1]
        assert last.detail["to"] == one.state
    attempts.sweep(ledger, older_than_seconds=0)
    named = {name for (name,) in sql("SELECT object_name FROM cityharvest.part WHERE purged_at IS NULL")}
    root = len(str(settings.storage).removeprefix("file://")) + 1
    assert {str(path)[root:] for path in stored_files(settings)} == named
