"""One shape for the errors of the delivery route: code, category, sentence in both languages. Pure but for names.

``{"error": {"code": …, "category": …, "message": {"sl": …, "en": …}, "params": {…}, "problems": […]}}``
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["OWN_TEXTS", "error_body", "own_error", "status_of"]

# What the route itself says; everything else comes from the ledger with both languages.
OWN_TEXTS: Mapping[str, Mapping[str, str]] = {
    "token-missing": {
        "sl": "Zahteva nima veljavnega žetona API. Ustvarite ga v profilu in pošljite v glavi Authorization.",
        "en": "The request carries no valid API token. Make one in your profile and send it as Authorization.",
    },
    "not-a-sender": {
        "sl": "Za to obveznost lahko pošilja samo pooblaščeni pošiljatelj podjetja.",
        "en": "Only a sender of the company may send for this mandate.",
    },
    "mandate-unknown": {
        "sl": "Te obveznosti ni.",
        "en": "There is no such mandate.",
    },
    "raw-body-expected": {
        "sl": "Pošljite samo datoteko kot telo zahteve, brez obrazca (curl: --upload-file, brez --form in --data).",
        "en": "Send the file alone as the body, not in a form (curl: --upload-file, no --form or --data).",
    },
    "length-missing": {
        "sl": "Zahteva mora imeti glavo Content-Length ali telo v kosih (chunked).",
        "en": "The request needs the header Content-Length or a chunked body.",
    },
}
_STATUSES: Mapping[str, int] = {
    "token-missing": 401,
    "not-a-sender": 403,
    "mandate-unknown": 404,
    "raw-body-expected": 415,
    "length-missing": 411,
    "delivery-too-large": 413,
    "delivery-in-progress": 409,
    "delivery-withdrawn": 409,
    "parts-are-collected": 409,
    "transition-not-allowed": 409,
}
_RETRIABLE_STATUS = 503
_REFUSED_STATUS = 422


def status_of(code: str, category: str) -> int:
    """Return the HTTP status of an error: its own, 503 for what a later try may bring, else 422."""
    return _STATUSES.get(code) or (_RETRIABLE_STATUS if category == "retriable" else _REFUSED_STATUS)


def own_error(code: str) -> tuple[dict[str, Any], int]:
    """Return body and status of an error of the route itself."""
    body = {"error": {"code": code, "category": "fatal", "message": dict(OWN_TEXTS[code])}}
    return body, status_of(code, "fatal")


def error_body(error_dict: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return body and status of an action's validation error, whose values CKAN keeps in lists."""
    code, category = str(_first(error_dict, "code", "invalid")), str(_first(error_dict, "category", "fatal"))
    shown: dict[str, Any] = {"code": code, "category": category, "message": _first(error_dict, "message", {})}
    params = _first(error_dict, "params", {})
    if params:
        shown["params"] = params
    if error_dict.get("problems"):
        shown["problems"] = error_dict["problems"]
    return {"error": shown}, status_of(code, category)


def _first(error_dict: Mapping[str, Any], name: str, otherwise: Any) -> Any:
    value = error_dict.get(name)
    return (value[0] if value else otherwise) if isinstance(value, list) else (value or otherwise)
