"""Sentences of our message table in the language of the page; the only texts that this extension's Python says.

Boundary: templates are translated by the portal's catalogs, not here.
"""

from __future__ import annotations

from typing import Any

from ckanext.datastrategy.config import page_language
from datastrategy.messages import text

__all__ = ["said"]


def said(slug: str, **params: Any) -> str:
    """Return the sentence for a slug as a plain string, where CKAN takes no more than one language."""
    return text(slug, params, page_language())
