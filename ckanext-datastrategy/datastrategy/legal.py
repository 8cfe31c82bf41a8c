"""References to law, each with its validity and how well it was checked.

Boundary: carries the reference; whether a rule follows from it is decided by profiles and presets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from datastrategy.localized import Localized

__all__ = ["Evidence", "LegalReference", "LegalStatus"]


class LegalStatus(StrEnum):
    """Where an act stands."""

    IN_FORCE = "in_force"
    PROPOSED = "proposed"
    REPEALED = "repealed"
    NOT_LAW = "not_law"


class Evidence(StrEnum):
    """How a statement about the law was established."""

    READ = "read"
    SECONDARY = "secondary"
    JUDGEMENT = "judgement"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalReference:
    """One act or document with the article meant, its dates and the evidence behind it."""

    title: Localized
    url: str | None = None
    article: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    status: LegalStatus = LegalStatus.IN_FORCE
    evidence: Evidence = Evidence.UNVERIFIED

    @classmethod
    def from_mapping(cls, raw: Mapping[str, object]) -> LegalReference:
        """Return the reference of a mapping as found in data files and in mandates; dates as ISO text or dates.

        Raises:
            KeyError: The title lacks a language.
            ValueError: A date, status or evidence is none.
        """
        title = raw["title"]
        if not isinstance(title, Mapping):
            raise KeyError("title")
        return cls(
            title=Localized.from_mapping(title),
            url=_text(raw.get("url")),
            article=_text(raw.get("article")),
            valid_from=_date(raw.get("valid_from")),
            valid_to=_date(raw.get("valid_to")),
            status=LegalStatus(str(raw.get("status", LegalStatus.IN_FORCE))),
            evidence=Evidence(str(raw.get("evidence", Evidence.UNVERIFIED))),
        )

    def is_binding(self, on: date) -> bool:
        """Tell whether the act is law on a date and its wording was read or confirmed."""
        return (
            self.status is LegalStatus.IN_FORCE
            and self.evidence in {Evidence.READ, Evidence.SECONDARY}
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on <= self.valid_to)
        )

    def as_dict(self) -> dict[str, object]:
        """Return the reference as plain JSON values; dates in ISO form."""
        return {
            "title": self.title.as_dict(),
            "url": self.url,
            "article": self.article,
            "valid_from": None if self.valid_from is None else self.valid_from.isoformat(),
            "valid_to": None if self.valid_to is None else self.valid_to.isoformat(),
            "status": str(self.status),
            "evidence": str(self.evidence),
        }


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _date(value: object) -> date | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, date) else date.fromisoformat(str(value))
