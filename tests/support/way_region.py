"""The people of a fourth city and its company, and the steps they take together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from way_portal import Client, Way
from way_world import CITY, COMPANY, NEIGHBOR

REASON = "Vsaka objavljena celica ima dovolj merilnih mest."


@dataclass(frozen=True, kw_only=True)
class Region:
    """Who is there, and what the portal held before they came."""

    officer: Client
    dpo: Client
    sender: Client
    stranger: Client
    found_at_first: dict[str, list[Any]]


def settle(way: Way) -> Region:
    """Add two cities, a company and their people to an empty portal."""
    at_first = {name: way.visitor.call(f"{name}_list") for name in ("package", "organization")}
    for name, title, code in ((CITY, "Občina Žiri", "SI-147"), (NEIGHBOR, "Občina Idrija", "SI-036")):
        way.admin.call("organization_create", name=name, title=title, organization_kind="city", municipality_code=code)
    way.admin.call("organization_create", name=COMPANY, title="Elektro Idrijca", organization_kind="company")
    return Region(
        officer=way.person("uradnica", (CITY, "admin", "officer")),
        dpo=way.person("pooblascenec", (CITY, "member", "dpo")),
        sender=way.person("posiljatelj", (COMPANY, "member", "sender")),
        stranger=way.person("tujka"),
        found_at_first=at_first,
    )


def approve(way: Way, region: Region, mandate: str, period: str) -> dict[str, Any]:
    """Have the DPO approve what waits for them, and let it be published; return the delivery as it is then."""
    held = way.latest(region.officer, mandate, period)
    assert (held["state"], held["held_reason"]) == ("held", "first-release"), held
    region.dpo.call("datastrategy_delivery_decide", id=held["id"], decision="approve", reason=REASON)
    way.harvest("process", "--mandate", mandate)
    return publish(way, region, mandate, period)


def publish(way: Way, region: Region, mandate: str, period: str) -> dict[str, Any]:
    """Publish what is released; return the delivery, which must be published then."""
    done = way.harvest("publish", "--mandate", mandate)
    delivery = way.latest(region.officer, mandate, period)
    assert delivery["state"] == "published", (delivery, done)
    return delivery


def send(way: Way, region: Region, mandate: str, period: str, body: bytes) -> dict[str, Any]:
    """Send a file by the API route and have it processed; return the delivery."""
    answer = region.sender.push(mandate, period, body)
    assert answer.status_code == 201, answer.text
    way.harvest("process", "--mandate", mandate, "--period", period)
    return way.latest(region.officer, mandate, period)


def first_published(way: Way, region: Region, mandate: dict[str, Any], period: str, body: bytes) -> dict[str, Any]:
    """Make a mandate and bring its first delivery all the way."""
    region.officer.call("datastrategy_mandate_create", **mandate)
    send(way, region, mandate["slug"], period, body)
    return approve(way, region, mandate["slug"], period)


def table_of(client: Client, dataset: str, period: str) -> dict[str, Any]:
    """The resource of a dataset that holds the table of a period."""
    package = client.call("package_show", id=dataset)
    [table] = [one for one in package["resources"] if one["format"] == "CSV" and one["period"] == period]
    return dict(table)


def rows_of(client: Client, resource_id: str) -> list[dict[str, Any]]:
    """All rows of a table in the DataStore."""
    found = client.call("datastore_search", resource_id=resource_id, limit=32_000)
    assert found["total"] == len(found["records"])
    return list(found["records"])
