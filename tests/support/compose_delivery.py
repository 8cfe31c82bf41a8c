"""Sends one delivery through a running docker-compose.yml and says each step; run by hand, it leaves demo data behind.

    PYTHONPATH=deployment python tests/support/compose_delivery.py --url http://127.0.0.1:5000 --token TOKEN

TOKEN is a sysadmin's: `docker compose exec web ckan user token add -q admin proof`. Only the Action API and the route
for deliveries are used. Exit code 0 only when the dataset's page, table and download answer.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from demo import mandates
from demo.meters import write_month
from demo.months import demo_months
from demo.people import PEOPLE, make_organizations, make_people
from demo.portal import Portal
from demo.region import UTILITY, ZONES

WAIT_S = 600


def main() -> int:
    """Run all steps."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", required=True)
    asked = parser.parse_args()
    portal = Portal(asked.url, asked.token)
    month = demo_months(datetime.now(UTC))[1]
    with tempfile.TemporaryDirectory() as folder:
        make_organizations(portal)
        make_people(portal, Path(folder))
        # Three settlements: 9, 10 and 16 meters, so that one must not be seen and one just may.
        zones = [zone for zone in ZONES if zone.name in {"Davča", "Podlonk", "Sorica"}]
        body = write_month(Path(folder), month, zones=zones).read_bytes()
    if portal.find("datastrategy_mandate_show", id=mandates.CONSUMPTION) is None:
        portal.call("datastrategy_mandate_create", **mandates.consumption(month))
    step("mandate", mandates.CONSUMPTION)
    sender = next(one.name for one in PEOPLE if one.organization == UTILITY.slug)
    dpo = next(one.name for one in PEOPLE if one.role == "dpo")
    address = f"{asked.url}/api/cityopen/v1/mandates/{mandates.CONSUMPTION}/deliveries/{month.key}"
    headers = {"Authorization": token(portal, sender), "X-Checksum-SHA256": hashlib.sha256(body).hexdigest()}
    answer = requests.put(address, data=body, headers=headers, timeout=300)
    step("pushed", f"{len(body)} bytes, {answer.status_code} {answer.text[:160]}")
    answer.raise_for_status()
    found = wait(portal, month.key, {"held", "published"})
    if found["state"] == "held":
        step("held", found["held_reason"])
        decide = portal.as_user(token(portal, dpo))
        decide.call("datastrategy_delivery_decide", id=found["id"], decision="approve", reason="Preizkus / trial")
    step("published", wait(portal, month.key, {"published"})["id"])
    return look(asked.url)


def look(url: str) -> int:
    """Look at what a visitor sees."""
    page = requests.get(f"{url}/dataset/{mandates.CONSUMPTION}", timeout=60)
    package = Portal(url, "").call("package_show", id=mandates.CONSUMPTION)
    [table] = [one for one in package["resources"] if one.get("datastore_active")]
    rows = Portal(url, "").call("datastore_search", resource_id=table["id"], fields="zone", distinct=True)["records"]
    download = requests.get(table["url"], timeout=60)
    step("page", f"{page.status_code}, {len(page.content)} bytes")
    step("zones", sorted(row["zone"] for row in rows))
    policy = download.headers.get("Content-Security-Policy")
    step("download", f"{download.status_code}, {len(download.content)} bytes, {policy}")
    good = page.ok and download.ok and {row["zone"] for row in rows} == {"Podlonk", "Sorica"}
    return 0 if good else 1


def token(portal: Portal, user: str) -> str:
    """Return a token of a user."""
    return str(portal.call("api_token_create", user=user, name="proof")["token"])


def wait(portal: Portal, period: str, states: set[str]) -> dict[str, Any]:
    """Wait until the delivery of a period is in one of the states."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = portal.call("datastrategy_delivery_list", mandate=mandates.CONSUMPTION)
        latest = max((one for one in found if one["period"] == period), key=lambda one: one["sequence"])
        if latest["state"] in states:
            return latest
        time.sleep(2)
    raise SystemExit(f"still {latest['state']}: {latest.get('error')}")


def step(name: str, what: object) -> None:
    """Say one step with its time."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {name:<10} {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
