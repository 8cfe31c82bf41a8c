"""Settings of the pages, and the language of the page; the only place that reads either."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import ckan.plugins.toolkit as tk

__all__ = ["assets_folder", "contact_email", "language", "said", "source_url"]

_PACKAGED_ASSETS = Path(__file__).parent / "public" / "cityopen" / "vendor"


def assets_folder() -> Path:
    """Return the folder of the scripts that are built at install; the package's own unless configured."""
    configured = tk.config.get("ckanext.cityopen.assets_folder")
    return Path(configured) if configured else _PACKAGED_ASSETS


def source_url() -> str:
    """Return where the source code of this installation lies (AGPL, section 13); by default the portal hands it out."""
    return str(tk.config.get("ckanext.cityopen.source_url") or tk.h.url_for("home_pages.source"))


def contact_email() -> str:
    """Return the address for accessibility and other complaints; empty when the operator named none."""
    return str(tk.config.get("ckanext.cityopen.contact_email") or "")


def language() -> str:
    """Return ``sl`` or ``en``, the language of the page."""
    return "sl" if str(tk.h.lang()).startswith("sl") else "en"


def said(texts: Mapping[str, str] | None) -> str:
    """Return the text of ``{"sl": …, "en": …}`` in the language of the page, the other one when it is missing."""
    if not texts:
        return ""
    return texts.get(language()) or next((text for text in texts.values() if text), "")
