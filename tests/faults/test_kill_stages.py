"""Killed at every named point and run again: the same final state, nothing doubled, nothing left over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_portal import FakePortal
from pipeline_world import DAY, World, build, database_url, meter_file
from sqlalchemy import text

from cityharvest import api
from cityharvest.points import Point

PROCESS = [
    Point.PROCESS_LEASED,
    Point.UNSEALED,
    Point.CHECKED,
    Point.PROTECTED,
    Point.GATED,
    Point.CLEARED,
    Point.RELEASE_WRITTEN,
    Point.RELEASED,
]
PUBLISH = [
    Point.PUBLISH_LEASED,
    Point.DATASET_READY,
    Point.FILE_UPLOADED,
    Point.TABLE_CREATED,
    Point.TABLE_CHUNK,
    Point.TABLE_LOADED,
    Point.DATASET_PATCHED,
    Point.PUBLISHED,
    Point.EVENT_SENT,
]
REPLACE = [Point.TABLE_DROPPED, Point.FILE_CLEARED, Point.RESOURCE_DELETED]
RETRACT = [Point.WITHDRAWN, *REPLACE]
KILLED = -9


def publish_one(world: World) -> str:
    world.approve_mandate()
    delivery = world.send()
    world.process()
    world.publish()
    return delivery.id


def correct(world: World) -> str:
    """Send a safe correction and bring it to ``released``."""
    publish_one(world)
    second = world.send(meter_file(usage="2,5"))
    world.process()
    world.approve(second.id)
    world.process()
    return second.id


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What readers see after the same way without any kill."""
    database_url()
    found: dict[str, object] = {}
    ways: dict[str, Callable[[World], str]] = {"one": publish_one, "corrected": correct}
    for name, way in ways.items():
        with FakePortal() as portal:
            world = build(tmp_path_factory.mktemp(name), portal)
            way(world)
            world.publish()
            found[name] = portal.visible()
            world.ledger.database.dispose()
    return found


def expect_consistent(world: World, delivery_id: str) -> None:
    """The invariants after any fault: one release, an intact audit chain, no plaintext, no stray object."""
    assert api.audit_verify(ledger=world.ledger) == []
    assert list((world.folder / "work").glob("work-*")) == []
    with world.ledger.database.engine.begin() as connection:
        releases = connection.execute(
            text("SELECT count(*) FROM cityharvest.release WHERE delivery_id = :id"), {"id": delivery_id}
        ).scalar_one()
        leased = connection.execute(
            text("SELECT count(*) FROM cityharvest.delivery WHERE lease_owner IS NOT NULL")
        ).scalar_one()
    assert (releases, leased) == (1, 0)


@pytest.mark.parametrize("point", PROCESS)
def test_killed_while_processing(world: World, undisturbed: dict[str, object], point: Point) -> None:
    world.approve_mandate()
    delivery = world.send()
    assert world.run("process", kill_at=point).returncode == KILLED
    world.expire_leases()
    world.process()
    world.publish()
    assert world.show(delivery.id).state == "published"
    assert world.portal.visible() == undisturbed["one"]
    expect_consistent(world, delivery.id)


@pytest.mark.parametrize("point", PUBLISH)
def test_killed_while_publishing(world: World, undisturbed: dict[str, object], point: Point) -> None:
    world.approve_mandate()
    delivery = world.send()
    world.process()
    assert world.run("publish", kill_at=point).returncode == KILLED
    world.expire_leases()
    world.publish()
    assert world.show(delivery.id).state == "published"
    assert world.portal.visible() == undisturbed["one"]
    expect_consistent(world, delivery.id)


@pytest.mark.parametrize("point", REPLACE)
def test_killed_while_a_correction_replaces_the_first_release(
    world: World, undisturbed: dict[str, object], point: Point
) -> None:
    second = correct(world)
    assert world.run("publish", kill_at=point).returncode == KILLED
    world.expire_leases()
    world.publish()
    assert world.show(second).state == "published"
    assert world.portal.visible() == undisturbed["corrected"]
    expect_consistent(world, second)


@pytest.mark.parametrize("point", RETRACT)
def test_killed_while_retracting(world: World, point: Point) -> None:
    delivery_id = publish_one(world)
    release = world.show(delivery_id).release
    assert release is not None
    assert world.run("retract", release.id, "--reason", "test", kill_at=point).returncode == KILLED
    assert world.run("retract", release.id, "--reason", "test").returncode == 0
    assert world.show(delivery_id).state == "withdrawn"
    assert (world.portal.files, world.portal.tables) == ({}, {})
    [package] = world.portal.packages.values()
    assert package["resources"] == []
    expect_consistent(world, delivery_id)


def test_a_kill_leaves_plaintext_only_until_the_next_start(world: World) -> None:
    world.approve_mandate()
    world.send()
    world.run("process", kill_at=Point.UNSEALED)
    work = world.folder / "work"
    [left] = work.glob("work-*")
    assert left.stat().st_mode & 0o077 == 0
    world.run("process")
    assert list(work.glob("work-*")) == []


def test_work_whose_worker_died_three_times_is_parked_for_a_person(world: World) -> None:
    delivery = world.send()
    for _ in range(3):
        world.run("process", kill_at=Point.PROCESS_LEASED)
        world.expire_leases()
    world.process()
    held = world.show(delivery.id)
    assert (held.state, held.held_reason) == ("held", "worker-died")


def test_two_workers_at_once_do_each_delivery_once(world: World, tmp_path: Path) -> None:
    world.approve_mandate()
    deliveries = [world.send(period=day) for day in (DAY, "2026-11-02", "2026-11-03")]
    first, second = world.start("process"), world.start("process")
    assert {first.wait(120), second.wait(120)} == {0}
    assert [world.show(one.id).state for one in deliveries] == ["released"] * 3
    for one in deliveries:
        attempts = [attempt for attempt in world.show(one.id).attempts if attempt.stage == "process"]
        assert len(attempts) == 1
