"""Response headers: no foreign hosts, no framing, uploads never run. A pure decision, and the hook that applies it.

Core pages with inline scripts (forms of resources, data viewers) get a policy that allows inline scripts but still no
other host; every other page runs scripts from files of this site only.
"""

from __future__ import annotations

import re
from typing import Any

import ckan.plugins.toolkit as tk

__all__ = ["add_headers", "csrf_checked", "headers_for"]

_COMMON = (
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
)
STRICT_POLICY = _COMMON + "script-src 'self'"
INLINE_POLICY = _COMMON + "script-src 'self' 'unsafe-inline'"
# A file of somebody else: shown as nothing, run as nothing.
FILE_POLICY = "sandbox; default-src 'none'"

_LOCALE = r"(?:/[a-z]{2}(?:_[A-Za-z]+)?)?"
_FILE = re.compile(rf"^{_LOCALE}(?:/uploads/|/file/|/dataset/[^/]+/resource/[^/]+/download)")
_WITH_INLINE_SCRIPTS = re.compile(
    rf"^{_LOCALE}/(?:ckan-admin|dataset/new|dataset/edit|organization/(?:new|edit)|dataset/[^/]+/(?:resource|dictionary))"
)


def headers_for(path: str) -> dict[str, str]:
    """Return the headers that an answer to this path carries."""
    headers = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
    if _FILE.match(path):
        return {**headers, "Content-Security-Policy": FILE_POLICY, "Content-Disposition": "attachment"}
    policy = INLINE_POLICY if _WITH_INLINE_SCRIPTS.match(path) else STRICT_POLICY
    return {**headers, "Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}


def add_headers(response: Any) -> Any:
    """Add the headers to an answer; a disposition that already is ``attachment`` keeps its file name."""
    for name, value in headers_for(tk.request.path).items():
        present = response.headers.get(name, "")
        if not (name == "Content-Disposition" and (present.startswith("attachment") or response.status_code >= 300)):
            response.headers[name] = value
    return response


def csrf_checked() -> bool:
    """Tell whether an unsafe request of a page carries a valid CSRF token, whatever other requests came before.

    CKAN exempts a view from its own check once somebody used an API token on it; so the page checks by itself.
    """
    from flask_wtf.csrf import validate_csrf
    from wtforms import ValidationError

    field = tk.config.get("WTF_CSRF_FIELD_NAME")
    try:
        validate_csrf(tk.request.form.get(field))
    except ValidationError:
        return False
    return True
