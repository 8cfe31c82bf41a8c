"""A fourth city, from the empty portal to a release and back, by public commands and the Action API alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from way_looking import (
    SLUG,
    case_ids,
    csv_rows,
    files_on_disk,
    indexed_names,
    make_dataset,
    picture,
    reassess,
    status_of,
    verdict,
)
from way_portal import Client, RefusedError, Way, wait_for
from way_region import Region, approve, publish, rows_of, send, table_of
from way_site import Site
from way_world import CITY, METERS, NEIGHBOR, dataset, mandate, meter_file

#: The clocks go back: this day has 100 quarter-hours.
DAY = "2026-10-25"
RETRACTED, CORRECTED, PUSHED = "2026-10-26", "2026-10-27", "2026-10-28"
ENERGY = "energy-consumption-aggregate"
RELEASE_FILES = {"data.csv", "data.parquet", "schema.json", "proof.json"}


@pytest.fixture(scope="module")
def source(region: Region, site: Site) -> dict[str, Any]:
    """The mandate, and the company's folder that its files are pulled from; both made by the city's officer."""
    made = mandate(SLUG, DAY, "2026-10-30")
    made["product"]["requirement_ids"] = [ENERGY]
    region.officer.call("datastrategy_mandate_create", **made)
    config = {"url": f"{site.url}/meter/{{period}}.csv", "checksum_url": f"{site.url}/meter/{{period}}.csv.sha256"}
    return region.officer.call("datastrategy_source_create", mandate_id=SLUG, kind="meter_drop", config=config)


@pytest.fixture(scope="module")
def held(way: Way, region: Region, site: Site, source: dict[str, Any]) -> dict[str, Any]:
    """The first delivery as the harvester left it: pulled, checked, protected, and waiting."""
    site.put_file(f"/meter/{DAY}.csv", meter_file(DAY, encoding="cp1250"))
    way.harvest("run", "--due")
    delivery = way.latest(region.officer, SLUG, DAY)
    return {**delivery, "visitor_gets": status_of(way.visitor, "package_show", id=SLUG)}


@pytest.fixture(scope="module")
def published(way: Way, region: Region, held: dict[str, Any]) -> dict[str, Any]:
    """The same delivery after the DPO approved it and the harvester went on."""
    return approve(way, region, SLUG, DAY)


def test_the_portal_was_empty_at_first(region: Region) -> None:
    assert region.found_at_first == {"package": [], "organization": []}


# --- held -----------------------------------------------------------------------------------------------------------


def test_the_first_release_waits_for_the_dpo(held: dict[str, Any]) -> None:
    assert (held["state"], held["held_reason"]) == ("held", "first-release")
    assert set(held["held_message"]) == {"sl", "en"}


def test_nothing_of_a_held_release_is_public(way: Way, held: dict[str, Any]) -> None:
    assert held["release"] is None
    assert held["visitor_gets"] == 404
    assert status_of(way.visitor, "datastrategy_delivery_show", id=held["id"]) == 403


def test_neither_sender_nor_officer_nor_sysadmin_may_approve(way: Way, region: Region, held: dict[str, Any]) -> None:
    for client in (region.sender, region.officer, region.stranger, way.admin, way.visitor):
        decision = {"id": held["id"], "decision": "approve", "reason": "V redu."}
        assert status_of(client, "datastrategy_delivery_decide", **decision) == 403, client.name


# --- published ------------------------------------------------------------------------------------------------------


def test_a_settlement_with_nine_meters_is_absent_and_one_with_ten_is_there(way: Way, published: dict[str, Any]) -> None:
    table = table_of(way.visitor, SLUG, DAY)
    in_datastore = {row["zone"] for row in rows_of(way.visitor, table["id"])}
    downloaded = csv_rows(way.visitor, table)
    assert in_datastore == {row["zone"] for row in downloaded} == {"Žiri", "Selo"}
    assert METERS["Račeva"] == 9
    assert METERS["Selo"] == 10


def test_the_day_on_which_clocks_go_back_has_twenty_five_hours(way: Way, published: dict[str, Any]) -> None:
    rows = csv_rows(way.visitor, table_of(way.visitor, SLUG, DAY))
    assert len({row["period_start"] for row in rows}) == 25
    assert len(rows) == 50


def test_sums_are_those_of_the_file(way: Way, published: dict[str, Any]) -> None:
    lines = meter_file(DAY).decode("utf-8-sig").splitlines()[1:]
    sent = sum(float(line.rpartition(";")[2].replace(",", ".")) for line in lines if ";Selo;" in line)
    rows = csv_rows(way.visitor, table_of(way.visitor, SLUG, DAY))
    shown = sum(float(row["usage_kwh"]) for row in rows if row["zone"] == "Selo")
    assert shown == pytest.approx(sent, abs=25 * 0.05)


def test_no_unit_leaves_the_pipeline(way: Way, published: dict[str, Any]) -> None:
    package = way.visitor.call("package_show", id=SLUG)
    for one in package["resources"]:
        assert b"SI-SE-0" not in way.visitor.get(one["url"]).content
    assert "meter_id" not in csv_rows(way.visitor, table_of(way.visitor, SLUG, DAY))[0]


def test_the_dataset_says_who_delivered_what_and_what_was_left_out(way: Way, published: dict[str, Any]) -> None:
    package = way.visitor.call("package_show", id=SLUG)
    shown = json.loads(package["suppression"])
    assert package["organization"]["name"] == CITY
    assert package["data_kind"] == "public-interest"
    assert package["creator"][0]["name"] == "Elektro Idrijca"
    assert package["release_id"] == published["release"]["id"] == shown["release_id"]
    assert (shown["min_units"], shown["achieved_min"]) == (10, 10)


@pytest.mark.parametrize("city", [CITY, NEIGHBOR])
def test_the_release_counts_on_the_board_of_every_city_it_covers(
    way: Way, published: dict[str, Any], city: str
) -> None:
    assert verdict(way, ENERGY, city)["status"] == "met"


def test_the_company_sees_its_delivery_and_a_stranger_does_not(region: Region, published: dict[str, Any]) -> None:
    assert region.sender.call("datastrategy_delivery_show", id=published["id"])["state"] == "published"
    assert status_of(region.stranger, "datastrategy_delivery_show", id=published["id"]) == 403
    assert region.stranger.call("datastrategy_delivery_list", mandate=SLUG) == []


def test_a_late_delivery_has_a_case_and_a_published_one_has_none(way: Way, published: dict[str, Any]) -> None:
    cases = way.visitor.call("datastrategy_case_list", organization_id=CITY)
    states = {one["period"]: one["state"] for one in cases if one["mandate_id"] == published["mandate_id"]}
    assert states["2026-10-30"] == "open"
    assert states.get(DAY) != "open"


# --- verify ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def release_folder(way: Way, published: dict[str, Any], tmp_path: Path) -> Path:
    """The release as anybody can download it."""
    by_hash = {one["hash"]: one["url"] for one in way.visitor.call("package_show", id=SLUG)["resources"]}
    for file in published["release"]["files"]:
        if file["sha256"] in by_hash:
            (tmp_path / file["name"]).write_bytes(way.visitor.get(by_hash[file["sha256"]]).content)
    return tmp_path


def test_a_downloaded_release_verifies(way: Way, release_folder: Path) -> None:
    assert {path.name for path in release_folder.iterdir()} == RELEASE_FILES
    done = way.harvest("verify", str(release_folder))
    assert done.code == 0, done.out


def test_a_changed_cell_fails_the_verification(way: Way, release_folder: Path) -> None:
    table = release_folder / "data.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    head, _, value = lines[1].rstrip("\r\n").rpartition(",")
    lines[1] = lines[1].replace(f"{head},{value}", f"{head},{float(value) + 0.1:.1f}")
    table.write_text("".join(lines), encoding="utf-8", newline="")
    done = way.harvest("verify", str(release_folder), "--json")
    assert done.code == 1
    assert not done.result["passes"]


def test_the_stored_release_verifies_by_its_id(way: Way, published: dict[str, Any]) -> None:
    assert way.harvest("verify", published["release"]["id"]).code == 0


def test_both_audit_chains_hold_and_an_unknown_head_shows(way: Way, published: dict[str, Any]) -> None:
    assert way.harvest("audit", "verify").code == 0
    assert way.ckan("datastrategy", "audit-verify").code == 0
    later = f"{way.audit_length() + 1}:{'0' * 64}"
    assert way.harvest("audit", "verify", "--head", later).code == 1


# --- ordinary datasets ----------------------------------------------------------------------------------------------


def test_removing_the_license_turns_met_into_partial(way: Way, region: Region) -> None:
    make_dataset(region.officer, dataset("proracun-ziri", "budget"))
    reassess(region.officer)
    assert verdict(way, "budget")["status"] == "met"
    region.officer.call("package_patch", id="proracun-ziri", license_id="")
    reassess(region.officer)
    found = verdict(way, "budget")
    assert found["status"] == "partial"
    assert "license-missing" in {one["slug"] for one in found["findings"] if not one["passed"]}
    region.officer.call("package_patch", id="proracun-ziri", license_id="cc-by")
    reassess(region.officer)
    assert verdict(way, "budget")["status"] == "met"


def test_publishing_the_missing_dataset_closes_its_case(way: Way, region: Region) -> None:
    reassess(region.officer)
    before = verdict(way, "grants")
    assert before["status"] == "missing"
    assert before["case"]["id"] in case_ids(way, "open")
    make_dataset(region.officer, dataset("subvencije-ziri", "grants"))
    reassess(region.officer)
    assert verdict(way, "grants")["status"] == "met"
    assert before["case"]["id"] in case_ids(way, "closed")


# --- again ----------------------------------------------------------------------------------------------------------


def test_running_everything_twice_changes_nothing(way: Way, region: Region, published: dict[str, Any]) -> None:
    def everything() -> None:
        for words in (("run", "--due"), ("run", SLUG)):
            done = way.harvest(*words)
            assert done.code == 0, (words, done)
        assert way.ckan("datastrategy", "reassess").code == 0

    everything()
    before = picture(way, region)
    everything()
    assert picture(way, region) == before


# --- corrections ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def correction(way: Way, region: Region, published: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Other readings for a day that was published already; refused at the end."""
    first = send(way, region, SLUG, CORRECTED, meter_file(CORRECTED))
    assert first["state"] == "released", first
    publish(way, region, SLUG, CORRECTED)
    yield send(way, region, SLUG, CORRECTED, meter_file(CORRECTED, change="popravek"))


