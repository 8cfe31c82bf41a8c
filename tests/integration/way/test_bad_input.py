"""Bad input on the real way: a sentence in both languages, nothing published, nothing lost, the old release stays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from way_portal import Done, RefusedError, Way, wait_for
from way_region import Region, first_published, rows_of, send, table_of
from way_site import Page, Site
from way_world import as_file, mandate, meter_file, meter_lines

from cityharvest import messages

SLUG = "poraba-napake"
FIRST = "2026-10-01"
LANGUAGES = ("sl", "en")


@pytest.fixture(scope="module")
def served(way: Way, region: Region) -> dict[str, Any]:
    """A mandate with one published day; what the public got of it before anything bad arrived."""
    first_published(way, region, mandate(SLUG, FIRST, "2026-10-31"), FIRST, meter_file(FIRST))
    return public_picture(way, SLUG)


# --- files that a company pushes ------------------------------------------------------------------------------------


def truncated(day: str) -> bytes:
    whole = meter_file(day)
    return whole[: len(whole) // 2 + 7]


def wrong_columns(day: str) -> bytes:
    return as_file([line.replace("meter_id;zone", "merilno_mesto;naselje") for line in meter_lines(day)])


def watt_hours(day: str) -> bytes:
    return as_file([line.replace(",", "") if number else line for number, line in enumerate(meter_lines(day))])


def one_bad_row(day: str) -> bytes:
    lines = meter_lines(day)
    assert len(lines) > 1000
    lines[700] = lines[700].rpartition(";")[0] + ";n. p."
    return as_file(lines)


def personal_column(day: str) -> bytes:
    header, *lines = meter_lines(day)
    return as_file([f"{header};kontakt", *(f"{line};ana.novak@example.si" for line in lines)])


def web_page(_day: str) -> bytes:
    return b"<!DOCTYPE html>\n<html><head><title>Prijava</title></head><body>Prijavite se.</body></html>\n"


def other_day(_day: str) -> bytes:
    return meter_file(FIRST)


@dataclass(frozen=True)
class Bad:
    make: Callable[[str], bytes]
    day: str
    finding: str


PUSHED = {
    "truncated file": Bad(truncated, "2026-10-02", "row-shape"),
    "wrong columns": Bad(wrong_columns, "2026-10-03", "column-missing"),
    "wrong units": Bad(watt_hours, "2026-10-04", "wrong-unit"),
    "one bad row in a thousand": Bad(one_bad_row, "2026-10-05", "value-invalid"),
    "an undeclared column with personal data": Bad(personal_column, "2026-10-06", "undeclared-identifier"),
    "a web page": Bad(web_page, "2026-10-07", "html-instead-of-data"),
    "another day's file": Bad(other_day, "2026-10-08", "time-outside-period"),
}


@pytest.mark.parametrize("name", PUSHED)
def test_a_bad_file_is_rejected_with_a_reason_and_the_served_release_stays(
    way: Way, region: Region, served: dict[str, Any], name: str
) -> None:
    bad = PUSHED[name]
    delivery = send(way, region, SLUG, bad.day, bad.make(bad.day))
    assert delivery["state"] == "rejected", delivery
    assert bad.finding in {one["code"] for one in delivery["findings"]}
    assert delivery["release"] is None
    assert_says_why(delivery)
    assert "ana.novak" not in json.dumps(delivery)
    way.harvest("publish", "--mandate", SLUG)
    assert public_picture(way, SLUG) == served


def test_after_a_rejected_file_a_good_one_goes_through_and_the_bad_one_is_kept_in_the_history(
    way: Way, region: Region, served: dict[str, Any]
) -> None:
    day = "2026-10-09"
    assert send(way, region, SLUG, day, one_bad_row(day))["state"] == "rejected"
    assert send(way, region, SLUG, day, meter_file(day))["state"] == "released"
    assert [one["sequence"] for one in way.deliveries(region.officer, SLUG, day)] == [1, 2]


def test_a_pushed_file_with_another_checksum_leaves_no_trace(way: Way, region: Region, served: dict[str, Any]) -> None:
    day = "2026-10-10"
    other = hashlib.sha256(b"other").hexdigest()
    answer = region.sender.push(SLUG, day, meter_file(day), X_Checksum_SHA256=other)
    assert answer.status_code == 422
    assert_sentence("checksum-mismatch", answer.json()["error"]["message"])
    assert all(one["state"] == "due" for one in way.deliveries(region.officer, SLUG, day))


# --- files and feeds that are pulled --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pulled:
    """What the company's server does, and how the fetch must end: exit code and code of the error."""

    serve: Callable[[Site, str, str], None]
    exit_code: int
    error: str


