"""What the tests of the whole way look at: boards, files, the index, and everything at once."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from way_portal import Client, RefusedError, Way
from way_region import Region
from way_world import CITY

SLUG = "poraba-ziri"


def picture(way: Way, region: Region) -> dict[str, Any]:
    packages = [way.visitor.call("package_show", id=name) for name in way.visitor.call("package_list")]
    board = way.visitor.call("datastrategy_board", organization_id=CITY)
    return {
        "packages": {one["name"]: one["metadata_modified"] for one in packages},
        "resources": {
            (item["id"], item["hash"], item["metadata_modified"]) for one in packages for item in one["resources"]
        },
        "states": [
            (one["id"], one["state"]) for one in region.officer.call("datastrategy_delivery_list", mandate=SLUG)
        ],
        "verdicts": {one["requirement_id"]: one["status"] for one in board["verdicts"]},
        "cases": case_ids(way, "open") | case_ids(way, "closed"),
        "audit": way.audit_length(),
        "case audit": way.ckan("datastrategy", "audit-verify").out,
    }


def status_of(client: Client, action: str, **values: Any) -> int:
    """The status with which an action is refused, 200 where it is not."""
    try:
        client.call(action, **values)
    except RefusedError as refusal:
        return refusal.status
    return 200


def make_dataset(client: Client, fields: dict[str, Any]) -> None:
    """A dataset with a file and a table, as an officer makes one."""
    package = client.call("package_create", **fields)
    rows = [{"postavka": "0401", "znesek_eur": 12_500.0}, {"postavka": "0402", "znesek_eur": 8_400.5}]
    text = "postavka,znesek_eur\n" + "".join(f"{row['postavka']},{row['znesek_eur']}\n" for row in rows)
    file = ("podatki.csv", text.encode())
    resource = client.upload("resource_create", file, package_id=package["id"], name=file[0], format="CSV")
    columns = [{"id": "postavka", "type": "text"}, {"id": "znesek_eur", "type": "float"}]
    client.call("datastore_create", resource_id=resource["id"], fields=columns, records=rows, force=True)


def reassess(client: Client) -> None:
    client.call("datastrategy_reassess", organization_ids=[CITY])


def verdict(way: Way, requirement_id: str, city: str = CITY) -> dict[str, Any]:
    board = way.visitor.call("datastrategy_board", organization_id=city)
    [found] = [one for one in board["verdicts"] if one["requirement_id"] == requirement_id]
    return dict(found)


def case_ids(way: Way, state: str) -> set[str]:
    return {one["id"] for one in way.visitor.call("datastrategy_case_list", organization_id=CITY, state=state)}


def csv_rows(client: Client, resource: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(resource["url"]).content.decode("utf-8-sig"))))


def files_on_disk(way: Way, resource_id: str) -> list[Path]:
    """Everything that CKAN's storage keeps for a resource, wherever it lies."""
    folders = (resource_id, resource_id[6:], f"{resource_id[:3]}/{resource_id[3:6]}/{resource_id[6:]}")
    return [
        path
        for path in (way.folder / "uploads").rglob("*")
        if path.is_file() and any(folder in str(path) for folder in folders)
    ]


def indexed_names(way: Way) -> set[str]:
    """Names of resources as the search index has them."""
    found = way.visitor.call("package_search", fq=f"name:{SLUG}")["results"]
    return {one["name"] for package in found for one in package["resources"]}
