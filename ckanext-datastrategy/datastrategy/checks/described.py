"""Rule `described`: a reader learns from the description what the data are.

Source: DCAT-AP 3, ``dct:description`` of a dataset; the length is a choice of this house.
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.requirements import Requirement

__all__ = ["MIN_NOTES_LENGTH", "check"]

MIN_NOTES_LENGTH = 40


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``description-given``, ``description-short`` or ``description-missing``."""
    del today
    length = max(0, facts.notes_length)
    passed = length >= MIN_NOTES_LENGTH
    slug = "description-given" if passed else "description-short" if length else "description-missing"
    return outcome("described", slug, requirement, facts, passed=passed, length=length, min_length=MIN_NOTES_LENGTH)