def serve_other_checksum(site: Site, path: str, day: str) -> None:
    site.put_file(path, meter_file(day), checksum=hashlib.sha256(b"other").hexdigest())


def serve_broken_transfer(site: Site, path: str, day: str) -> None:
    whole = meter_file(day)
    site.put_file(path, whole)
    half = len(whole) // 2
    site.pages[path] = Page(body=whole[:half], content_type="text/csv", lost=len(whole) - half)


def serve_web_page(site: Site, path: str, day: str) -> None:
    site.put_file(path, meter_file(day))
    site.pages[path] = Page(body=web_page(day), content_type="text/html; charset=utf-8")


def serve_error(site: Site, path: str, day: str) -> None:
    site.put_file(path, meter_file(day))
    site.pages[path] = Page(body=b"", status=503)


def serve_redirect_inside(site: Site, path: str, day: str) -> None:
    site.put_file(path, meter_file(day))
    inside = f"http://localhost:{site.port}{path}"
    site.pages[path] = Page(body=b"", status=302, headers={"Location": inside})


PULLED = {
    "checksum": Pulled(serve_other_checksum, 1, "checksum-mismatch"),
    "transfer": Pulled(serve_broken_transfer, 75, "body-truncated"),
    "page": Pulled(serve_web_page, 1, "html-instead-of-data"),
    "error": Pulled(serve_error, 75, "source-unavailable"),
    "redirect": Pulled(serve_redirect_inside, 1, "address-private"),
}


@pytest.mark.parametrize("name", PULLED)
def test_a_server_s_fault_keeps_the_delivery_due_and_says_why(
    way: Way, region: Region, site: Site, served: dict[str, Any], name: str
) -> None:
    case, slug = PULLED[name], f"vir-{name}"
    path = f"/{name}/{FIRST}.csv"
    case.serve(site, path, FIRST)
    source = pulled_mandate(way, region, slug, f"{site.url}/{name}/{{period}}.csv")
    assert_fetch_says(way, region, source, slug, case.exit_code, case.error)
    assert public_picture(way, SLUG) == served


def test_once_the_server_is_mended_the_delivery_comes_in(way: Way, region: Region, site: Site) -> None:
    path = f"/mended/{FIRST}.csv"
    serve_web_page(site, path, FIRST)
    source = pulled_mandate(way, region, "vir-mended", f"{site.url}/mended/{{period}}.csv")
    assert way.harvest("fetch", "--source", source).code == 1
    site.put_file(path, meter_file(FIRST))
    assert way.harvest("fetch", "--source", source).code == 0
    assert way.latest(region.officer, "vir-mended", FIRST)["state"] == "received"


def test_an_address_that_resolves_to_loopback_is_refused_without_the_operator_s_exception(
    way: Way, region: Region, site: Site
) -> None:
    # The operator allows 127.0.0.1 with this port; the same server by another name, and every other port, stay closed.
    site.put_file(f"/private/{FIRST}.csv", meter_file(FIRST))
    asked = len(site.asked)
    for number, host in enumerate((f"localhost:{site.port}", "127.0.0.1:22", "[::1]:80")):
        slug = f"vir-zasebni-{number}"
        source = pulled_mandate(way, region, slug, f"http://{host}/private/{{period}}.csv")
        assert_fetch_says(way, region, source, slug, 1, "address-private")
    assert len(site.asked) == asked


