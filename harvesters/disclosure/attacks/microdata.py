"""Microdata as an attacker reads it: rows with the same printed quasi-identifiers are one class.

Boundary: works on the published strings alone; a missing label is a value like any other. Where one unit has several
rows, rows are no units, and the class is counted against the input by its labels (``linkage``).
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from disclosure.attacks.core import Target
from disclosure.attacks.members import unit_text
from disclosure.sqltext import ident

MICRODATA: Final = frozenset({"recode"})
"""Policies whose published rows are records and not cells."""

MISSING: Final = frozenset({None, "(missing)"})
"""How a missing label is printed."""


def is_microdata(target: Target) -> bool:
    """Whether the published rows are records."""
    return target.policy.name in MICRODATA


def quasi_columns(target: Target) -> list[str]:
    """The published columns that an intruder may know from elsewhere."""
    return [name for name in target.spec.quasi if name in target.table.column_names]


def sensitive_columns(target: Target) -> list[str]:
    """The published columns that nobody must learn about somebody."""
    return [name for name in target.spec.sensitive if name in target.table.column_names]


def classes(table: pa.Table, columns: list[str]) -> dict[tuple[Any, ...], list[int]]:
    """Row numbers of each class, by its printed labels."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for row, labels in enumerate(zip(*(table.column(name).to_pylist() for name in columns), strict=True)):
        found.setdefault(labels, []).append(row)
    return found


def class_findings(target: Target) -> list[tuple[Any, ...]]:
    """Classes with fewer records than the preset's number of units; a printed weight tells records apart as well."""
    least = target.preset.min_units
    weight = [name for name in (target.spec.weight,) if name and name in target.table.column_names]
    found = classes(target.table, [*quasi_columns(target), *weight])
    return [labels for labels, rows in found.items() if len(rows) < least]


def repeated_findings(target: Target) -> list[tuple[Any, ...]]:
    """How many units have several records where the policy states that each has one: records are no units then."""
    if target.truth is None or target.spec.unit is None or not getattr(target.policy, "one_record_per_unit", False):
        return []
    (repeated,) = target.truth.con.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {ident(target.truth.relation)}"
        f" GROUP BY {unit_text(target.spec.unit)} HAVING count(*) > 1)"
    ).fetchall()[0]
    return [("unit-repeats", repeated)] if repeated else []


def missing_findings(target: Target) -> list[tuple[Any, ...]]:
    """The same for classes with a missing label, in one or several columns."""
    return [labels for labels in class_findings(target) if MISSING & set(labels)]


def extreme_findings(target: Target) -> list[tuple[str, Any]]:
    """Sensitive numbers beyond their stated bounds, and bounds that fewer records reach than a class must hold."""
    found: list[tuple[str, Any]] = []
    for name, bounds in dict(getattr(target.policy, "coding", {}) or {}).items():
        values = [value for value in target.table.column(name).to_pylist() if value is not None]
        found += [(name, value) for value in values if not bounds.low <= value <= bounds.high]
        found += [(name, end) for end in (bounds.low, bounds.high) if 0 < values.count(end) < target.preset.min_units]
    return found
