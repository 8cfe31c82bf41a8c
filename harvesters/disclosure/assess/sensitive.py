"""What a class tells about somebody in it: diversity and closeness of one sensitive column.

Boundary: reads values per class and keeps the weakest figures; the classes themselves are forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from disclosure.assess.closeness import Closeness, closeness
from disclosure.assess.diversity import Diversity, diversity
from disclosure.assess.metrics import Hierarchy, metric_of
from disclosure.assess.runs import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitiveRisk:
    """One sensitive column, counted by rows or by one privacy unit.

    Attributes:
        column: the column.
        unit: the unit, each pair of unit and value counting once; None when rows were counted.
        values: number of different known values.
        missing: how often the value is missing; such a value neither protects nor betrays.
        diversity: the weakest class; None where no value is known.
        closeness: the class that is farthest from the table; None where no value is known.
    """

    column: str
    unit: str | None
    values: int
    missing: int
    diversity: Diversity | None
    closeness: Closeness | None


def sensitive_risk(
    column: str,
    values: Values,
    *,
    unit: str | None = None,
    order: Sequence[Any] | None = None,
    hierarchy: Hierarchy | None = None,
) -> SensitiveRisk:
    """Judge one column; reads the runs to their end."""
    metric = metric_of(column, values.labels, order, hierarchy)
    least: Diversity | None = None
    farthest: Closeness | None = None
    for runs in values.runs:
        here, distance = diversity(runs), closeness(runs, values.totals, metric)
        least = here if least is None else least.weaker(here)
        farthest = distance if farthest is None else farthest.weaker(distance)
    return SensitiveRisk(
        column=column,
        unit=unit,
        values=len(values.labels),
        missing=values.missing,
        diversity=least,
        closeness=farthest,
    )
