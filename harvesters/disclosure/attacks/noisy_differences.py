"""Differencing of tables with keyed noise: subtract a corrected version from the first one, cell by cell.

Attacker: holds both versions, and knows that in each cell one reading was corrected, or one unit taken out. Method: the
difference of the published figures is his estimate of the change.
Success: amounts are found to the last published digit in more cells than the minimum accepts for a guess (one in k);
the size of a change of the count in more than half of the cells. Both by the one-sided 95 % lower bound (Clopper and
Pearson), so that few cells do not raise a false alarm. *That* something changed in a cell is not hidden by this
method: the same units have the same noise, other units have another.

Samples: the rows of `SAMPLE_UNITS` units. Measures whose step is coarser than a tenth of the correction are left out:
rounding alone makes such differences meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import unit_text
from disclosure.attacks.sampling import some_units
from disclosure.attacks.statistics import proportion_lower
from disclosure.binning import period_start_sql
from disclosure.errors import DisclosureError
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, Spec
from disclosure.sqltext import ident, one_row

SAMPLE_UNITS: Final = 4000
PART: Final = 8
"""A correction is this part of the largest reading, so that the largest contributors mostly stay who they are."""

LEAST_STEPS: Final = 10
MOST_COUNTS: Final = 0.5
_ROWS, _FIRST, _SECOND = "_attack_noisy_rows", "_attack_noisy_1", "_attack_noisy_2"

Cells = dict[tuple[Any, ...], dict[str, Any]]


def findings(target: Target, truth: Truth) -> tuple[list[tuple[str, int, int]], int]:
    """Columns in which changes show, with hits and cells; and how many cells were looked at."""
    spec, found = target.spec, []
    with some_units(truth, spec, _FIRST, SAMPLE_UNITS) as sample, _numbered(sample, spec):
        first = _cells(target, sample)
        without = _after(target, sample, f"FROM {_ROWS} WHERE __unit <> __target")
        hits = _hits(first, without, UNITS_COLUMN, Decimal(-1), Decimal(0))
        if proportion_lower(sum(hits), len(hits)) > MOST_COUNTS:
            found.append((UNITS_COLUMN, sum(hits), len(hits)))
        for name, measure in spec.measures.items():
            step = Decimal(1).scaleb(-measure.decimals)
            change = (_largest(sample, name) / PART).quantize(step)
            if change < LEAST_STEPS * step:
                continue
            raised = f"CASE WHEN __place = 1 THEN {ident(name)} + {change} ELSE {ident(name)} END"
            corrected = _after(target, sample, f"REPLACE ({raised} AS {ident(name)}) FROM {_ROWS}")
            hits = _hits(first, corrected, name, change, step)
            if proportion_lower(sum(hits), len(hits)) > 1 / target.preset.min_units:
                found.append((name, sum(hits), len(hits)))
    return found, len(first)


@contextmanager
def _numbered(truth: Truth, spec: Spec) -> Iterator[None]:
    """Number the rows within each cell, so that one of them can be changed; ties in order make no difference."""
    zones = "".join(f"CAST({ident(name)} AS VARCHAR), " for name in spec.zones)
    period = period_start_sql(spec) if spec.time else "1"
    unit = unit_text(str(spec.unit))
    order = ", ".join(["md5(__unit)", *(ident(name) for name in spec.measures)])
    in_cell = f"OVER (PARTITION BY __cell ORDER BY {order})"
    try:
        truth.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS"
            f" SELECT *, row_number() {in_cell} AS __place, first(__unit) {in_cell} AS __target"
            f" FROM (SELECT *, ({zones}{period}) AS __cell, {unit} AS __unit FROM {ident(truth.relation)})"
        )
        yield
    finally:
        for name in (_ROWS, _SECOND):
            truth.con.execute(f"DROP TABLE IF EXISTS {name}")


def _after(target: Target, truth: Truth, change: str) -> Cells:
    """The release after one unit of each cell was taken out, or one reading of each cell was corrected."""
    truth.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SECOND} AS SELECT * EXCLUDE (__cell, __unit, __place, __target) {change}"
    )
    return _cells(target, Truth(con=truth.con, relation=_SECOND))


def _cells(target: Target, truth: Truth) -> Cells:
    """The table the house would publish, by cell; nothing where it refuses."""
    try:
        made = target.policy.protect(truth.con, truth.relation, target.spec, target.preset, target.site)
    except DisclosureError:
        return {}
    return _by_cell(made.table, target.spec)


def _by_cell(table: pa.Table, spec: Spec) -> Cells:
    keys = [name for name in (*spec.zones, PERIOD_COLUMN) if name in table.column_names]
    return {tuple(row[name] for name in keys): row for row in table.to_pylist()}


def _largest(truth: Truth, name: str) -> Decimal:
    """The largest single reading, up to 12 digits."""
    (value,) = one_row(truth.con, f"SELECT max(abs(CAST({ident(name)} AS DECIMAL(18,6)))) FROM {_ROWS}")
    return Decimal(value or 0)


def _hits(first: Cells, second: Cells, column: str, change: Decimal, tolerance: Decimal) -> list[bool]:
    """For each cell in both versions whether the difference is the change."""
    both = [(first[cell][column], second[cell][column]) for cell in first if cell in second]
    return [abs(Decimal(after) - Decimal(before) - change) <= tolerance for before, after in both]
