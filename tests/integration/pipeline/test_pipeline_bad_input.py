"""Bad input: a clear code, nothing published, nothing lost, the previous release still served."""

from __future__ import annotations

import pytest
from pipeline_world import DAY, NEXT_DAY, SLUG, World, meter_file

from cityharvest import messages


def publish_first(world: World) -> None:
    delivery = world.send()
    world.process()
    world.approve(delivery.id)
    world.process()
    assert world.publish() == 0


BAD = {
    "wrong columns": b"a;b;c\n1;2;3\n",
    "html page with status 200": b"<!DOCTYPE html><html><body>Error</body></html>\n",
    "one bad row": meter_file(NEXT_DAY).replace(b";1,5\n", b";abc\n", 1),
    "negative use": meter_file(NEXT_DAY).replace(b";1,5\n", b";-1,5\n", 1),
    "undeclared identifier": meter_file(NEXT_DAY, extra="kontakt"),
    "another day": meter_file(DAY),
    "unknown zone": meter_file(NEXT_DAY).replace(b";Rob;", b";Drugje;", 1),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_file_is_rejected_with_a_sentence_in_both_languages(world: World, name: str) -> None:
    publish_first(world)
    before = world.portal.snapshot()
    delivery = world.send(BAD[name], period=NEXT_DAY)
    assert world.process() == 1
    rejected = world.show(delivery.id)
    assert rejected.state == "rejected"
    assert rejected.findings
    assert rejected.error is not None
    for one in (rejected.error["code"], *(finding["code"] for finding in rejected.findings)):
        for language in ("sl", "en"):
            assert messages.text(one, rejected.error["params"], language) != messages.text(
                "unknown-code", {"code": one}, language
            )
    world.publish()
    assert world.portal.snapshot() == before


def test_findings_never_repeat_a_cell(world: World) -> None:
    delivery = world.send(BAD["undeclared identifier"], period=NEXT_DAY)
    world.process()
    assert "ana.novak" not in str(world.show(delivery.id).as_dict())


def test_a_rejected_delivery_can_be_sent_again(world: World) -> None:
    bad = world.send(BAD["one bad row"], period=NEXT_DAY)
    world.process()
    good = world.send(period=NEXT_DAY)
    assert good.sequence == 2
    world.process()
    assert world.show(good.id).held_reason == "first-release"
    assert world.show(bad.id).state == "rejected"


def test_rows_without_enough_units_anywhere_are_held_for_a_person(world: World) -> None:
    delivery = world.send(meter_file(center=5, rob=3))
    assert world.process() == 1
    held = world.show(delivery.id)
    assert (held.state, held.held_reason) == ("held", "disclosure")
    assert held.held_detail["code"] == "nothing-to-publish"


@pytest.mark.parametrize("fault", ["500", "503", "solr", "drop"])
def test_a_portal_that_is_down_costs_a_retry_and_nothing_else(world: World, fault: str) -> None:
    delivery = world.send()
    world.process()
    world.approve(delivery.id)
    world.process()
    world.portal.fault = fault
    assert world.publish() == 75
    waiting = world.show(delivery.id)
    assert waiting.state == "released"
    assert waiting.attempts[-1].error_code is not None
    world.portal.fault = None
    world.expire_leases()
    assert world.publish() == 0
    assert world.show(delivery.id).state == "published"


def test_a_portal_that_refuses_holds_the_release_and_approval_tries_again(world: World) -> None:
    delivery = world.send()
    world.process()
    world.approve(delivery.id)
    world.process()
    world.portal.faults["package_create"] = "forbidden"
    assert world.publish() == 1
    held = world.show(delivery.id)
    assert (held.state, held.held_from, held.held_reason) == ("held", "released", "publish-refused")
    assert held.held_detail["code"] == "portal-forbidden"
    world.portal.faults.clear()
    world.approve(delivery.id)
    assert world.publish() == 0
    assert world.portal.packages[SLUG]["private"] is False
