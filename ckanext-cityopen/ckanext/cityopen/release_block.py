"""What a dataset's page says about a published release: table, chart, what was withheld and why, how to check it.

Boundary: reads the dataset as the visitor may see it, the statement (``proof.json``) of the release from the ledger and
rows from the DataStore. With the ledger or the DataStore down less is shown; the page still opens.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import ckan.plugins.toolkit as tk

from cityharvest import api
from cityopen import chart, columns, formats
from ckanext.cityopen import config
from ckanext.datastrategy.shared import organization_summary  # pyright: ignore[reportMissingImports]

__all__ = ["block", "chart_spec", "dataset_titles"]

ROWS_SHOWN = 10
SCHEMA_NAME = "schema.json"
_CHART_ROWS = 12_000
# How a release's files are called inside its folder, by how their downloads end.
_FILE_ENDS = {"proof.json": "proof.json", "schema.json": "schema.json", ".csv": "data.csv", ".parquet": "data.parquet"}


def block(package: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the page shows of a published release, None for any other dataset."""
    release_id = package.get("release_id")
    if not release_id:
        return None
    proof, suppression = _proof(str(release_id)), _suppression(package)
    table = _resource(package, "CSV")
    found = _columns(str(release_id), proof, config.language())
    return {
        "release_id": release_id,
        "period": suppression.get("period") or "",
        "periods": sorted({item["period"] for item in package["resources"] if item.get("period")}, reverse=True),
        "proof": proof,
        "suppression": suppression,
        "mandate": _mandate(package),
        "cities": [organization_summary(item) for item in package.get("covered_organizations") or ()],
        "table": table,
        "files": _files(package),
        "columns": found,
        "rows": _shown_rows(table, found),
        "row_count": proof.get("rows"),
        "chart": _caption(package) if table and found and columns.drawn(found) else None,
    }


def chart_spec(package: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the chart of a dataset's newest release, None where there is nothing to draw."""
    release_id, table = str(package.get("release_id") or ""), _resource(package, "CSV")
    if not release_id or table is None:
        return None
    return _chart(release_id, str(table["id"]), config.language())


def dataset_titles(mandate_id: str) -> Mapping[str, str]:
    """Return the titles of a mandate's dataset in both languages, nothing while the ledger is down."""
    try:
        titles: Mapping[str, str] = api.mandate_show(mandate_id).product.get("dataset_title") or {}
    except api.HarvestError:
        return {}
    return titles


@lru_cache(maxsize=32)
def _chart(release_id: str, resource_id: str, lang: str) -> dict[str, Any] | None:
    """Build a chart; a release never changes, so it may be kept under its id."""
    proof = _proof(release_id)
    drawn = columns.drawn(_columns(release_id, proof, lang))
    if drawn is None:
        return None
    names = [name for name in (drawn.series, drawn.time, drawn.value) if name]
    rows = _rows(resource_id, limit=_CHART_ROWS, fields=names, sort=f"{drawn.time} desc")
    if not rows:
        return None
    return chart.line_chart(({**row, drawn.time: _local(row[drawn.time])} for row in rows), drawn, lang)


def _caption(package: Mapping[str, Any]) -> dict[str, Any] | None:
    spec = chart_spec(package)
    if spec is None:
        return None
    said = chart.caption(spec, config.language())
    return {**said, "title": spec["encoding"]["y"]["title"], "zones": spec["encoding"]["color"]["scale"]["domain"]}


def _proof(release_id: str) -> Mapping[str, Any]:
    try:
        release = api.release_show(release_id)
    except api.HarvestError:
        return {}
    return release.proof if release.state in {"published", "superseded"} else {}


def _columns(release_id: str, proof: Mapping[str, Any], lang: str) -> tuple[columns.Column, ...]:
    try:
        return columns.columns(_schema(release_id), proof["spec"], lang) if proof else ()
    except api.HarvestError:
        return ()


@lru_cache(maxsize=64)
def _schema(release_id: str) -> Mapping[str, Any]:
    """Read the Table Schema of a release, which never changes."""
    with api.release_file(release_id, SCHEMA_NAME) as stream:
        found: dict[str, Any] = json.load(stream)
    return found


def _suppression(package: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(package.get("suppression") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _mandate(package: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        shown: dict[str, Any] = tk.get_action("datastrategy_mandate_show")({}, {"id": package.get("mandate_id") or ""})
    except (tk.ObjectNotFound, tk.ValidationError):
        return None
    return shown


def _resource(package: Mapping[str, Any], form: str) -> dict[str, Any] | None:
    found = (item for item in package["resources"] if _of_release(item, package) and item.get("format") == form)
    return next(found, None)


def _files(package: Mapping[str, Any]) -> dict[str, str]:
    """Return the addresses of the release's files under the names by which they can be checked."""
    urls = [str(item.get("url")) for item in package["resources"] if _of_release(item, package)]
    found = {name: url for end, name in _FILE_ENDS.items() for url in urls if url.endswith(end)}
    return dict(sorted(found.items()))


def _of_release(resource: Mapping[str, Any], package: Mapping[str, Any]) -> bool:
    return bool(resource.get("release_id") == package.get("release_id"))


def _shown_rows(table: Mapping[str, Any] | None, found: tuple[columns.Column, ...]) -> list[list[str]]:
    if table is None or not found or not table.get("datastore_active"):
        return []
    names = [item.name for item in found]
    rows = _rows(str(table["id"]), limit=ROWS_SHOWN, fields=names, sort=f"{columns.PERIOD} desc")
    return [[_cell(row.get(item.name), item) for item in found] for row in rows]


def _rows(resource_id: str, **wanted: Any) -> list[dict[str, Any]]:
    try:
        answer = tk.get_action("datastore_search")({}, {"resource_id": resource_id, "include_total": False, **wanted})
    except (tk.ObjectNotFound, tk.NotAuthorized, tk.ValidationError):
        return []
    found: list[dict[str, Any]] = answer["records"]
    return found


def _cell(value: Any, column: columns.Column) -> str:
    if value in (None, ""):
        return ""
    if column.role is columns.Role.PERIOD:
        return formats.moment(str(value), config.language())
    if column.decimals is not None:
        return formats.number(float(value), config.language(), column.decimals)
    return str(value)


def _local(moment: str) -> str:
    """Return the DataStore's moment (UTC) as the local time that people read on an axis."""
    local = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC).astimezone(ZoneInfo(formats.HOME_ZONE))
    return local.replace(tzinfo=None).isoformat(timespec="seconds")
