"""Home, accessibility statement, source code, texts of scripts, and the scripts built at install.

Home asks the search only for the newest datasets; with the search down the rest of the page still opens.
"""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, jsonify, send_from_directory
from flask_babel import force_locale

from cityopen import shares, territory
from ckanext.cityopen import charts, config, search_down, source_archive
from ckanext.cityopen.script_texts import texts
from ckanext.datastrategy.shared import organization_summary  # pyright: ignore[reportMissingImports]

__all__ = ["home"]

home = Blueprint("home_pages", __name__)
_NEWEST_SHOWN = 5
_CITIES_SHOWN = 60


@home.route("/")
def index() -> str:
    """Show what this is, the cities with their boards, and the newest data."""
    organizations = [organization_summary(name) for name in tk.get_action("organization_list")({}, {})]
    cities = [item for item in organizations if item["kind"] == "city"]
    cities.sort(key=lambda item: territory.sort_key(item["title"]))
    newest, search_ok = _newest()
    return tk.render(
        "cityopen/home.html",
        {
            "cities": [_with_counts(item) for item in cities[:_CITIES_SHOWN]],
            "more_cities": max(0, len(cities) - _CITIES_SHOWN),
            "company_count": len(organizations) - len(cities),
            "newest": newest,
            "search_ok": search_ok,
        },
    )


@home.route("/accessibility")
def accessibility() -> str:
    """Show the accessibility statement."""
    return tk.render("cityopen/accessibility.html", {"contact_email": config.contact_email()})


@home.route("/source.zip")
def source() -> Response:
    """Hand out the source code of the installed packages (AGPL, section 13)."""
    headers = {"Content-Disposition": "attachment; filename=cityopen-source.zip"}
    return Response(source_archive.build(), mimetype="application/zip", headers=headers)


@home.route(f"{charts.SCRIPT_URL}<name>")
def vendor(name: str) -> Response:
    """Hand out a script built at install; its name changes with its content."""
    response = send_from_directory(config.assets_folder(), name, mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@home.route("/api/i18n/<any(sl, en):lang>")
def script_texts(lang: str) -> Response:
    """Hand out the texts of CKAN's scripts in a language of this portal."""
    with force_locale(lang):
        return jsonify(texts(lang))


def _with_counts(city: dict[str, Any]) -> dict[str, Any]:
    report = tk.get_action("datastrategy_report_show")({}, {"organization_id": city["id"]})
    return {**city, "counts": report["counts"], "parts": shares.divide(report["counts"])}


def _newest() -> tuple[list[dict[str, Any]], bool]:
    wanted = {"rows": _NEWEST_SHOWN, "sort": "metadata_modified desc", "facet": "false"}
    try:
        return tk.get_action("package_search")({}, wanted)["results"], True
    except search_down.SEARCH_ERRORS:
        return [], False
