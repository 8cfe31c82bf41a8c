"""One delivery all the way: received, processed, approved, published, corrected, withdrawn. Every stage a process."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pipeline_world import NEXT_DAY, SLUG, World, meter_file

from cityharvest import api
from cityharvest.errors import StateError
from cityharvest.publisher import resource_id


def first_published(world: World) -> api.Delivery:
    """The way up to the first published release, with its approval."""
    delivery = world.send()
    assert world.process() == 1
    world.approve(delivery.id)
    assert world.process() == 0
    assert world.publish() == 0
    return world.show(delivery.id)


def test_the_first_release_waits_for_a_person_and_is_published_after_approval(world: World) -> None:
    delivery = world.send()
    done = world.run("process")
    assert done.returncode == 1, done.stderr
    held = world.show(delivery.id)
    assert (held.state, held.held_reason, held.held_from) == ("held", "first-release", "cleared"), done.stderr
    assert held.held_detail["achieved_min"] == 12
    world.approve(delivery.id)
    released = world.run("process")
    assert released.returncode == 0, released.stderr
    published = world.run("publish")
    assert published.returncode == 0, published.stderr
    assert world.show(delivery.id).state == "published"
    assert world.portal.packages[SLUG]["private"] is False


def test_a_zone_with_nine_meters_is_absent_and_one_with_twelve_is_there(world: World) -> None:
    delivery = first_published(world)
    assert delivery.release is not None
    body = world.portal.files[resource_id(delivery.release.id, "data.parquet")]
    table = pq.read_table(io.BytesIO(body))
    assert set(table.column("zone").to_pylist()) == {"Center"}
    assert set(table.column("units").to_pylist()) == {12}
    assert table.num_rows == 4


def test_nothing_the_portal_got_names_a_meter(world: World) -> None:
    delivery = first_published(world)
    shown = json.dumps(world.portal.packages) + json.dumps(world.portal.tables)
    files = b"".join(world.portal.files.values())
    assert b"m000" not in files + shown.encode()
    assert str(delivery.sha256) not in shown + files.decode("latin-1")


def test_the_proof_carries_the_head_of_the_audit_chain_and_the_chain_holds(world: World) -> None:
    delivery = first_published(world)
    assert delivery.release is not None
    head = delivery.release.proof["audit_head"]
    assert head["seq"] > 0
    done = world.run("audit", "verify", "--head", f"{head['seq']}:{head['hash']}")
    assert done.returncode == 0, done.stdout


def test_a_release_verifies_and_a_changed_cell_does_not(world: World, tmp_path: Path) -> None:
    delivery = first_published(world)
    assert delivery.release is not None
    assert world.run("verify", delivery.release.id).returncode == 0
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in delivery.release.files:
        with api.release_file(delivery.release.id, file.name, ledger=world.ledger) as source:
            (folder / file.name).write_bytes(source.read())
    assert world.run("verify", str(folder)).returncode == 0
    csv = folder / "data.csv"
    csv.write_text(csv.read_text().replace(",12,", ",13,", 1))
    assert world.run("verify", str(folder)).returncode == 1


def test_after_the_first_approval_a_later_period_needs_none(world: World) -> None:
    first_published(world)
    later = world.send(period=NEXT_DAY)
    assert world.process() == 0
    assert world.publish() == 0
    assert world.show(later.id).state == "published"


def test_a_safe_correction_waits_and_replaces_the_first_release_once_approved(world: World) -> None:
    first = first_published(world)
    second = world.send(meter_file(usage="2,5"))
    assert world.process() == 1
    held = world.show(second.id)
    assert (held.state, held.held_reason) == ("held", "correction")
    assert held.held_detail["safe_correction"] is True
    assert first.release is not None
    assert resource_id(first.release.id, "data.csv") in world.portal.tables
    world.approve(second.id)
    assert world.process() == 0
    assert world.publish() == 0
    assert world.show(first.id).state == "superseded"
    assert len(world.portal.resources(SLUG)) == 4
    assert resource_id(first.release.id, "data.csv") not in world.portal.tables


def test_a_correction_that_would_expose_one_meter_cannot_be_approved(world: World) -> None:
    first = first_published(world)
    content = meter_file().replace(b"m000;Center;2026-11-01 00:00;1,5", b"m000;Center;2026-11-01 00:00;9,5")
    second = world.send(content)
    world.process()
    held = world.show(second.id)
    assert (held.held_reason, held.held_detail["safe_correction"]) == ("correction", False)
    assert held.held_detail["reason"] == "too-few-units-changed"
    with pytest.raises(StateError) as caught:
        world.approve(second.id)
    assert caught.value.code == "correction-unsafe"
    assert world.show(first.id).state == "published"


def test_retract_takes_everything_away_and_keeps_a_tombstone(world: World) -> None:
    delivery = first_published(world)
    assert delivery.release is not None
    done = world.run("retract", delivery.release.id, "--reason", "error in the source", "--json")
    assert done.returncode == 0, done.stderr
    assert (world.portal.files, world.portal.tables, world.portal.resources(SLUG)) == ({}, {}, [])
    assert "error in the source" not in json.dumps(world.portal.packages)
    assert world.show(delivery.id).state == "withdrawn"
    assert not list((world.folder / "storage" / "releases").rglob("data.*"))
    again = world.run("retract", delivery.release.id, "--reason", "error in the source")
    assert again.returncode == 0, again.stderr


def test_events_reach_the_portal_once(world: World) -> None:
    first_published(world)
    assert set(world.portal.reassessed[-1]) == {"city-1", "city-2"}
    told = len(world.portal.reassessed)
    assert world.publish() == 0
    assert len(world.portal.reassessed) == told


def test_no_plaintext_and_no_work_folder_is_left(world: World) -> None:
    first_published(world)
    assert list((world.folder / "work").iterdir()) == []
    stored = b"".join(path.read_bytes() for path in (world.folder / "storage").rglob("*") if path.is_file())
    assert b"m000;Center" not in stored
