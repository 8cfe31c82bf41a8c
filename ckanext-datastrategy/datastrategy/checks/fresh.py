"""Rule `fresh`: the content is not older than the requirement's frequency allows.

Evidence names the day of the change and the last good day, not an age: an age would change every night although
nothing happened. Source: the ``frequency`` and ``tolerance`` of the profile's item.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.frequencies import days_between_updates
from datastrategy.requirements import Requirement

__all__ = ["check"]


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``update-recent``, ``update-overdue``, ``update-unknown`` or ``update-not-promised``.

    The last good day is itself still good.
    """
    days = days_between_updates(requirement.frequency)
    if days is None:
        return outcome("fresh", "update-not-promised", requirement, facts, passed=True)
    if not isinstance(facts.modified, date):
        return outcome("fresh", "update-unknown", requirement, facts, passed=False, frequency=requirement.frequency)
    fresh_until = facts.modified + timedelta(days=math.ceil(days * requirement.tolerance))
    passed = today <= fresh_until
    return outcome(
        "fresh",
        "update-recent" if passed else "update-overdue",
        requirement,
        facts,
        passed=passed,
        modified=facts.modified.isoformat(),
        fresh_until=fresh_until.isoformat(),
        frequency=requirement.frequency,
    )
