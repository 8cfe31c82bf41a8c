"""Rule `kind`: the dataset says which of the three kinds of data it is.

Source: the city's data strategy; :class:`datastrategy.kinds.DataKind`.
"""

from __future__ import annotations

from datetime import date

from datastrategy.checks.outcome import outcome
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.requirements import Requirement

__all__ = ["check"]


def check(facts: DatasetFacts, requirement: Requirement, today: date) -> Finding:
    """Report ``kind-stated`` or ``kind-missing``."""
    del today
    if facts.data_kind is None:
        return outcome("kind", "kind-missing", requirement, facts, passed=False)
    return outcome("kind", "kind-stated", requirement, facts, passed=True, kind=str(facts.data_kind))
