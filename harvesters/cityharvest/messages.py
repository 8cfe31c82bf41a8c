"""Texts for people, Slovene and English, for every error code and reason of this package.

The tables are ``data/messages/*.yaml``: code -> ``{sl, en}`` with ``{name}`` places for params. Pages, mails and
the command line ask here; the data itself carries codes and params only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

LANGUAGES: Final = ("sl", "en")
UNKNOWN: Final = "unknown-code"


class _Params(dict[str, Any]):
    """A param that was not given shows its name, so that a sentence is never lost for it."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


@lru_cache(maxsize=1)
def table() -> Mapping[str, Mapping[str, str]]:
    """Return code -> language -> text, of all files.

    Raises:
        ValueError: a code stands in two files, or lacks a language.
    """
    merged: dict[str, Mapping[str, str]] = {}
    folder = files("cityharvest") / "data" / "messages"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".yaml"):
            _merge(merged, file.name, yaml.safe_load(file.read_text(encoding="utf-8")))
    return merged


def text(code: str, params: Mapping[str, Any] | None = None, lang: str = "sl") -> str:
    """Return the sentence for a code.

    Args:
        code: of an error, a held reason, a finding or a state.
        params: values for its places.
        lang: ``sl`` or ``en``; others fall back to English.
    """
    row = table().get(code) or _of_disclosure(code)
    language = lang if lang in LANGUAGES else "en"
    if row is None:
        return table()[UNKNOWN][language].format(code=code)
    return row[language].format_map(_Params(params or {}))


def both(code: str, params: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the sentence in every language, for API answers."""
    return {language: text(code, params, language) for language in LANGUAGES}


def _of_disclosure(code: str) -> Mapping[str, str] | None:
    """Return the row of a code that the disclosure control raised."""
    # Imported when needed: the package brings its engine, which a web process that shows a sentence does without.
    from disclosure.messages import table as disclosure_table

    return disclosure_table().get(code)


def _merge(merged: dict[str, Mapping[str, str]], name: str, rows: Mapping[str, Mapping[str, str]]) -> None:
    for code, row in rows.items():
        if code in merged:
            raise ValueError(f"{name}: {code} is in two message tables")
        if not all(row.get(language) for language in LANGUAGES):
            raise ValueError(f"{name}: {code} lacks a language")
        merged[code] = row
