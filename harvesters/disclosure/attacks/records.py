"""Which published records could be a person whose true quasi-identifiers are known.

Boundary: reads labels against the public hierarchies of the policy (a label covers values; a value without a
hierarchy covers itself). Whoever shares all labels with the target is a candidate; where one person has several
records, the candidates are counted as distinct people of the input whose true values the labels cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from disclosure.attacks.core import Target
from disclosure.attacks.members import unit_text
from disclosure.attacks.microdata import MISSING, classes, quasi_columns
from disclosure.sqltext import ident

MOST_PEOPLE: Final = 2_000


def covers(target: Target) -> dict[str, Mapping[str, frozenset[str]]]:
    """For each quasi-identifier what its labels cover, as the policy states it publicly."""
    hierarchies: Mapping[str, Any] = getattr(target.policy, "hierarchies", {}) or {}
    return {name: each.covered() for name, each in hierarchies.items() if hasattr(each, "covered")}


def candidates(target: Target) -> dict[Any, list[int]]:
    """For a sample of people, the numbers of people in each class of records that could hold one of their rows."""
    if target.truth is None or target.spec.unit is None:
        raise ValueError("this attack needs the truth")
    columns, meaning = quasi_columns(target), covers(target)
    names = ", ".join(f"CAST({ident(name)} AS VARCHAR)" for name in columns)
    order = ", ".join(str(place) for place in range(1, len(columns) + 2))
    rows = target.truth.con.execute(
        f"SELECT DISTINCT {unit_text(target.spec.unit)} AS __person, {names} FROM {ident(target.truth.relation)}"
        f" ORDER BY hash(__person), {order} LIMIT {MOST_PEOPLE}"
    ).fetchall()
    found: dict[Any, list[int]] = {}
    # A record stands for at most one person, so a class holds at most as many people as records.
    sizes = {labels: len(numbers) for labels, numbers in classes(target.table, columns).items()}
    for person, *values in rows:
        fitting = [size for labels, size in sizes.items() if _fits(labels, values, columns, meaning)]
        if fitting:
            found.setdefault(person, []).append(sum(fitting))
    return found


def _fits(
    labels: tuple[Any, ...], values: list[Any], columns: list[str], meaning: Mapping[str, Mapping[str, frozenset[str]]]
) -> bool:
    """Whether every label covers the true value; a missing value is covered by itself or by the label of all."""
    for name, label, value in zip(columns, labels, values, strict=True):
        known = meaning.get(name, {})
        if label == value or (value is None and label in MISSING):
            continue
        covered = known.get(str(label), frozenset())
        # The label of everything covers a missing value as well.
        if str(value) not in covered and not (value is None and len(covered) == max(map(len, known.values()))):
            return False
    return True
