"""Counted nouns in Slovene (four forms) and English (two).

Boundary: only the nouns that sentences of this package count, in the nominative.
Source: CLDR plural rules for ``sl``: one n mod 100 = 1, two = 2, few = 3–4, other.
"""

from __future__ import annotations

__all__ = ["UNITS", "counted", "slovene_form"]

UNITS: dict[str, dict[str, tuple[str, ...]]] = {
    "dataset": {
        "sl": ("zbirka podatkov", "zbirki podatkov", "zbirke podatkov", "zbirk podatkov"),
        "en": ("dataset", "datasets"),
    },
    "file": {"sl": ("datoteka", "datoteki", "datoteke", "datotek"), "en": ("file", "files")},
    "character": {"sl": ("znak", "znaka", "znaki", "znakov"), "en": ("character", "characters")},
    "day": {"sl": ("dan", "dneva", "dnevi", "dni"), "en": ("day", "days")},
}


def slovene_form(count: int) -> int:
    """Return 0 to 3: which of the four Slovene forms a whole number takes.

    >>> [slovene_form(n) for n in (1, 2, 3, 4, 5, 101, 0)]
    [0, 1, 2, 2, 3, 0, 3]
    """
    last = abs(count) % 100
    return {1: 0, 2: 1, 3: 2, 4: 2}.get(last, 3)


def counted(count: int, unit: str, lang: str) -> str:
    """Return a number with its noun, e.g. ``2 datoteki`` or ``1 file``."""
    forms = UNITS[unit][lang]
    form = slovene_form(count) if lang == "sl" else int(abs(count) != 1)
    return f"{count}\N{NO-BREAK SPACE}{forms[form]}"
