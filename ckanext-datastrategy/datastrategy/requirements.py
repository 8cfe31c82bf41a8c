"""Profile and requirement: the dated list of datasets a city is expected to open.

Boundary: values; reading them from files is in :mod:`datastrategy.profiles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from datastrategy.kinds import DataKind, Level
from datastrategy.legal import LegalReference
from datastrategy.licenses import LicenseRule
from datastrategy.localized import Localized

__all__ = ["Profile", "Requirement", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing somebody does about a missing dataset or delivery, `days` after the case was opened."""

    id: str
    days: int
    text: Localized

    def due_on(self, opened_on: date) -> date:
        """Return the day this step is due for a case opened on a day."""
        return opened_on + timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One dataset expected of a city.

    Args:
        theme: Code of the EU authority table ``data-theme``.
        frequency: Code of the EU authority table ``frequency``: the data may not be older.
        formats_any: Format codes of which at least one must be offered.
        levels: Weight of each check by its name; a check not named here is not run.
        tolerance: Factor on the days of the frequency before data count as stale.
        also: Where other profiles expect the same.
    """

    id: str
    title: Localized
    consequence: Localized
    theme: str
    frequency: str
    formats_any: tuple[str, ...]
    steps: tuple[Step, ...]
    data_kind: DataKind = DataKind.CITY
    license_rule: LicenseRule = LicenseRule.OPEN
    levels: Mapping[str, Level] = field(default_factory=dict)
    tolerance: float = 1.5
    optional: bool = False
    also: tuple[str, ...] = ()

    def level(self, check: str) -> Level | None:
        """Return how much a check weighs here, None when it does not apply."""
        return self.levels.get(check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One version of a list of requirements with its dates and source."""

    id: str
    version: str
    title: Localized
    valid_from: date
    valid_to: date | None
    binding: str
    source: LegalReference
    requirements: tuple[Requirement, ...]

    def requirement(self, requirement_id: str) -> Requirement | None:
        """Return a requirement by id, None when the profile has none of that name."""
        return next((item for item in self.requirements if item.id == requirement_id), None)

    def is_valid(self, on: date) -> bool:
        """Tell whether this version applies on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)
