"""Rule `contact`: somebody can be asked about the data.

Source: DCAT-AP 3, ``dcat:contactPoint``; Regulation (EU) 2023/138 Art. 3(4).
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.requirements import Requirement

__all__ = ["check"]


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``contact-given`` or ``contact-missing``; the evidence never repeats the address."""
    del today
    passed = isinstance(facts.contact, str) and bool(facts.contact.strip())
    return outcome("contact", "contact-given" if passed else "contact-missing", requirement, facts, passed=passed)
