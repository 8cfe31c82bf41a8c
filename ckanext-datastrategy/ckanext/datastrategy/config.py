"""Typed access to the options of ``config_declaration.yaml``; nothing else reads the configuration."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import ckan.plugins.toolkit as tk
from flask import has_request_context

__all__ = ["page_language", "profile_id", "publisher_user", "set_schema_defaults"]

_SCHEMA_DEFAULTS = {
    "scheming.dataset_schemas": "ckanext.datastrategy:schemas/dataset.yaml",
    "scheming.organization_schemas": "ckanext.datastrategy:schemas/organization.yaml",
    "scheming.presets": "ckanext.scheming:presets.json",
}


def page_language() -> str:
    """Return the language of the page being made; the site's own where there is none (jobs, commands)."""
    return str(tk.h.lang()) if has_request_context() else str(tk.config["ckan.locale_default"])


def profile_id() -> str:
    """Return the profile that the boards show."""
    return str(tk.config["ckanext.datastrategy.profile"])


def publisher_user() -> str:
    """Return the name of the user whose token the publisher holds."""
    return str(tk.config["ckanext.datastrategy.publisher_user"])


def set_schema_defaults(config: MutableMapping[str, Any]) -> None:
    """Name our schema files where the site names none."""
    for option, files in _SCHEMA_DEFAULTS.items():
        if not config.get(option):
            config[option] = files
