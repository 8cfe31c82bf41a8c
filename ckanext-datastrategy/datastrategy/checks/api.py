"""Rule `api`: single rows can be queried over the portal's API.

Source: Directive (EU) 2019/1024 Art. 5(5)-(6).
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.formats import format_code, is_service
from datastrategy.requirements import Requirement

__all__ = ["check"]


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``api-offered`` or ``api-missing``; a live service among the resources counts as an API."""
    del today
    codes = [code for code in map(format_code, facts.formats) if code]
    passed = facts.datastore_active or any(is_service(code) for code in codes)
    return outcome("api", "api-offered" if passed else "api-missing", requirement, facts, passed=passed)
