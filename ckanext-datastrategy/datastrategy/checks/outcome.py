"""Builds the finding of a rule with the weight that the requirement gives it."""

from __future__ import annotations

from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding, ParamValue
from datastrategy.kinds import Level
from datastrategy.requirements import Requirement

__all__ = ["outcome"]


def outcome(
    check: str, slug: str, requirement: Requirement, facts: DatasetFacts, *, passed: bool, **params: ParamValue
) -> Finding:
    """Return a finding on a dataset; a rule that the requirement does not name counts as SHOULD."""
    return Finding(
        check=check,
        slug=slug,
        level=requirement.level(check) or Level.SHOULD,
        passed=passed,
        params=params,
        dataset_id=facts.id,
    )