def test_a_stale_feed_is_a_gap_and_never_a_delivery(way: Way, region: Region, site: Site) -> None:
    updated = datetime(2026, 10, 1, 6, tzinfo=UTC)
    documents = {
        "gbfs": {"feeds": [{"name": "station_status", "url": f"{site.url}/stale/station_status"}]},
        "station_status": {
            "stations": [
                {
                    "station_id": "s1",
                    "is_installed": True,
                    "is_renting": True,
                    "is_returning": True,
                    "last_reported": updated.isoformat(),
                    "num_vehicles_available": 3,
                    "num_docks_available": 7,
                }
            ]
        },
    }
    for name, data in documents.items():
        shown = {"last_updated": updated.isoformat(), "ttl": 60, "version": "3.0", "data": data}
        site.pages[f"/stale/{name}"] = json_page(shown)
    site.pages["/stale/clock"] = json_page({"now": (updated + timedelta(hours=3)).isoformat(), "ttl": 60})
    slug = "postaje-zastarele"
    made = mandate(slug, FIRST, FIRST, preset_id="gbfs-docked-stations")
    measure = {"name": "bikes_available", "type": "integer", "role": "measure", "constraints": {"minimum": 0}}
    place = {"name": "station_id", "type": "string", "role": "zone"}
    made["contract"] = {"fields": [place, {"name": "ts", "type": "datetime", "role": "time"}, measure]}
    made["product"] |= {"kind": "stations", "measures": {"bikes_available": {"kind": "mean", "decimals": 1}}}
    region.officer.call("datastrategy_mandate_create", **made)
    config = {"url": f"{site.url}/stale/gbfs", "clock_url": f"{site.url}/stale/clock"}
    source = region.officer.call("datastrategy_source_create", mandate_id=slug, kind="gbfs", config=config)["id"]
    assert way.harvest("plan").code == 0
    done = way.harvest("fetch", "--source", source, "--period", FIRST, "--json")
    assert done.code == 75, done
    [error] = done.result["errors"]
    assert error["code"] == "feed-stale"
    both = {lang: messages.text("feed-stale", error["params"], lang) for lang in LANGUAGES}
    assert_sentence("feed-stale", both, error["params"])
    delivery = way.latest(region.officer, slug, FIRST)
    assert (delivery["state"], delivery["parts"]) == ("due", [])


# --- mandates -------------------------------------------------------------------------------------------------------


def test_a_preset_laxer_than_its_law_is_refused_and_a_stricter_one_is_not(region: Region) -> None:
    lax = mandate("poraba-ohlapna", FIRST, FIRST, preset_parameters={"min_units": 9})
    with pytest.raises(RefusedError) as refusal:
        region.officer.call("datastrategy_mandate_create", **lax)
    [problem] = [one for one in refusal.value.error["problems"] if one["code"] == "preset-laxer-than-law"]
    assert_sentence("preset-laxer-than-law", problem["message"], problem["params"])
    strict = {**lax, "preset_parameters": {"min_units": 11}}
    assert region.officer.call("datastrategy_mandate_create", **strict)["preset_parameters"] == {"min_units": 11}
    with pytest.raises(RefusedError):
        region.officer.call("datastrategy_mandate_update", id="poraba-ohlapna", preset_parameters={"min_units": 9})


# --- services that are down -----------------------------------------------------------------------------------------

OUTAGE_SLUG = "poraba-izpadi"
OUTAGES = {"solr": "2026-10-12", "redis": "2026-10-13", "web": "2026-10-14"}


@dataclass(frozen=True)
class Outage:
    """What happened while one service was down, and what came of it when all were up again."""

    attempt: Done
    state_then: str
    page_then: int | None
    file_then: int | None
    delivery: dict[str, Any]


@pytest.fixture(scope="module")
def outages(way: Way, region: Region) -> dict[str, Outage]:
    """Each service is down once while a release waits for it; then everything is up and the next runs go on."""
    first_published(way, region, mandate(OUTAGE_SLUG, FIRST, "2026-10-31"), FIRST, meter_file(FIRST))
    for day in OUTAGES.values():
        assert send(way, region, OUTAGE_SLUG, day, meter_file(day))["state"] == "released"
    addresses = (f"/dataset/{OUTAGE_SLUG}", table_of(way.visitor, OUTAGE_SLUG, FIRST)["url"])
    seen = {}
    for service, day in OUTAGES.items():
        with way.without(service):
            attempt = way.harvest("publish", "--mandate", OUTAGE_SLUG, "--period", day, "--json")
            got = [None if service == "web" else way.visitor.get(one).status_code for one in addresses]
        seen[service] = (attempt, way.latest(region.officer, OUTAGE_SLUG, day)["state"], *got)

    def all_published() -> bool:
        way.harvest("publish", "--mandate", OUTAGE_SLUG)
        return all(way.latest(region.officer, OUTAGE_SLUG, day)["state"] == "published" for day in OUTAGES.values())

    wait_for(all_published, "every release to be published")
    return {
        service: Outage(*then, way.latest(region.officer, OUTAGE_SLUG, OUTAGES[service]))
        for service, then in seen.items()
    }