def test_a_correction_waits_for_a_person_and_the_first_release_stays(
    way: Way, region: Region, correction: dict[str, Any]
) -> None:
    assert (correction["sequence"], correction["state"], correction["held_reason"]) == (2, "held", "correction")
    first = way.deliveries(region.officer, SLUG, CORRECTED)[0]
    assert first["state"] == "published"
    shown = table_of(way.visitor, SLUG, CORRECTED)
    assert hashlib.sha256(way.visitor.get(shown["url"]).content).hexdigest() == shown["hash"]


def test_an_approved_safe_correction_replaces_the_first_release(
    way: Way, region: Region, correction: dict[str, Any]
) -> None:
    before = table_of(way.visitor, SLUG, CORRECTED)
    assert correction["held_detail"]["safe_correction"] is True, correction["held_detail"]
    region.dpo.call("datastrategy_delivery_decide", id=correction["id"], decision="approve", reason="Odčitki so novi.")
    way.harvest("process", "--mandate", SLUG)
    after = publish(way, region, SLUG, CORRECTED)
    shown = table_of(way.visitor, SLUG, CORRECTED)
    assert after["sequence"] == 2
    assert shown["hash"] != before["hash"]
    assert [one["state"] for one in way.deliveries(region.officer, SLUG, CORRECTED)] == ["superseded", "published"]
    assert way.visitor.get(before["url"]).status_code == 404
    assert status_of(way.visitor, "datastore_search", resource_id=before["id"]) == 404


