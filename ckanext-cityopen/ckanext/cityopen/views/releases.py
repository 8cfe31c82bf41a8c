"""The chart of a published dataset, as a drawing and as the specification that the browser draws."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, jsonify

from cityopen import chart
from ckanext.cityopen import charts, config, release_block

__all__ = ["releases"]

releases = Blueprint("releases", __name__, url_prefix="/releases")
_MAX_AGE_SECONDS = 300


@releases.route("/<dataset>/chart.svg")
def chart_svg(dataset: str) -> Response:
    """Return the drawing."""
    return _kept(Response(charts.svg(_spec(dataset), config.language()), mimetype="image/svg+xml"))


@releases.route("/<dataset>/chart.json")
def chart_json(dataset: str) -> Response:
    """Return the Vega-Lite specification, data included, and how the language writes numbers and dates."""
    lang = config.language()
    locales = {"number_locale": chart.NUMBER_LOCALE[lang], "time_locale": chart.time_locale(lang)}
    return _kept(jsonify({"spec": _spec(dataset), **locales}))


def _spec(dataset: str) -> dict[str, Any]:
    try:
        package = tk.get_action("package_show")({}, {"id": dataset})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return tk.abort(404, tk._("There is no such dataset."))
    spec = release_block.chart_spec(package)
    return spec if spec is not None else tk.abort(404, tk._("This dataset has no chart."))


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={_MAX_AGE_SECONDS}"
    return response
