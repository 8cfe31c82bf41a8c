"""Rule `bulk`: the whole dataset can be downloaded as a file, not only asked for piece by piece.

Source: Regulation (EU) 2023/138 Art. 3(1) and annex; here for every requirement that names the rule.
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.requirements import Requirement

__all__ = ["check"]


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``bulk-download`` or ``bulk-download-missing``."""
    del today
    passed = facts.download_count > 0
    slug = "bulk-download" if passed else "bulk-download-missing"
    return outcome("bulk", slug, requirement, facts, passed=passed, downloads=max(0, facts.download_count))
