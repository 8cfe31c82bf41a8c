"""Validators of the schema files.

Boundary: they bring values into one shape and protect what only the publisher may say; nothing is refused because it is
missing. Rules that look at a whole dataset are checks in :mod:`datastrategy.checks`.
"""

from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model

from ckanext.datastrategy import config
from ckanext.datastrategy.mapping import string_list
from ckanext.datastrategy.texts import said
from datastrategy import frequencies

__all__ = [
    "datastrategy_access_right",
    "datastrategy_frequency",
    "datastrategy_release_field",
    "datastrategy_string_list",
    "datastrategy_themes",
]

_AUTHORITY = "http://publications.europa.eu/resource/authority/"


def datastrategy_string_list(value: Any) -> str:
    """Return a list given as list, JSON text or comma-separated text as JSON text, without doubles.

    Raises:
        Invalid: The value is neither.
    """
    if not isinstance(value, str | list | tuple | set):
        raise tk.Invalid(said("list-expected"))
    return json.dumps(string_list(value), ensure_ascii=False)


def datastrategy_frequency(value: str) -> str:
    """Return the authority IRI of a known frequency; an unknown one stays as it came."""
    return frequencies.iri_of(value) or value


def datastrategy_access_right(value: str) -> str:
    """Return the authority IRI of a bare access-right code; anything else stays as it came."""
    return _AUTHORITY + "access-right/" + value.upper() if value.replace("_", "").isalpha() else value


def datastrategy_themes(value: Any) -> str:
    """Return themes as JSON text, bare codes such as ``ENVI`` as authority IRIs."""
    themes = json.loads(datastrategy_string_list(value))
    return json.dumps([_AUTHORITY + "data-theme/" + item.upper() if item.isalpha() else item for item in themes])


def datastrategy_release_field(key: Any, data: Any, errors: Any, context: Any) -> None:
    """Keep the stored value of a field that follows from a release, unless the publisher or a sysadmin sends another.

    Forms do not send these fields; what is not sent is kept for everybody, an empty value sent by the publisher clears.
    """
    del errors
    is_sent = data.get(key, tk.missing) is not tk.missing
    if is_sent and (context.get("ignore_auth") or _may_write_release_fields(context.get("user"))):
        return
    stored = context.get("package")
    value = (stored.extras or {}).get(key[-1]) if stored is not None else None
    data[key] = tk.missing if value is None else value


def _may_write_release_fields(user_name: str | None) -> bool:
    user = model.User.get(user_name) if user_name else None
    return user is not None and (bool(user.sysadmin) or user.name == config.publisher_user())
