"""Reading an answer of the Action API: result, absent, try again, or a person must look. Pure.

Boundary: no request is made here. Error texts of CKAN come in the portal's default language, therefore only the HTTP
status and the answer's ``__type`` decide (knowledge: "Action API", classify by ``__type`` and status).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cityharvest.errors import PublishRefused, PublishTemporary

# Solr's faults: the data is fine, the index is not. "Search Error" comes with 409, which is otherwise final.
_INDEX_FAULTS = frozenset({"Search Error", "Search Index Error", "Search Connection Error", "Search Query Error"})
_WAIT_STATUSES = frozenset({408, 423, 425, 429})


class AbsentError(Exception):
    """The portal knows no such dataset, resource or table (404 with ``Not Found Error``)."""


def result_of(action: str, status: int, body: bytes) -> Any:
    """Return the action's result.

    Raises:
        AbsentError: the named thing does not exist.
        PublishTemporary: the portal, its index or its queue is down; the same call may succeed later.
        PublishRefused: the portal understood and said no; asking again changes nothing.
    """
    answer = _parse(body)
    if status == 200 and answer is not None and answer.get("success") is True:
        return answer.get("result")
    kind, fields = _error_of(answer)
    if kind in _INDEX_FAULTS:
        raise PublishTemporary("portal-index-down", action=action, status=status)
    if status >= 500 or status in _WAIT_STATUSES:
        raise PublishTemporary("portal-failed", action=action, status=status)
    if answer is None:
        # A proxy's page, or a portal that is still starting: nobody refused anything.
        raise PublishTemporary("portal-not-json", action=action, status=status)
    if status == 404 and kind == "Not Found Error":
        raise AbsentError(action)
    if status == 403:
        raise PublishRefused("portal-forbidden", action=action, status=status)
    if status == 409:
        raise PublishRefused("portal-invalid", action=action, status=status, fields=", ".join(fields))
    raise PublishRefused("portal-refused", action=action, status=status)


def _parse(body: bytes) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, UnicodeDecodeError):
        return None
    if isinstance(answer, str):
        # An unknown action is answered with a bare JSON string and 400.
        return {"success": False, "error": {"__type": "Bad Request"}}
    return answer if isinstance(answer, dict) else None


def _error_of(answer: Mapping[str, Any] | None) -> tuple[str, list[str]]:
    error = (answer or {}).get("error")
    if not isinstance(error, dict):
        return "", []
    # Names of the fields only: the texts may repeat values.
    return str(error.get("__type", "")), sorted(key for key in error if key not in {"__type", "message"})