def test_a_correction_that_shows_one_meter_cannot_be_approved(way: Way, region: Region, correction: None) -> None:
    lines = meter_file(PUSHED).decode("utf-8-sig").splitlines()
    assert send(way, region, SLUG, PUSHED, ("\n".join(lines) + "\n").encode())["state"] == "released"
    publish(way, region, SLUG, PUSHED)
    number = next(place for place, line in enumerate(lines) if ";Selo;" in line)
    lines[number] = lines[number].rpartition(";")[0] + ";40,000"
    held = send(way, region, SLUG, PUSHED, ("\n".join(lines) + "\n").encode())
    assert (held["state"], held["held_reason"]) == ("held", "correction")
    with pytest.raises(RefusedError) as refusal:
        region.dpo.call("datastrategy_delivery_decide", id=held["id"], decision="approve", reason="V redu.")
    assert refusal.value.codes == {"correction-unsafe"}
    region.dpo.call("datastrategy_delivery_decide", id=held["id"], decision="refuse", reason="Razkriva eno mesto.")
    states = [one["state"] for one in way.deliveries(region.officer, SLUG, PUSHED)]
    assert states == ["published", "rejected"]


# --- retract --------------------------------------------------------------------------------------------------------


def test_a_retracted_release_is_gone_everywhere_and_leaves_a_tombstone(
    way: Way, region: Region, published: dict[str, Any]
) -> None:
    assert send(way, region, SLUG, RETRACTED, meter_file(RETRACTED))["state"] == "released"
    delivery = publish(way, region, SLUG, RETRACTED)
    release, table = delivery["release"]["id"], table_of(way.visitor, SLUG, RETRACTED)
    resources = [one for one in way.visitor.call("package_show", id=SLUG)["resources"] if one["period"] == RETRACTED]
    assert len(resources) == len(RELEASE_FILES)
    assert all(files_on_disk(way, one["id"]) for one in resources)
    wait_for(lambda: table["name"] in indexed_names(way), "the index to hold the table")

    done = way.harvest("retract", release, "--reason", "Napaka v pogodbi.", "--json")
    assert done.code == 0, done.err
    assert done.result["files_removed"] >= len(RELEASE_FILES)

    for one in resources:
        assert way.visitor.get(one["url"]).status_code == 404
        assert way.visitor.get(f"/dataset/{SLUG}/resource/{one['id']}").status_code == 404
        assert files_on_disk(way, one["id"]) == []
    assert status_of(way.visitor, "datastore_search", resource_id=table["id"]) == 404
    assert way.visitor.get(f"/datastore/dump/{table['id']}").status_code == 404
    wait_for(lambda: table["name"] not in indexed_names(way), "the index to let go of the table")
    assert way.harvest("verify", release).code == 2

    package = way.visitor.call("package_show", id=SLUG)
    assert f"za obdobje {RETRACTED} je bila" in package["notes"]
    assert f"for the period {RETRACTED} was withdrawn" in package["notes"]
    assert "Napaka v pogodbi" not in json.dumps(package, ensure_ascii=False)
    assert RETRACTED in way.visitor.get(f"/dataset/{SLUG}").text
    assert way.latest(region.officer, SLUG, RETRACTED)["state"] == "withdrawn"
    assert table_of(way.visitor, SLUG, DAY)["datastore_active"]


