"""The portal as `make up` leaves it: seen through the Action API alone, without a login."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

DEPLOYMENT = Path(__file__).resolve().parents[2] / "deployment"
CITIES = ("skofja-loka", "zelezniki", "gorenja-vas-poljane")


@pytest.fixture(scope="module")
def call():
    url = os.environ.get("CITYOPEN_URL")
    if not url or not os.environ.get("CITYOPEN_DEMO_PORT"):
        pytest.skip("needs the portal with the demo region: make e2e")

    def action(name, **values):
        answer = requests.post(f"{url}/api/3/action/{name}", json=values, timeout=60)
        return answer.json()["result"]

    return action


def boards(call):
    return {city: call("datastrategy_board", organization_id=city) for city in CITIES}


def verdicts(board):
    return {one["requirement_id"]: one for one in board["verdicts"]}


def test_the_lead_city_has_something_met_something_partial_and_something_missing_with_a_case(call):
    found = verdicts(boards(call)["skofja-loka"])
    assert found["budget"]["status"] == "met"
    assert found["cycle-network"]["status"] == "partial"
    assert "license-missing" in {one["slug"] for one in found["cycle-network"]["findings"]}
    assert found["building-permits"]["status"] == "missing"
    assert found["building-permits"]["case"]


def test_a_scanned_budget_is_partly_met(call):
    assert verdicts(boards(call)["zelezniki"])["budget"]["status"] == "partial"


@pytest.mark.parametrize("city", CITIES)
def test_the_distributor_s_release_counts_for_every_city_it_covers(call, city):
    assert verdicts(boards(call)[city])["energy-consumption-aggregate"]["status"] == "met"


def test_one_delivery_is_late_one_is_held_and_one_is_published(call):
    mandates = {one["slug"]: one for one in boards(call)["skofja-loka"]["mandates"]}
    assert mandates["oddaja-soncnih-elektrarn"]["late"]
    assert mandates["postaje-izposoje-koles"]["held"]
    assert mandates["poraba-elektrike"]["published"]


def test_settlements_below_ten_meters_are_not_in_the_release_and_the_one_with_ten_is(call):
    package = call("package_show", id="poraba-elektrike")
    [table] = [one for one in package["resources"] if one["datastore_active"]]
    zones = call("datastore_search", resource_id=table["id"], fields="zone", distinct=True, limit=100)["records"]
    names = {one["zone"] for one in zones}
    assert "Podlonk" in names
    assert not names & {"Davča", "Breznica pod Lubnikom", "Leskovica"}


def test_seeding_again_changes_nothing(call):
    def picture():
        found = boards(call)
        return {
            "verdicts": {city: {k: v["status"] for k, v in verdicts(one).items()} for city, one in found.items()},
            "mandates": {
                city: [
                    (m["slug"], [(d["period"], d["sequence"], d["state"]) for d in m["deliveries"]])
                    for m in one["mandates"]
                ]
                for city, one in found.items()
            },
            "packages": {name: call("package_show", id=name)["metadata_modified"] for name in call("package_list")},
            "organizations": call("organization_list"),
        }

    before = picture()
    environ = {**os.environ, "PYTHONPATH": str(DEPLOYMENT)}
    done = subprocess.run([sys.executable, "-m", "demo.seed"], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert picture() == before
