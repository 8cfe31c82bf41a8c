"""Mandates: what companies owe to cities, by which right, and how to send it. Public."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint, make_response
from werkzeug.wrappers import Response

from ckanext.cityopen import security

__all__ = ["mandates"]

mandates = Blueprint("mandates", __name__, url_prefix="/mandates")
_PERIODS_SHOWN = 12


@mandates.route("")
def index() -> str:
    """List all mandates."""
    return tk.render("cityopen/mandates.html", {"mandates": tk.get_action("datastrategy_mandate_list")({}, {})})


@mandates.route("/<slug>")
def read(slug: str) -> str | Response:
    """Show one mandate: what, legal basis, periods, columns, how to send."""
    return _page(slug)


@mandates.route("/<slug>/nothing", methods=["POST"])
def nothing(slug: str) -> str | Response:
    """Take a company's word that there is nothing to report for a period."""
    if not security.csrf_checked():
        return tk.abort(400, tk._("The form has expired. Please open the page again."))
    form = tk.request.form
    period, reason = form.get("period", "").strip(), form.get("reason", "").strip()
    given = {"period": period, "reason": reason}
    missing = [name for name, value in given.items() if not value]
    if missing:
        return _refused(_page(slug, {**given, "missing": missing}), 422)
    try:
        delivery = tk.get_action("datastrategy_delivery_nil")({}, {"mandate": slug, **given})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such mandate."))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only a sender of the company reports for it."))
    except tk.ValidationError as error:
        return _refused(_page(slug, {**given, "refusal": error.error_dict}), 409)
    tk.h.flash_success(tk._("Recorded: there is nothing to report for this period."))
    return tk.redirect_to("deliveries.read", delivery_id=delivery["id"])


def _page(slug: str, attempt: dict[str, Any] | None = None) -> str | Response:
    try:
        mandate = tk.get_action("datastrategy_mandate_show")({}, {"id": slug})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such mandate."))
    deliveries = _deliveries(mandate["slug"])
    return tk.render(
        "cityopen/mandate.html",
        {
            "mandate": mandate,
            "deliveries": deliveries,
            "open_periods": sorted({item["period"] for item in deliveries if item["state"] == "due"}),
            "may_send": tk.h.check_access("datastrategy_delivery_nil", {"mandate": mandate["slug"]}),
            "columns": (mandate.get("contract") or {}).get("fields") or [],
            "attempt": attempt or {},
        },
    )


def _deliveries(slug: str) -> list[dict[str, Any]]:
    """Return the last deliveries, to those who may see them."""
    if tk.current_user.is_anonymous:
        return []
    wanted = {"mandate": slug, "limit": _PERIODS_SHOWN}
    found: list[dict[str, Any]] = tk.get_action("datastrategy_delivery_list")({}, wanted)
    return found


def _refused(page: str | Response, status: int) -> Response:
    response = make_response(page)
    response.status_code = status
    return response
