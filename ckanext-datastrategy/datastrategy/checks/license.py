"""Rule `license`: the dataset carries a license that the profile accepts.

Source: Directive (EU) 2019/1024 Art. 8; for high-value data Regulation (EU) 2023/138 Art. 4(3).
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.licenses import find_license, is_allowed
from datastrategy.requirements import Requirement

__all__ = ["check"]


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``license-accepted``, ``license-missing``, ``license-unknown`` or ``license-not-open``."""
    del today
    named = facts.license_id or facts.license_url
    found = find_license(facts.license_id, facts.license_url)
    if not named or (found is not None and not found.specified):
        return outcome("license", "license-missing", requirement, facts, passed=False)
    if found is None:
        return outcome("license", "license-unknown", requirement, facts, passed=False, license=str(named))
    passed = is_allowed(found, requirement.license_rule)
    slug = "license-accepted" if passed else "license-not-open"
    return outcome("license", slug, requirement, facts, passed=passed, license=found.id)