def test_retracting_again_changes_nothing(way: Way, region: Region, published: dict[str, Any]) -> None:
    release = way.latest(region.officer, SLUG, RETRACTED)["release"]["id"]
    before = way.audit_length()
    assert way.harvest("retract", release, "--reason", "Še enkrat.").code == 0
    assert way.audit_length() == before


# --- push -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def push_mandate(region: Region) -> str:
    region.officer.call("datastrategy_mandate_create", **mandate("poraba-posiljanje", "2026-10-01", "2026-10-03"))
    return "poraba-posiljanje"


def test_a_pushed_file_is_received_once(region: Region, push_mandate: str) -> None:
    body = meter_file("2026-10-01")
    checksum = hashlib.sha256(body).hexdigest()
    first = region.sender.push(push_mandate, "2026-10-01", body, X_Checksum_SHA256=checksum)
    assert first.status_code == 201, first.text
    receipt = first.json()["delivery"]
    assert (receipt["state"], receipt["sequence"]) == ("received", 1)
    again = region.sender.push(push_mandate, "2026-10-01", body, method="POST")
    assert again.status_code == 200, again.text
    assert again.json()["unchanged"]
    assert again.json()["delivery"]["id"] == receipt["id"]


def test_only_the_company_s_sender_may_push(way: Way, region: Region, push_mandate: str) -> None:
    for client, status in (
        (region.stranger, 403),
        (region.officer, 403),
        (way.admin, 403),
        (way.visitor, 401),
        (Client(way.url, "no-such-token"), 401),
    ):
        answer = client.push(push_mandate, "2026-10-02", meter_file("2026-10-02"))
        assert answer.status_code == status, (client.name, answer.text)
        assert set(answer.json()["error"]["message"]) == {"sl", "en"}
    assert all(one["state"] == "due" for one in way.deliveries(region.officer, push_mandate, "2026-10-02"))


@pytest.mark.parametrize(
    ("headers", "period", "status", "code"),
    [
        ({"X_Checksum_SHA256": "0" * 64}, "2026-10-02", 422, "checksum-mismatch"),
        ({"X_Checksum_SHA256": "abc"}, "2026-10-02", 422, "checksum-invalid"),
        ({"Content_Type": "multipart/form-data; boundary=x"}, "2026-10-02", 415, "raw-body-expected"),
        ({"Content_Type": "application/x-www-form-urlencoded"}, "2026-10-02", 415, "raw-body-expected"),
        ({}, "2026-12", 422, "period-invalid"),
        ({}, "2026-09-30", 422, "period-outside-mandate"),
    ],
)
def test_a_refused_push_says_why_in_both_languages_and_keeps_nothing(
    way: Way, region: Region, push_mandate: str, headers: dict[str, str], period: str, status: int, code: str
) -> None:
    answer = region.sender.push(push_mandate, period, meter_file("2026-10-02"), **headers)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]["sl"] != error["message"]["en"]
    assert all(one["state"] == "due" for one in way.deliveries(region.officer, push_mandate, "2026-10-02"))


def test_a_company_sends_by_the_command_line(way: Way, region: Region, push_mandate: str, tmp_path: Path) -> None:
    file, token = tmp_path / "oktober.csv", tmp_path / "token"
    file.write_bytes(meter_file("2026-10-03"))
    token.write_text(str(region.sender.session.headers["Authorization"]))
    token.chmod(0o600)
    done = way.harvest("send", push_mandate, "2026-10-03", str(file), "--url", way.url, "--token-file", str(token))
    assert done.code == 0, done.err
    assert way.latest(region.sender, push_mandate, "2026-10-03")["state"] == "received"
