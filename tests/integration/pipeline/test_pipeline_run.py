"""``cityharvest run`` and its neighbors, with a source that serves files over HTTP on loopback."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest
from pipeline_world import DAY, NEXT_DAY, SLUG, World, meter_file
from sqlalchemy import text
from way_site import Site

from cityharvest import api
from cityharvest.points import Point


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def source(world: World, site: Site) -> api.Source:
    world.environ["CITYHARVEST_ALLOWED_PRIVATE"] = site.host_port
    config = {"url": f"{site.url}/{{period}}.csv", "checksum_url": f"{site.url}/{{period}}.csv.sha256"}
    return api.source_create(SLUG, "meter_drop", config, "officer-1", ledger=world.ledger)


def serve(site: Site, day: str, body: bytes | None = None) -> None:
    site.put_file(f"/{day}.csv", body or meter_file(day))


def of_period(world: World, period: str) -> api.Delivery:
    found = api.delivery_list([SLUG], period=period, ledger=world.ledger)
    return world.show(max(found, key=lambda one: one.sequence).id)


def test_run_due_brings_a_file_all_the_way(world: World, site: Site, source: api.Source) -> None:
    world.approve_mandate()
    serve(site, DAY)
    done = world.run("run", "--due", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert [one["stage"] for one in summary["stages"]] == ["fetch", "process", "publish"]
    assert summary["audit_head"]["seq"] > 0
    assert of_period(world, DAY).state == "published"
    assert of_period(world, NEXT_DAY).state == "due"
    assert api.audit_verify(ledger=world.ledger) == []
    assert source.id in {one["source"] for one in summary["stages"][0]["items"]}


def test_running_twice_changes_nothing(world: World, site: Site, source: api.Source) -> None:
    world.approve_mandate()
    serve(site, DAY)
    world.run("run", source.id)
    before, head = world.portal.visible(), api.audit_head(ledger=world.ledger)
    again = world.run("run", source.id, "--json")
    assert again.returncode == 0, again.stderr
    assert world.portal.visible() == before
    assert api.audit_head(ledger=world.ledger) == head


def test_a_replaced_file_of_a_published_day_waits_as_a_correction(world: World, site: Site, source: api.Source) -> None:
    world.approve_mandate()
    serve(site, DAY)
    world.run("run", source.id)
    serve(site, DAY, meter_file(usage="2,5"))
    assert world.run("run", SLUG).returncode == 1
    latest = of_period(world, DAY)
    assert (latest.sequence, latest.held_reason) == (2, "correction")


def test_a_checksum_that_does_not_fit_leaves_the_period_owed(world: World, site: Site, source: api.Source) -> None:
    site.put_file(f"/{DAY}.csv", meter_file(DAY), checksum="0" * 64)
    api.plan(ledger=world.ledger)
    done = world.run("fetch", "--source", source.id, "--json")
    assert done.returncode == 1, done.stderr
    owed = of_period(world, DAY)
    assert owed.state == "due"
    assert owed.attempts[-1].error_code == "checksum-mismatch"


def test_an_address_that_is_not_excepted_is_refused(world: World, site: Site, source: api.Source) -> None:
    world.environ["CITYHARVEST_ALLOWED_PRIVATE"] = ""
    serve(site, DAY)
    api.plan(ledger=world.ledger)
    assert world.run("fetch", "--source", source.id).returncode == 1
    assert of_period(world, DAY).attempts[-1].error_code == "address-private"
    assert site.asked == []


@pytest.mark.parametrize("point", [Point.FETCH_LEASED, Point.FETCHED])
def test_killed_while_fetching(world: World, site: Site, source: api.Source, point: Point) -> None:
    world.approve_mandate()
    serve(site, DAY)
    api.plan(ledger=world.ledger)
    assert world.run("fetch", kill_at=point).returncode == -9
    world.expire_leases()
    done = world.run("run", source.id)
    assert done.returncode == 0, done.stderr
    found = api.delivery_list([SLUG], period=DAY, ledger=world.ledger)
    assert [(one.sequence, one.state) for one in found] == [(1, "published")]
    assert len(world.show(found[0].id).parts) == 1


def test_a_dry_run_says_what_would_happen_and_writes_nothing(world: World, site: Site, source: api.Source) -> None:
    serve(site, DAY)
    head = api.audit_head(ledger=world.ledger)
    done = world.run("dry-run", SLUG, "--period", DAY, "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert (shown["passes"], shown["rows"], shown["cells"]) == (True, 84, 4)
    assert api.audit_head(ledger=world.ledger) == head
    assert api.delivery_list(ledger=world.ledger) == []
    assert not (world.folder / "storage").exists() or not list((world.folder / "storage").rglob("*.age"))
    assert list((world.folder / "work").iterdir()) == []


def test_a_dry_run_of_a_bad_file_names_row_and_rule(world: World, site: Site, source: api.Source) -> None:
    serve(site, DAY, meter_file().replace(b";1,5\n", b";abc\n", 1))
    done = world.run("dry-run", SLUG, "--period", DAY, "--json")
    assert done.returncode == 1, done.stderr
    [finding] = json.loads(done.stdout)["findings"]
    assert (finding["code"], finding["row"], finding["column"]) == ("value-invalid", 2, "usage_kwh")
    assert "abc" not in done.stdout


def test_a_dry_run_with_a_limit_looks_at_the_first_rows(world: World, site: Site, source: api.Source) -> None:
    serve(site, DAY)
    done = world.run("dry-run", SLUG, "--period", DAY, "--limit", "42", "--json")
    assert json.loads(done.stdout)["rows"] == 42


def test_sigterm_lets_the_work_end(world: World) -> None:
    world.approve_mandate()
    delivery = world.send()
    child = world.start("process")
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) in (0, -signal.SIGTERM)
    world.expire_leases()
    world.process()
    assert world.show(delivery.id).state == "released"


def test_wrong_calls_end_with_2(world: World) -> None:
    assert world.run("run").returncode == 2
    assert world.run("run", "nobody").returncode == 2
    world.environ["CITYHARVEST_WORK"] = ""
    world.send()
    assert world.run("process").returncode == 2


def test_status_tells_what_is_open(world: World) -> None:
    delivery = world.send()
    world.process()
    shown = world.result("status")
    assert shown["schema_ok"] is True
    assert shown["states"] == {"held": 1}
    assert [one["id"] for one in shown["open"]] == [delivery.id]
    words = world.run("status").stdout
    assert "waits for the data protection officer" in words


def test_an_older_schema_ends_with_2(world: World) -> None:
    with world.ledger.database.engine.begin() as connection:
        connection.execute(text("UPDATE cityharvest.alembic_version SET version_num = '0000'"))
    assert world.run("run", "--due").returncode == 2
    assert world.run("status").returncode == 2
