"""Texts for people, Slovene and English, for every code, claim, band and reason of this package.

Boundary: tables (``messages.yaml`` and one file for each area in ``texts/``) and one lookup; the code that decides
knows only the slugs. A slug stands in one file only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """All texts: slug → language → text with ``{name}`` places."""
    texts: dict[str, Mapping[str, str]] = {}
    for path in text_files():
        texts |= yaml.safe_load(path.read_text("utf-8")) or {}
    return texts


def text_files() -> list[Path]:
    """Where the texts stand."""
    root = Path(str(files("disclosure")))
    return [root / "messages.yaml", *sorted((root / "texts").glob("*.yaml"))]


def text(slug: str, params: Mapping[str, Any] | None = None, lang: str = "en") -> str:
    """The text of a slug in a language; an unknown slug is shown as it is, so that nothing is lost."""
    texts = table().get(slug)
    if texts is None:
        return slug
    return texts[lang].format_map(_Shown(params or {}))


class _Shown(dict[str, Any]):
    """A parameter that was not given shows its name; lists are joined by commas."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
