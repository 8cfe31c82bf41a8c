"""Disclosure control on the way: every release is signed and counted again, and nothing unproven is served."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_portal import FakePortal
from pipeline_world import COMPANY, DAY, World, build, mandate_spec, meter_file
from sqlalchemy import text

from cityharvest import api
from cityharvest import ledger as books
from cityharvest.errors import MandateInvalid
from cityharvest.ledger import reports
from disclosure.commitment import Opening
from disclosure.signing import load_public_keys, new_key, signed_by_any


def released(world: World, content: bytes | None = None) -> api.Delivery:
    sent = world.send(content)
    world.process()
    assert world.show(sent.id).state == "released", world.show(sent.id).held_detail
    return world.show(sent.id)


def stored(world: World, delivery: api.Delivery, name: str) -> Path:
    assert delivery.release is not None
    file = next(one for one in delivery.release.files if one.name == name)
    return world.folder / "storage" / file.object_name


def public_keys(world: World):
    return load_public_keys(Path(world.environ["CITYHARVEST_PUBLIC_KEY_FILE"]))


@pytest.fixture
def portal() -> Iterator[FakePortal]:
    with FakePortal() as made:
        yield made


@pytest.fixture
def world(tmp_path, portal) -> World:
    made = build(tmp_path, portal)
    made.approve_mandate()
    return made


def test_a_release_carries_a_proof_signed_by_the_pipeline_with_its_policy_and_attacks(world: World) -> None:
    proof = json.loads(stored(world, released(world), "proof.json").read_text(encoding="utf-8"))
    assert signed_by_any(proof, public_keys(world))
    assert proof["policy"]["name"] == "threshold"
    assert proof["gate"]["recount"] == "independent-recount-passed"
    assert {"p-percent", "dominance"} <= set(proof["rules"])


@pytest.mark.parametrize("name", ["data.csv", "data.parquet", "proof.json", "schema.json"])
def test_a_release_whose_stored_file_was_changed_is_not_served(world: World, name: str) -> None:
    delivery = released(world)
    path = stored(world, delivery, name)
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content.replace(b"1", b"7", 1) if b"1" in content else content[:-1])
    assert world.publish() == 1
    held = world.show(delivery.id)
    assert (held.state, held.held_reason) == ("held", "publish-refused")
    assert held.held_detail["code"] == "release-unproven"
    assert world.portal.packages == {} or not any(one.get("resources") for one in world.portal.packages.values())


def test_a_release_signed_by_another_key_is_not_served(world: World) -> None:
    delivery = released(world)
    Path(world.environ["CITYHARVEST_PUBLIC_KEY_FILE"]).write_bytes(new_key().public_key().to_pem())
    assert world.publish() == 1
    held = world.show(delivery.id)
    assert held.held_detail["params"]["claims"] == ["signature"]


@pytest.mark.parametrize("setting", ["CITYHARVEST_SIGNING_KEY_FILE", "CITYHARVEST_DISCLOSURE_FILE"])
def test_a_secret_file_that_others_may_read_ends_the_run_and_holds_nothing(world: World, setting: str) -> None:
    sent = world.send()
    Path(world.environ[setting]).chmod(0o644)
    done = world.run("process")
    assert done.returncode == 2
    assert setting in done.stdout + done.stderr
    assert world.show(sent.id).state == "received"


def test_the_officers_report_is_kept_before_anybody_decides_and_its_secret_is_sealed(tmp_path, portal) -> None:
    world = build(tmp_path, portal)
    sent = world.send()
    world.process()
    assert world.show(sent.id).state == "held"
    report = api.disclosure_report(sent.id, ledger=world.ledger)
    assert report["done"]["preset"] == "house-personal"
    assert report["lost"]["achieved_min"] == 12
    with world.ledger.transaction() as session:
        sealed = session.execute(text("SELECT opening FROM cityharvest.disclosure_report")).scalar_one()
    assert b"p_percent" not in bytes(sealed)
    html = api.disclosure_report_html(sent.id, "sl", ledger=world.ledger)
    assert "<table" in html


def test_what_opens_the_commitment_can_be_shown_by_the_pipeline_only(world: World) -> None:
    delivery = released(world)
    assert delivery.release is not None
    identity = Path(world.environ["CITYHARVEST_IDENTITY_FILE"])
    opening = Opening.from_mapping(reports.opening(world.ledger, delivery.id, identity) or {})
    assert opening.opens(delivery.release.proof["commitment"]["value"])
    assert opening.parameters["p_percent"] == 10


def business(**changes: Any) -> dict[str, Any]:
    spec = mandate_spec()
    return {"preset_id": "house-business", "product": {**spec["product"], **changes}}


def test_business_data_are_released_under_the_secret_rules_of_the_house(tmp_path, portal) -> None:
    world = build(tmp_path, portal, **business())
    world.approve_mandate()
    proof = released(world, meter_file(center=5, rob=4)).release.proof
    assert proof["preset"]["parameters"] == {"max_share_percent": 85, "min_units": 3, "zero_is_small": True}
    assert "concentration-in-cells" not in proof["not_claimed"]


def test_without_the_secret_rules_business_data_are_held(tmp_path, portal) -> None:
    world = build(tmp_path, portal, **business())
    world.approve_mandate()
    Path(world.environ["CITYHARVEST_DISCLOSURE_FILE"]).write_text("prior_percent: 10\n", encoding="ascii")
    sent = world.send(meter_file(center=5, rob=4))
    world.process()
    held = world.show(sent.id)
    assert (held.held_reason, held.held_detail["code"]) == ("disclosure", "site-rule-missing")


def test_a_policy_of_the_mandate_makes_the_release(tmp_path, portal) -> None:
    wanted = {"policy": {"name": "cell-key", "parameters": {}}}
    world = build(tmp_path, portal, product={**mandate_spec()["product"], "disclosure": wanted})
    world.approve_mandate()
    # A cell key shows a cell only where the noisy count exceeds the floor by the largest deviation.
    proof = released(world, meter_file(center=40)).release.proof
    assert (proof["policy"]["name"], proof["totals"]) == ("cell-key", "not-additive")
    assert world.publish() == 0


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"policy": {"name": "dp", "parameters": {}}}, "policy-unknown"),
        ({"policy": {"name": "threshold", "parameters": {"floor": 1}}}, "policy-parameters-invalid"),
        ({"policies": []}, "field-unknown"),
        ({"contributor": "holding"}, "disclosure-column-unknown"),
        ({"quasi": "age"}, "field-type"),
    ],
)
def test_a_mandate_with_a_protection_that_does_not_exist_is_refused(tmp_path, portal, wanted, code) -> None:
    with pytest.raises(MandateInvalid) as caught:
        build(tmp_path, portal, product={**mandate_spec()["product"], "disclosure": wanted})
    assert {one["code"] for one in caught.value.problems} == {code}


def test_a_mandate_under_a_preset_for_reference_is_refused(tmp_path, portal) -> None:
    with pytest.raises(MandateInvalid) as caught:
        build(tmp_path, portal, preset_id="mds-reports")
    assert {one["code"] for one in caught.value.problems} == {"preset-releases-nothing"}


def linked(world: World, subject: str) -> str:
    """A second mandate of the company on the same meters, by other zones."""
    spec = mandate_spec(slug="poraba-drugace", company_organization_id=COMPANY)
    spec["product"] = {**spec["product"], "disclosure": {"subject": subject}}
    for field in spec["contract"]["fields"]:
        if field["name"] == "zone":
            field["constraints"] = {"enum": ["Dolina"]}
    mandate = api.mandate_create(spec, "officer-1", ledger=world.ledger)
    world.approve_mandate()
    return mandate.id


@pytest.mark.parametrize(("subject", "state"), [("poraba", "held"), ("", "released")])
def test_a_table_that_would_reveal_somebody_beside_an_earlier_one_of_the_same_people_is_held(
    world: World, subject: str, state: str
) -> None:
    released(world)
    assert world.publish() == 0
    mandate_id = linked(world, subject)
    # All 13 meters of both zones in one: less the 12 of the published zone, one meter is left.
    content = meter_file(center=12, rob=1).replace(b"Center", b"Dolina").replace(b"Rob", b"Dolina")
    sent = api.receive(mandate_id, DAY, io.BytesIO(content), "user-1", ledger=world.ledger)
    world.process()
    found = world.show(sent.id)
    assert found.state == state
    if state == "held":
        assert found.held_detail["code"] == "difference-rests-on-few-units"


def test_a_withdrawn_table_still_counts_since_whoever_kept_it_can_subtract_it(world: World) -> None:
    delivery = released(world)
    assert delivery.release is not None
    assert world.publish() == 0
    mandate_id = linked(world, "poraba")
    with world.ledger.transaction() as session:
        books.mark_withdrawn(session, delivery.release.id, "napaka", actor="officer-1")
    books.remove_withdrawn_files(world.ledger, delivery.release.id)
    content = meter_file(center=12, rob=1).replace(b"Center", b"Dolina").replace(b"Rob", b"Dolina")
    sent = api.receive(mandate_id, DAY, io.BytesIO(content), "user-1", ledger=world.ledger)
    world.process()
    held = world.show(sent.id)
    assert (held.state, held.held_detail["code"]) == ("held", "difference-rests-on-few-units")
