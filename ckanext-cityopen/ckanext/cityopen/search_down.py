"""While the search is down: which errors say so, what still can be shown, and the page for the rest."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan.lib.search import SearchError
from ckan.lib.search.common import SolrConnectionError
from flask import jsonify

__all__ = ["SEARCH_ERRORS", "answer", "organization"]

SEARCH_ERRORS = (SearchError, SolrConnectionError)
_RETRY_SECONDS = "30"


def answer(error: Exception) -> Any:
    """Answer 503: a sentence for people, the kind of error for programs."""
    if tk.request.path.startswith("/api/"):
        return jsonify({"success": False, "error": {"__type": "Search Connection Error"}}), 503
    del error
    headers = {"Retry-After": _RETRY_SECONDS}
    return tk.render("cityopen/search_down.html"), 503, headers


def organization(id_or_name: str) -> dict[str, Any]:
    """Return an organization without anything that CKAN would ask the search for (datasets, counts, groups)."""
    left_out = ("datasets", "dataset_count", "groups", "users", "followers")
    wanted = {"id": id_or_name, **{f"include_{name}": False for name in left_out}}
    return dict(tk.get_action("organization_show")({}, wanted))
