"""Releases into the portal and out of it: idempotent, complete before they are seen, nobody else's dataset touched."""

from __future__ import annotations

from datetime import date

import pytest
from fake_portal import FakePortal
from release_values import StoredFiles, job, mandate, release, withdrawn

from cityharvest.errors import PublishRefused, PublishTemporary
from cityharvest.publisher import ActionApi, WithdrawJob, Withdrawn, publish, resource_id, withdraw

SLUG = "poraba-elektrike"


def test_a_release_becomes_a_public_dataset_with_four_files_and_a_table(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    one = release(files, "r1", "2026-10")
    published = publish(action_api, job(one), files.open)
    dataset = portal.packages[SLUG]
    assert dataset["private"] is False
    assert (dataset["release_id"], dataset["mandate_id"], dataset["data_kind"]) == (
        "r1",
        "mandate-1",
        "public-interest",
    )
    assert dataset["covered_organizations"] == ["city-1", "city-2"]
    assert [one["format"] for one in portal.resources(SLUG)] == ["CSV", "Parquet", "JSON", "JSON"]
    assert published.resource_ids == tuple(one["id"] for one in portal.resources(SLUG))
    assert len(portal.tables[resource_id("r1", "data.csv")]["rows"]) == 25
    assert portal.files[resource_id("r1", "data.parquet")] == files.content["r1", "data.parquet"]


def test_the_table_is_typed_and_its_cells_have_a_key(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    publish(action_api, job(release(files, "r1", "2026-10")), files.open)
    table = portal.tables[resource_id("r1", "data.csv")]
    assert {one["id"]: one["type"] for one in table["fields"]} == {
        "zone": "text",
        "period_start": "timestamp",
        "units": "int8",
        "usage_kwh": "numeric",
    }
    assert table["primary_key"] == ["zone", "period_start"]
    first = table["rows"][0]
    assert first == {"zone": "Naselje 0", "period_start": "2026-10-01T00:00:00", "units": 10, "usage_kwh": "0.5"}


def test_publishing_twice_changes_nothing_and_uploads_nothing(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    one = release(files, "r1", "2026-10")
    publish(action_api, job(one), files.open)
    before = portal.snapshot()
    portal.calls.clear()
    publish(action_api, job(one), files.open)
    assert portal.snapshot() == before
    assert not {"resource_create", "datastore_create", "datastore_upsert"} & set(portal.calls)


def test_a_half_loaded_table_is_loaded_again_as_a_whole(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    one = release(files, "r1", "2026-10")
    publish(action_api, job(one), files.open)
    whole = portal.snapshot()
    del portal.tables[resource_id("r1", "data.csv")]["rows"][7:]
    publish(action_api, job(one), files.open)
    assert portal.snapshot() == whole


def test_a_new_dataset_is_not_public_before_its_first_release_is_complete(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    portal.faults["datastore_upsert"] = "500"
    with pytest.raises(PublishTemporary):
        publish(action_api, job(release(files, "r1", "2026-10")), files.open)
    assert portal.packages[SLUG]["private"] is True
    assert "release_id" not in portal.packages[SLUG]


def test_a_later_period_stands_beside_the_earlier_one(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    publish(action_api, job(release(files, "r1", "2026-10")), files.open)
    publish(action_api, job(release(files, "r2", "2026-11")), files.open)
    assert len(portal.resources(SLUG)) == 8
    assert len(portal.tables) == 2
    assert portal.packages[SLUG]["release_id"] == "r2"


def test_an_older_period_that_comes_late_does_not_become_the_newest(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    newest = release(files, "r2", "2026-11")
    publish(action_api, job(newest), files.open)
    publish(action_api, job(release(files, "r1", "2026-10"), newest=newest), files.open)
    assert portal.packages[SLUG]["release_id"] == "r2"


def test_a_correction_takes_table_file_and_entry_of_what_it_replaces(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    first = release(files, "r1", "2026-10")
    publish(action_api, job(first), files.open)
    publish(action_api, job(release(files, "r2", "2026-10", sequence=2), replaces=(first,)), files.open)
    ours = {resource_id("r2", name) for name in ("data.csv", "data.parquet", "schema.json", "proof.json")}
    assert {one["id"] for one in portal.resources(SLUG)} == ours
    assert set(portal.files) == ours
    assert set(portal.tables) == {resource_id("r2", "data.csv")}


def test_a_correction_that_fails_half_way_leaves_the_first_release_served(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    first = release(files, "r1", "2026-10")
    publish(action_api, job(first), files.open)
    portal.faults["datastore_create"] = "503"
    with pytest.raises(PublishTemporary):
        publish(action_api, job(release(files, "r2", "2026-10", sequence=2), replaces=(first,)), files.open)
    assert len(portal.tables[resource_id("r1", "data.csv")]["rows"]) == 25
    assert portal.packages[SLUG]["release_id"] == "r1"


def test_a_dataset_of_somebody_else_is_never_touched(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    portal.packages[SLUG] = {"id": "p", "name": SLUG, "owner_org": "city-1", "state": "active", "resources": []}
    before = portal.snapshot()
    with pytest.raises(PublishRefused) as caught:
        publish(action_api, job(release(files, "r1", "2026-10")), files.open)
    assert caught.value.code == "dataset-name-taken"
    assert portal.snapshot() == before


@pytest.mark.parametrize("fault", ["500", "503", "solr", "html", "drop"])
def test_a_portal_that_is_down_leaves_the_release_for_the_next_run(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles, fault: str
) -> None:
    one = release(files, "r1", "2026-10")
    portal.fault = fault
    with pytest.raises(PublishTemporary):
        publish(action_api, job(one), files.open)
    portal.fault = None
    publish(action_api, job(one), files.open)
    assert portal.packages[SLUG]["release_id"] == "r1"


def test_a_withdrawn_release_leaves_a_note_and_no_table_file_or_entry(
    portal: FakePortal, action_api: ActionApi, files: StoredFiles
) -> None:
    one = release(files, "r1", "2026-10")
    publish(action_api, job(one), files.open)
    gone = WithdrawJob(
        mandate=mandate(),
        release=withdrawn(one),
        newest=None,
        coverage=None,
        withdrawn=(Withdrawn(period="2026-10", on=date(2026, 11, 24)),),
    )
    assert withdraw(action_api, gone) is True
    dataset = portal.packages[SLUG]
    assert (dataset["resources"], portal.files, portal.tables) == ([], {}, {})
    assert (dataset["release_id"], dataset["suppression"], dataset["temporal_coverage"]) == ("", "", [])
    assert "Objava za obdobje 2026-10 je bila 24. 11. 2026 umaknjena." in dataset["notes"]
    assert "was withdrawn on 2026-11-24" in dataset["notes"]
    before = portal.snapshot()
    withdraw(action_api, gone)
    assert portal.snapshot() == before


def test_the_token_is_in_no_error_and_no_text_of_the_client(action_api: ActionApi, portal: FakePortal) -> None:
    portal.fault = "forbidden"
    with pytest.raises(PublishRefused) as caught:
        action_api.call("package_show", id="x")
    assert action_api.token not in f"{caught.value!r} {caught.value} {action_api!r}"
