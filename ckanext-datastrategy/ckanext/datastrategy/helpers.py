"""Template helpers: choices of the dataset form, and texts of slugs in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ckanext.datastrategy import config
from ckanext.datastrategy.reports import database_today
from datastrategy.messages import text
from datastrategy.profiles import load_profile

__all__ = ["datastrategy_localized", "datastrategy_requirement_choices", "datastrategy_text"]


def datastrategy_requirement_choices(field: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the requirements of the site's profile as choices of a form field."""
    del field
    profile = load_profile(config.profile_id(), database_today())
    return [{"value": item.id, "label": item.title.as_dict()} for item in profile.requirements]


def datastrategy_localized(texts: Mapping[str, str] | None) -> str:
    """Return the text of ``{"sl": …, "en": …}`` in the language of the page."""
    if not texts:
        return ""
    return texts["sl"] if config.page_language().startswith("sl") else texts["en"]


def datastrategy_text(slug: str, params: Mapping[str, Any] | None = None) -> str:
    """Return the sentence for a slug in the language of the page."""
    return text(slug, params, config.page_language())
