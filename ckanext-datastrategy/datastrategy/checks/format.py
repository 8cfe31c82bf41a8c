"""Rule `format`: at least one resource is in a format the requirement names.

Source: the ``formats`` of the profile's item.
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.formats import format_code
from datastrategy.requirements import Requirement

__all__ = ["check"]


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``format-accepted``, ``format-other`` or ``resource-missing``."""
    del today
    wanted = ", ".join(requirement.formats_any)
    if facts.resource_count < 1:
        return outcome("format", "resource-missing", requirement, facts, passed=False, wanted=wanted)
    offered = sorted({code for code in map(format_code, facts.formats) if code})
    accepted = [code for code in offered if code in requirement.formats_any]
    if accepted:
        return outcome("format", "format-accepted", requirement, facts, passed=True, format=", ".join(accepted))
    return outcome(
        "format", "format-other", requirement, facts, passed=False, format=", ".join(offered) or "–", wanted=wanted
    )
