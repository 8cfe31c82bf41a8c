"""Homogeneity and skewness: does belonging to a class tell the sensitive value?

Attacker: knows in which class of records, or in which row of a table, a person is. Method: guesses the most frequent
sensitive value of the class. Pass rules: a class has at least the stated number of different values, and two where
none is stated; the share of the guess is above the share of that value in the whole table by no more than the stated
t, and by no more than one half where none is stated (90 % against 20 % is disclosure whoever asks). In a table, no
printed cell of a sensitive column holds all of its row, and no printed amount is zero where the preset calls a zero
small ("away" is true of everybody). Exact over the whole table; missing values protect nobody.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Final

from disclosure.attacks.core import Result, Target, judged
from disclosure.attacks.microdata import classes, is_microdata, quasi_columns, sensitive_columns
from disclosure.attacks.totals import ANY, additive_columns, cells_of, has_totals
from disclosure.spec import UNITS_COLUMN

MOST_GAIN: Final = 0.5
LEAST_VALUES: Final = 2
_ROUNDING: Final = 1e-9


class Homogeneity:
    """Attack 7."""

    name: ClassVar[str] = "homogeneity"

    def applies(self, target: Target) -> str | None:
        """Needs a published sensitive column, or figures of which a zero would be true of everybody."""
        return None if sensitive_columns(target) or _zero_tells(target) else "no-sensitive-column"

    def run(self, target: Target, *, seed: int) -> Result:  # noqa: ARG002 - exact, nothing is drawn
        """Judge every class and every sensitive column."""
        columns = sensitive_columns(target)
        findings = [each for name in columns for each in _of_column(target, name)]
        findings += _zeros(target) if _zero_tells(target) else []
        reason = findings[0][0] if findings else "one-value-in-class"
        return judged(self.name, reason, findings, columns=len(columns))


def _zero_tells(target: Target) -> bool:
    """Whether the preset withholds zeros, and exact amounts are printed: no noise, no records."""
    exact = target.policy.name not in {"cell-key", "dp"} and not is_microdata(target)
    return (
        exact
        and target.preset.zero_is_small
        and any(name in target.table.column_names for name in target.spec.measures)
    )


def _zeros(target: Target) -> list[tuple[str, Any]]:
    """Printed amounts of zero in rows that have units: everybody in them had nothing."""
    table = target.table
    units = table.column(UNITS_COLUMN).to_pylist() if UNITS_COLUMN in table.column_names else [1] * table.num_rows
    return [
        ("zero-is-true-of-everybody", (row, name))
        for name in target.spec.measures
        if name in table.column_names
        for row, value in enumerate(table.column(name).to_pylist())
        if value == 0 and units[row]
    ]


def _of_column(target: Target, name: str) -> list[tuple[str, Any]]:
    if is_microdata(target):
        return _of_records(target, name)
    return _of_rows(target, name) if has_totals(target) else []


def _of_records(target: Target, name: str) -> list[tuple[str, Any]]:
    values = target.table.column(name).to_pylist()
    overall = Counter(values)
    least, gain = _stated(target, name)
    found: list[tuple[str, Any]] = []
    for labels, rows in classes(target.table, quasi_columns(target)).items():
        here = Counter(values[row] for row in rows)
        known = {value for value in here if value is not None}
        if len(known) < min(least, len({value for value in overall if value is not None})):
            found.append(("one-value-in-class", labels))
            continue
        value, number = max(here.items(), key=lambda each: each[1])
        if number / len(rows) - overall[value] / len(values) > gain + _ROUNDING:
            found.append(("class-is-skewed", labels))
    return found


def _stated(target: Target, name: str) -> tuple[int, float]:
    """The least number of values and the largest gain, as the policy states them publicly."""
    stated = target.policy.public()
    least = max(LEAST_VALUES, *(int(stated.get(rule) or 0) for rule in ("distinct_l", "entropy_l")))
    # The distance of ordered values does not bound the share of one value.
    if stated.get("t") is None or name in {*stated.get("ordered", ()), *stated.get("coding", ())}:
        return least, MOST_GAIN
    return least, float(stated["t"])


def _of_rows(target: Target, name: str) -> list[tuple[str, Any]]:
    """Printed cells that are as large as the total over the sensitive column, where others were possible."""
    found: list[tuple[str, Any]] = []
    place = list(target.spec.key_columns).index(name)
    for column in additive_columns(target):
        cells = cells_of(target, column)
        if len({key[place] for key in cells} - {ANY}) < LEAST_VALUES:
            continue
        for key, cell in cells.items():
            whole = cells.get((*key[:place], ANY, *key[place + 1 :]))
            if key[place] is not ANY and whole is not None and cell.value and cell.value == whole.value:
                found.append(("row-has-one-value", key))
    return found
