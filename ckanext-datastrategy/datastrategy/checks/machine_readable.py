"""Rule `machine_readable`: at least one resource can be read by software, not only by eye.

Source: Directive (EU) 2019/1024 Art. 2(13) and Art. 5(1).
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.formats import format_code, is_machine_readable
from datastrategy.requirements import Requirement

__all__ = ["check"]


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``machine-readable`` or ``machine-readable-missing``."""
    del today
    codes = [code for code in map(format_code, facts.formats) if code]
    if any(is_machine_readable(code) for code in codes):
        return outcome("machine_readable", "machine-readable", requirement, facts, passed=True)
    return outcome("machine_readable", "machine-readable-missing", requirement, facts, passed=False)
