"""Deliveries: the list, one delivery with what is wrong or waited for, and a DPO's decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint, make_response
from markupsafe import Markup
from werkzeug.wrappers import Response

from cityharvest import api
from cityopen import timeline
from ckanext.cityopen import config, security

__all__ = ["deliveries"]

deliveries = Blueprint("deliveries", __name__, url_prefix="/deliveries")
PAGE_SIZE = 50
FINDINGS_SHOWN = 100


@deliveries.route("")
def index() -> str | Response:
    """List the deliveries that the visitor may see."""
    if tk.current_user.is_anonymous:
        return _login()
    asked = tk.request.args
    page = max(1, tk.asint(asked.get("page") or 1)) if (asked.get("page") or "1").isdecimal() else 1
    mandates = {item["id"]: item for item in tk.get_action("datastrategy_mandate_list")({}, {})}
    state = asked.get("state") if asked.get("state") in set(api.DeliveryState) else None
    mandate = asked.get("mandate") if asked.get("mandate") in {item["slug"] for item in mandates.values()} else None
    wanted = {"mandate": mandate, "states": state, "limit": PAGE_SIZE + 1, "offset": (page - 1) * PAGE_SIZE}
    found = tk.get_action("datastrategy_delivery_list")({}, wanted)
    shown = [item for item in found[:PAGE_SIZE] if item["late"] or asked.get("late") != "1"]
    return tk.render(
        "cityopen/deliveries.html",
        {
            "deliveries": [{**item, "mandate": mandates.get(item["mandate_id"])} for item in shown],
            "mandates": list(mandates.values()),
            "states": list(api.DeliveryState),
            "chosen": {"mandate": mandate or "", "state": state or "", "late": asked.get("late") == "1"},
            "page": page,
            "has_more": len(found) > PAGE_SIZE,
        },
    )


@deliveries.route("/<delivery_id>")
def read(delivery_id: str) -> str | Response:
    """Show one delivery."""
    return _page(delivery_id)


@deliveries.route("/<delivery_id>/report")
def report(delivery_id: str) -> str | Response:
    """Show the officer's report: what was risky, what was done, what was lost, what remains."""
    if tk.current_user.is_anonymous:
        return _login()
    try:
        found = tk.get_action("datastrategy_delivery_report")({}, {"id": delivery_id, "lang": config.language()})
        delivery = tk.get_action("datastrategy_delivery_show")({}, {"id": delivery_id})
        mandate = tk.get_action("datastrategy_mandate_show")({}, {"id": delivery["mandate_id"]})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no report of this delivery yet."))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only officers and data protection officers of the lead city see this report."))
    values = {"delivery": delivery, "mandate": mandate, "html": Markup(found["html"])}  # noqa: S704 - escaped by its maker
    response = make_response(tk.render("cityopen/delivery_report.html", values))
    response.headers["Cache-Control"] = "private, no-store"
    return response


@deliveries.route("/<delivery_id>/decision", methods=["POST"])
def decide(delivery_id: str) -> str | Response:
    """Take a DPO's decision about a held delivery."""
    if not security.csrf_checked():
        return tk.abort(400, tk._("The form has expired. Please open the page again and repeat your decision."))
    if tk.current_user.is_anonymous:
        return _login()
    form = tk.request.form
    decision, reason = form.get("decision", ""), form.get("reason", "").strip()
    missing = [name for name, value in (("decision", decision), ("reason", reason)) if not value]
    if missing:
        return _refused(_page(delivery_id, {"missing": missing, "decision": decision, "reason": reason}), 422)
    try:
        tk.get_action("datastrategy_delivery_decide")({}, {"id": delivery_id, "decision": decision, "reason": reason})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such delivery."))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only a data protection officer of the lead city decides about this delivery."))
    except tk.ValidationError as error:
        return _refused(_page(delivery_id, {"refusal": error.error_dict, "decision": decision, "reason": reason}), 409)
    tk.h.flash_success(tk._("Your decision is recorded. The delivery goes on by itself."))
    return tk.redirect_to("deliveries.read", delivery_id=delivery_id)


def _page(delivery_id: str, attempt: Mapping[str, Any] | None = None) -> str | Response:
    if tk.current_user.is_anonymous:
        return _login()
    try:
        delivery = tk.get_action("datastrategy_delivery_show")({}, {"id": delivery_id})
        mandate = tk.get_action("datastrategy_mandate_show")({}, {"id": delivery["mandate_id"]})
    except tk.ObjectNotFound:
        return tk.abort(404, tk._("There is no such delivery."))
    except tk.NotAuthorized:
        return tk.abort(403, tk._("Only the company and the cities concerned see this delivery."))
    findings = delivery["findings"] or (delivery["error"] or {}).get("findings") or []
    return tk.render(
        "cityopen/delivery.html",
        {
            "delivery": delivery,
            "mandate": mandate,
            "way": timeline.way(delivery["state"], delivery["history"], delivery["held_from"]),
            "findings": findings[:FINDINGS_SHOWN],
            "findings_left": max(0, len(findings) - FINDINGS_SHOWN),
            "attempt": attempt or {},
        },
    )


def _login() -> Response:
    tk.h.flash_notice(tk._("Deliveries are between companies and cities. Please log in to see yours."))
    return tk.redirect_to("user.login", came_from=tk.h.full_current_url())


def _refused(page: str | Response, status: int) -> Response:
    response = make_response(page)
    response.status_code = status
    return response