@pytest.mark.parametrize("service", ["solr", "web"])
def test_a_release_waits_while_a_service_is_down(outages: dict[str, Outage], service: str) -> None:
    outage = outages[service]
    assert outage.attempt.code == 75, outage.attempt
    assert outage.state_then == "released"
    [error] = outage.attempt.result["errors"]
    both = {lang: messages.text(error["code"], error["params"], lang) for lang in LANGUAGES}
    assert_sentence(error["code"], both, error["params"])


def test_a_release_does_not_wait_for_redis(outages: dict[str, Outage]) -> None:
    # Redis holds sessions and a queue of jobs that the next night makes good for; nothing of a release depends on it.
    assert (outages["redis"].attempt.code, outages["redis"].state_then) == (0, "published")


@pytest.mark.parametrize("service", ["solr", "redis"])
def test_what_was_published_before_is_served_while_a_service_is_down(outages: dict[str, Outage], service: str) -> None:
    assert (outages[service].page_then, outages[service].file_then) == (200, 200)


@pytest.mark.parametrize("service", OUTAGES)
def test_the_next_run_publishes_it_once(way: Way, outages: dict[str, Outage], service: str) -> None:
    day = OUTAGES[service]
    kept = {one["sha256"] for one in outages[service].delivery["release"]["files"]}
    resources = [one for one in way.visitor.call("package_show", id=OUTAGE_SLUG)["resources"] if one["period"] == day]
    assert {one["hash"] for one in resources} <= kept
    assert len(resources) == len({one["name"] for one in resources}) == 4
    assert len(rows_of(way.visitor, table_of(way.visitor, OUTAGE_SLUG, day)["id"])) == 48


# --- looking --------------------------------------------------------------------------------------------------------


def pulled_mandate(way: Way, region: Region, slug: str, url: str) -> str:
    """A mandate for one day whose file is pulled; returns the id of its source."""
    region.officer.call("datastrategy_mandate_create", **mandate(slug, FIRST, FIRST))
    config = {"url": url, "checksum_url": f"{url}.sha256"}
    made = region.officer.call("datastrategy_source_create", mandate_id=slug, kind="meter_drop", config=config)
    assert way.harvest("plan").code == 0
    return str(made["id"])


def public_picture(way: Way, slug: str) -> dict[str, Any]:
    """What a visitor gets of a dataset: its fields, its files' content, its table."""
    package = way.visitor.call("package_show", id=slug)
    table = table_of(way.visitor, slug, FIRST)
    return {
        "modified": package["metadata_modified"],
        "release": package["release_id"],
        "files": {
            one["id"]: hashlib.sha256(way.visitor.get(one["url"]).content).hexdigest() for one in package["resources"]
        },
        "rows": rows_of(way.visitor, table["id"]),
    }


def json_page(value: Any) -> Page:
    return Page(body=json.dumps(value).encode(), content_type="application/json")


def assert_fetch_says(way: Way, region: Region, source: str, slug: str, exit_code: int, error: str) -> None:
    """A fetch ends with a sentence in the language of whoever runs it; the delivery stays due and notes the attempt."""
    done = {lang: way.harvest("fetch", "--source", source, lang=lang) for lang in LANGUAGES}
    assert {one.code for one in done.values()} == {exit_code}, done
    delivery = way.latest(region.officer, slug, FIRST)
    assert (delivery["state"], delivery["parts"]) == ("due", [])
    assert {one["error_code"] for one in delivery["attempts"]} == {error}
    told = {lang: one.err for lang, one in done.items()}
    assert_sentence(error, told, delivery["attempts"][0]["error_params"])


def assert_says_why(delivery: dict[str, Any]) -> None:
    """The delivery and each of its findings have a sentence in both languages."""
    assert_sentence(delivery["error"]["code"], delivery["error_message"], delivery["error"]["params"])
    assert delivery["findings"]
    for one in delivery["findings"]:
        assert_sentence(one["code"], one["message"], one)


def assert_sentence(code: str, both: dict[str, str], params: dict[str, Any] | None = None) -> None:
    """Two different texts, both from the table of messages, with every place filled."""
    assert set(both) == set(LANGUAGES)
    assert both["sl"] != both["en"]
    for lang, said in both.items():
        assert messages.text("unknown-code", {"code": code}, lang) not in said
        assert "{" not in said
        if params is not None:
            assert messages.text(code, params, lang) in said
