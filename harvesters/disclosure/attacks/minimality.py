"""Boundary and minimality: do labels tell more than the public hierarchy, or why they were made coarse?

Attacker: reads exact extremes off labels ("31-47" says that somebody is 31 and somebody 47), or concludes from an
odd label which value forced it. Method: compares every printed label with what the hierarchy, the ladder or the
calendar allows without any data. Pass rule: every label is a node that is public beforehand, every period begins where
the calendar says, and no column is printed that the policy does not describe.
Residual, documented: that a class was made coarser tells that a finer one did not satisfy the rule; for roll-ups the
argument in ``policies.rollup`` shows that even this is true of inputs in which nobody was small.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar, Final

from disclosure.attacks.core import Result, Target, judged
from disclosure.attacks.microdata import MISSING, extreme_findings, is_microdata, quasi_columns
from disclosure.attacks.periods import WHOLE, start_of
from disclosure.attacks.records import covers
from disclosure.spec import PERIOD_COLUMN

_INTERVAL: Final = re.compile(r"\s*[\[(]?\s*(-?\d+(?:\.\d+)?)\s*(?:-|–|,|\.\.|to)\s*(-?\d+(?:\.\d+)?)\s*[\])]?\s*")


class Minimality:
    """Attack 9."""

    name: ClassVar[str] = "minimality"

    def applies(self, target: Target) -> str | None:
        """Every table has labels."""
        return None if target.table.num_rows else "nothing-published"

    def run(self, target: Target, *, seed: int) -> Result:  # noqa: ARG002 - exact, nothing is drawn
        """Judge columns, labels and periods."""
        extra = [name for name in target.table.column_names if name not in target.policy.shape(target.spec).names]
        labels = _odd_labels(target)
        reason = "column-not-described" if extra else "label-from-the-data" if labels else "period-off-the-calendar"
        findings = [*extra, *labels, *_odd_periods(target)]
        return judged(self.name, reason, findings, columns=target.table.num_columns)


def _odd_labels(target: Target) -> list[tuple[str, Any]]:
    meaning = covers(target)
    found: list[tuple[str, Any]] = extreme_findings(target) if is_microdata(target) else []
    names = quasi_columns(target) if is_microdata(target) else list(target.spec.zones)
    for name in (name for name in names if name in target.table.column_names):
        labels = target.table.column(name).unique().to_pylist()
        if name in meaning:
            found += [(name, label) for label in labels if label not in MISSING and label not in meaning[name]]
        else:
            found += [(name, pair) for pair in _overlapping(labels)]
    return found


def _overlapping(labels: list[Any]) -> list[tuple[str, str]]:
    """Pairs of intervals that overlap without one holding the other: no hierarchy has such labels."""
    intervals = []
    for label in labels:
        match = _INTERVAL.fullmatch(str(label)) if label is not None else None
        if match and float(match[1]) <= float(match[2]):
            intervals.append((float(match[1]), float(match[2]), str(label)))
    intervals.sort(key=lambda each: (each[0], -each[1]))
    found, holders = [], list[tuple[float, float, str]]()
    for low, high, label in intervals:
        while holders and holders[-1][1] < low:
            holders.pop()
        # Ranges that only touch ("0-10", "10-20") are how people write disjoint classes.
        if holders and holders[-1][1] < high and holders[-1][1] > low:
            found.append((holders[-1][2], label))
        holders.append((low, high, label))
    return found


def _odd_periods(target: Target) -> list[tuple[str, Any]]:
    spec = target.spec
    if PERIOD_COLUMN not in target.table.column_names:
        return []
    starts: list[datetime] = target.table.column(PERIOD_COLUMN).to_pylist()
    lengths = _lengths(target) or [str(spec.time_bin)] * len(starts)
    pairs = {pair for pair in zip(starts, lengths, strict=True) if pair[1] != WHOLE}
    covered = getattr(target.policy, "covers", None)
    first = covered.first if covered else None
    return [
        (PERIOD_COLUMN, start)
        for start, length in sorted(pairs)
        if start_of(start, length, spec.timezone, first) != start
    ]


def _lengths(target: Target) -> list[str]:
    """The length of each row's period, where a table has several: the level says it, also of the whole."""
    times = {level.slug: level.time for level in getattr(target.policy, "levels", ())}
    return [times[slug] for slug in target.table.column("level").to_pylist()] if times else []
