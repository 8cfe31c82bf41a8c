"""Numbers as a person of a language writes them."""

from __future__ import annotations

from typing import Any

_SLOVENE_SEPARATORS = str.maketrans(",.", ".,")
_THIN = "\u202f"


def number(value: Any, lang: str) -> Any:
    """Whole numbers with the separators of the language, others with one decimal; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return text if lang == "en" else text.translate(_SLOVENE_SEPARATORS)


def share(part: int, whole: int, lang: str) -> str:
    """A share in percent with one decimal; nothing of nothing is a dash."""
    return f"{number(100 * part / whole, lang)}{_THIN}%" if whole else "–"
