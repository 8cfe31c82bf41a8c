"""Template helpers: numbers, dates and texts in the language of the page, and what a dataset's page needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model
from ckan.lib import helpers as core_helpers

from cityharvest import api
from cityopen import formats
from ckanext.cityopen import charts, config, release_block, search_down
from ckanext.datastrategy.shared import text as strategy_text  # pyright: ignore[reportMissingImports]

__all__ = [
    "cityopen_ago",
    "cityopen_band",
    "cityopen_chart_script",
    "cityopen_date",
    "cityopen_deadline",
    "cityopen_join",
    "cityopen_ledger_text",
    "cityopen_moment",
    "cityopen_number",
    "cityopen_other_language",
    "cityopen_period",
    "cityopen_release",
    "cityopen_said",
    "cityopen_size",
    "cityopen_source_url",
    "cityopen_text",
    "cityopen_user_name",
    "dataset_display_name",
    "get_organization",
]


def cityopen_said(texts: Mapping[str, str] | None) -> str:
    """Return the text of ``{"sl": …, "en": …}`` in the language of the page."""
    return config.said(texts)


def cityopen_text(slug: str, params: Mapping[str, Any] | None = None) -> str:
    """Return a sentence of the strategy's table (findings, statuses, kinds)."""
    return strategy_text(slug, params, config.language())


def cityopen_ledger_text(code: str, params: Mapping[str, Any] | None = None) -> str:
    """Return a sentence of the ledger's table (errors, reasons, states)."""
    return api.messages.text(code, dict(params or {}), config.language())


def cityopen_number(value: float, decimals: int | None = None) -> str:
    """Return a number as the language writes it."""
    return formats.number(value, config.language(), decimals)


def cityopen_size(size_bytes: int | str) -> str:
    """Return a size in bytes with its unit."""
    return formats.size(int(size_bytes), config.language())


def cityopen_date(value: dt.date | str | None) -> str:
    """Return a date; an empty text for none."""
    return formats.date(value, config.language()) if value else ""


def cityopen_moment(value: dt.datetime | str | None) -> str:
    """Return date and time; an empty text for none."""
    return formats.moment(value, config.language()) if value else ""


def cityopen_deadline(value: dt.datetime | str | None) -> str:
    """Return the last day on which something is in time; an empty text for none."""
    return formats.deadline(value, config.language()) if value else ""


def cityopen_band(band: str | None) -> str:
    """Return in words how much was withheld; the exact share is never published."""
    words = {
        "0": tk._("nothing"),
        "<5 %": tk._("less than 5 %"),
        "5–20 %": tk._("between 5 and 20 %"),
        "20–50 %": tk._("between 20 and 50 %"),
        ">50 %": tk._("more than 50 %"),
        "not-stated": tk._("not stated, because so few units are concerned"),
    }
    return words.get(band or "", band or "")


def cityopen_ago(value: dt.datetime | str | None) -> str:
    """Return how long ago or how soon, in words."""
    return formats.ago(value, dt.datetime.now(dt.UTC), config.language()) if value else ""


def cityopen_period(key: str) -> str:
    """Return the name of a period."""
    return formats.period(key, config.language())


def cityopen_join(words: list[str]) -> str:
    """Return a list as a sentence writes it."""
    return formats.join(words, config.language())


def cityopen_release(package: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the dataset's page shows of a release, None for any other dataset."""
    return release_block.block(package)


def cityopen_chart_script() -> str:
    """Return the address of the chart script, an empty text before it was built."""
    built = charts.script_path(config.assets_folder()).exists()
    return f"{charts.SCRIPT_URL}{charts.script_name()}" if built else ""


def cityopen_source_url() -> str:
    """Return where the source code of this portal lies."""
    return config.source_url()


def cityopen_other_language() -> dict[str, str]:
    """Return code, name and address of this page in the other language."""
    code, name = ("en", "English") if config.language() == "sl" else ("sl", "Slovenščina")
    return {"code": code, "name": name, "url": tk.h.url_for(tk.h.current_url(), locale=code)}


def cityopen_user_name(actor: str) -> str:
    """Return a person's display name, or what kind of machine acted."""
    user = model.User.get(actor) if actor else None
    if user is not None:
        return str(user.display_name)
    return tk._("automatic processing")


def dataset_display_name(package_or_package_dict: Any) -> str:
    """Return a dataset's title; of a mandate's dataset the one in the language of the page.

    Replaces the core helper: a published dataset has one title field, its mandate has both languages.
    """
    is_dict = isinstance(package_or_package_dict, Mapping)
    mandate_id = package_or_package_dict.get("mandate_id") if is_dict else None
    if mandate_id and config.language() == "en":
        titles = release_block.dataset_titles(str(mandate_id))
        if titles:
            return config.said(titles)
    return str(core_helpers.dataset_display_name(package_or_package_dict))


def get_organization(org: str | None = None, include_datasets: bool = False) -> dict[str, Any]:
    """Return an organization for the page of a dataset, which must open while the search is down.

    Replaces the core helper: its count of datasets asks the search.
    """
    if org is None:
        return {}
    try:
        return dict(tk.get_action("organization_show")({}, {"id": org, "include_datasets": include_datasets}))
    except search_down.SEARCH_ERRORS:
        return search_down.organization(org)
    except (tk.ObjectNotFound, tk.ValidationError, tk.NotAuthorized):
        return {}
