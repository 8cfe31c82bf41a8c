"""The board of a city: what it has, what is missing, what companies owe it. Works without the search."""

from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint
from werkzeug.wrappers import Response

from cityopen import shares, territory
from ckanext.cityopen import search_down

__all__ = ["city"]

city = Blueprint("city", __name__, url_prefix="/city")
_ORDER = ("missing", "partial", "met", "exempted", "not_applicable")
# The dataset that draws the map: the one that answers this requirement.
_BOUNDARIES = "admin-boundaries"


@city.route("/<name>")
def read(name: str) -> str | Response:
    """Show the board of a city; a company's page is its organization page."""
    try:
        board = tk.get_action("datastrategy_board")({}, {"organization_id": name})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such city here."))
    if board["organization"]["kind"] == "company":
        return tk.redirect_to("organization.read", id=board["organization"]["name"])
    verdicts = sorted(board["verdicts"], key=lambda item: _ORDER.index(item["status"]))
    return tk.render(
        "cityopen/city.html",
        {
            "board": board,
            "city": board["organization"],
            "description": search_down.organization(board["organization"]["id"]).get("description") or "",
            "municipality": territory.municipality(board["organization"].get("municipality_code") or ""),
            "verdicts": [item for item in verdicts if not item["optional"]],
            "optional": [item for item in verdicts if item["optional"]],
            "parts": shares.divide(board["counts"]),
            "applicable": shares.applicable(board["counts"]),
            "map": _map(board["verdicts"]),
            "mandate_titles": {item["id"]: item["title"] for item in board["mandates"]},
        },
    )


def _map(verdicts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what the map draws: the address of the zones' GeoJSON, or the outline alone."""
    boundaries = [
        item for verdict in verdicts if verdict["requirement_id"] == _BOUNDARIES for item in verdict["datasets"]
    ]
    for link in boundaries:
        try:
            package = tk.get_action("package_show")({}, {"id": link["id"]})
        except (tk.ObjectNotFound, tk.NotAuthorized):
            continue
        url = next((_own_address(item) for item in package["resources"] if _is_geojson(item)), None)
        outline = package.get("spatial") or ""
        if url or outline:
            return {"url": url, "outline": json.loads(outline) if outline else None, "dataset": package}
    return None


def _is_geojson(resource: dict[str, Any]) -> bool:
    return resource.get("url_type") == "upload" and str(resource.get("format")).lower() == "geojson"


def _own_address(resource: dict[str, Any]) -> str:
    """Return where this very host serves an upload; the stored address may name the portal by another name."""
    return str(
        tk.h.url_for(
            "resource.download",
            id=resource["package_id"],
            resource_id=resource["id"],
            filename=str(resource["url"]).rsplit("/", 1)[-1],
        )
    )
