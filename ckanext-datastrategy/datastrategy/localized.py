"""Texts in both languages of the product, read from data files and carried beside stable ids.

Boundary: no lookup by message key (see :mod:`datastrategy.messages`), no formatting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Localized"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Localized:
    """One text for people in Slovene and English."""

    sl: str
    en: str

    @classmethod
    def from_mapping(cls, raw: Mapping[str, object]) -> Localized:
        """Return the text of a mapping with the keys ``sl`` and ``en``.

        Raises:
            KeyError: One of the two languages is missing.
        """
        return cls(sl=str(raw["sl"]).strip(), en=str(raw["en"]).strip())

    def as_dict(self) -> dict[str, str]:
        """Return ``{"sl": …, "en": …}``."""
        return {"sl": self.sl, "en": self.en}

    def get(self, lang: str) -> str:
        """Return the text for a locale such as ``sl`` or ``en_GB``; English for any other language."""
        return self.sl if lang.startswith("sl") else self.en
