"""The delivery route: a company's sender pushes one file as the raw body of a request.

``PUT|POST /api/cityopen/v1/mandates/<slug>/deliveries/<period>``, API token in ``Authorization``, optionally
``X-Checksum-SHA256`` and ``X-Filename``. The body is read once, as a stream; no form parser ever sees it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import ckan.plugins.toolkit as tk
from ckan.lib import api_token
from flask import Blueprint, jsonify
from werkzeug.exceptions import ClientDisconnected

from ckanext.cityopen import answers

__all__ = ["sending"]

sending = Blueprint("sending", __name__, url_prefix="/api/cityopen/v1")
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_LAST_SHOWN = 20
_RETRY_SECONDS = 60
_DISCARDED_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


@sending.route("/mandates/<slug>/deliveries/<period>", methods=["PUT", "POST"])
def receive(slug: str, period: str) -> Any:
    """Take in the file of one period: 201 when it is new, 200 when the same bytes were there already."""
    problem = _problem_with_request()
    if problem:
        return _answer(*answers.own_error(problem))
    try:
        known = _known(slug)
        delivery = tk.get_action("datastrategy_delivery_receive")({}, _arrival(slug, period))
    except tk.NotAuthorized:
        return _answer(*answers.own_error("not-a-sender"))
    except tk.ObjectNotFound:
        return _answer(*answers.own_error("mandate-unknown"))
    except tk.ValidationError as error:
        return _answer(*answers.error_body(error.error_dict))
    unchanged = delivery["sha256"] and known.get(delivery["id"]) == delivery["sha256"]
    return _answer({"delivery": _receipt(delivery), "unchanged": bool(unchanged)}, 200 if unchanged else 201)


def _problem_with_request() -> str:
    """Return the code of what is wrong before anything is read, or an empty text.

    A session's cookie is never enough here: without an API token the request is refused, so it needs no CSRF token.
    """
    header = str(tk.request.headers.get(tk.config["apitoken_header_name"]) or "")
    owner = api_token.get_user_from_token(header, update_access_time=False) if header else None
    if owner is None or owner.name != tk.current_user.name:
        return "token-missing"
    if tk.request.mimetype in _FORMS:
        return "raw-body-expected"
    if tk.request.content_length is None and not tk.request.environ.get("wsgi.input_terminated"):
        return "length-missing"
    return ""


def _arrival(slug: str, period: str) -> dict[str, Any]:
    headers = tk.request.headers
    return {
        "mandate": slug,
        "period": period,
        "stream": tk.request.stream,
        "filename": headers.get("X-Filename"),
        "expected_sha256": headers.get("X-Checksum-SHA256"),
    }


def _known(slug: str) -> dict[str, str]:
    """Return the last deliveries and their checksums, by which a repeated file is told from a new one."""
    found = tk.get_action("datastrategy_delivery_list")({}, {"mandate": slug, "limit": _LAST_SHOWN})
    return {item["id"]: item["sha256"] for item in found}


def _receipt(delivery: dict[str, Any]) -> dict[str, Any]:
    names = (
        "id",
        "mandate_id",
        "mandate_slug",
        "period",
        "sequence",
        "state",
        "late",
        "due_at",
        "received_at",
        "sha256",
    )
    page = tk.url_for("deliveries.read", delivery_id=delivery["id"], _external=True)
    return {**{name: delivery[name] for name in names}, "url": page}


def _answer(body: dict[str, Any], status: int) -> Any:
    if status >= 400:
        _discard_body()
    response = jsonify(body)
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = "Token"
    if status == 503:
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response


def _discard_body() -> None:
    """Read what a refused sender is still sending, within a limit: it would see a broken connection, not the reason."""
    left = _DISCARDED_BYTES
    with suppress(OSError, ClientDisconnected):
        while left > 0 and (chunk := tk.request.stream.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
