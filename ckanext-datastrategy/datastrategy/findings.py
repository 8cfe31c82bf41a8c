"""The result of one rule on one dataset: a stable slug and evidence, no sentence.

Boundary: the sentences for a slug are in :mod:`datastrategy.messages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from datastrategy.facts import DatasetFacts
from datastrategy.kinds import Level
from datastrategy.requirements import Requirement

__all__ = ["Check", "Finding", "ParamValue"]

ParamValue = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Outcome of a rule.

    Args:
        check: Name of the rule, e.g. ``license``.
        slug: What was seen, noun-condition, e.g. ``license-missing``; never renamed.
        params: Values for the sentence: plain JSON, dates in ISO form. Nothing that changes by time alone,
            so that assessing again on the next day gives an equal finding.
    """

    check: str
    slug: str
    level: Level
    passed: bool
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    dataset_id: str | None = None

    @property
    def blocks(self) -> bool:
        """True when this finding alone keeps the requirement from being met."""
        return not self.passed and self.level is Level.MUST

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return {
            "check": self.check,
            "slug": self.slug,
            "level": str(self.level),
            "passed": self.passed,
            "evidence": {"key": self.slug, "params": dict(self.params)},
            "dataset_id": self.dataset_id,
        }


class Check(Protocol):
    """A rule: facts, requirement and date in, exactly one finding out; never raises on odd facts."""

    def __call__(self, facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
        """Return the finding of this rule on one dataset."""
        ...
