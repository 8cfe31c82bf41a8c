"""Puts the demo's ordinary datasets and mandates into the portal; what is there already stays as it is."""

from __future__ import annotations

from typing import Any

from demo.content import Dataset
from demo.files import File
from demo.portal import Portal

COLUMN_TYPES = {int: "int", float: "float", str: "text"}


def make_dataset(portal: Portal, dataset: Dataset) -> bool:
    """Make a dataset with its file and table unless it is complete; return whether anything was made."""
    known = portal.find("package_show", id=dataset.name)
    package = known or portal.call("package_create", **dataset.package())
    if dataset.file is None:
        return known is None
    found = next((one for one in package["resources"] if one["name"] == dataset.file.name), None)
    resource = found or _upload(portal, package["id"], dataset.file)
    if dataset.file.rows and not resource.get("datastore_active"):
        _fill_table(portal, resource["id"], dataset.file)
        return True
    return found is None


def make_mandate(portal: Portal, mandate: dict[str, Any], source: tuple[str, dict[str, Any]] | None) -> bool:
    """Make a mandate and its source unless they are there; return whether anything was made."""
    slug = mandate["slug"]
    made = portal.find("datastrategy_mandate_show", id=slug) is None
    if made:
        portal.call("datastrategy_mandate_create", **mandate)
    if source is None or portal.call("datastrategy_source_list", mandate_id=slug):
        return made
    kind, config = source
    portal.call("datastrategy_source_create", mandate_id=slug, kind=kind, config=config)
    return True


def _upload(portal: Portal, package_id: str, file: File) -> dict[str, Any]:
    return portal.upload(
        "resource_create", (file.name, file.body), package_id=package_id, name=file.name, format=file.format
    )


def _fill_table(portal: Portal, resource_id: str, file: File) -> None:
    """Make the file's rows queryable. `force`: the DataStore otherwise takes rows only for its own resources."""
    fields = [{"id": name, "type": _column_type([row[name] for row in file.rows])} for name in file.rows[0]]
    portal.call("datastore_create", resource_id=resource_id, fields=fields, records=list(file.rows), force=True)


def _column_type(values: list[Any]) -> str:
    kinds = {type(value) for value in values}
    return COLUMN_TYPES[float] if kinds == {int, float} else COLUMN_TYPES[kinds.pop()]
