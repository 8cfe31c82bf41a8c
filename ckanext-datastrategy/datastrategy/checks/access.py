"""Rule `access`: what counts as open is open to everybody.

A register that must stay closed is listed in the catalogue with other access rights; it does not meet a requirement.
Source: EU authority table ``access-right``.
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.requirements import Requirement

__all__ = ["check"]

_CLOSED = frozenset({"RESTRICTED", "NON_PUBLIC", "SENSITIVE", "CONFIDENTIAL"})


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``access-open`` or ``access-closed``; rights that are not stated count as open."""
    del today
    stated = facts.access_rights if isinstance(facts.access_rights, str) else ""
    code = stated.rstrip("/").rsplit("/", 1)[-1].upper()
    if code in _CLOSED:
        return outcome("access", "access-closed", requirement, facts, passed=False, access_rights=code)
    return outcome("access", "access-open", requirement, facts, passed=True)
