"""The gate's judgment of a flat table: every cell counted anew, compared with what is to be published."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb

from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.recounts import concentration, threshold_count
from disclosure.recounts.threshold_count import Key, Recounted
from disclosure.site import SiteRules
from disclosure.spec import MeasureKind, Presence, Spec


def recount(
    con: duckdb.DuckDBPyConnection, relation: str, protected: Protected, spec: Spec, preset: Preset, site: SiteRules
) -> None:
    """Compare the table with an independent count of the input.

    Raises:
        GateRefused: codes ``cell-below-minimum``, ``cell-unknown``, ``cell-missing``, ``cell-repeated``,
            ``count-differs``, ``figure-differs``, ``figure-zero``, ``columns-differ``, ``minimum-differs``,
            ``cell-concentrated``. The parameters say how many cells, never which.
    """
    unsafe: set[Key] = set()
    try:
        if spec.presence is Presence.SIMULTANEOUS:
            counted = threshold_count.count_present(con, relation, spec)
        else:
            counted = threshold_count.count_units(con, relation, spec, preset.min_units)
        if spec.presence is Presence.DISTINCT:
            unsafe = concentration.unsafe_cells(con, relation, spec, preset, site)
    finally:
        threshold_count.forget(con)
    published = _published(protected, spec)
    _compare_cells(published, counted, spec, preset)
    if concentrated := unsafe & published.keys():
        raise GateRefused("cell-concentrated", cells=len(concentrated))
    _compare_missing(published, {key: cell for key, cell in counted.items() if key not in unsafe}, spec, preset)
    least = min((counted[key].units for key in published), default=None) if spec.presence is not Presence.NONE else None
    if least != protected.achieved_min:
        raise GateRefused("minimum-differs")


def _published(protected: Protected, spec: Spec) -> dict[Key, Mapping[str, Any]]:
    if tuple(protected.table.column_names) != spec.output_columns:
        raise GateRefused("columns-differ", columns=protected.table.column_names)
    rows = protected.table.to_pylist()
    by_key = {tuple(row[name] for name in spec.key_columns): row for row in rows}
    if len(by_key) != len(rows):
        raise GateRefused("cell-repeated", cells=len(rows) - len(by_key))
    return by_key


def _compare_cells(
    published: Mapping[Key, Mapping[str, Any]], counted: Mapping[Key, Recounted], spec: Spec, preset: Preset
) -> None:
    """Every published cell exists in the input, keeps the rule, and says what the input says."""
    wrong: dict[str, int] = {}
    for key, row in published.items():
        code = _fault(row, counted.get(key), spec, preset)
        if code is not None:
            wrong[code] = wrong.get(code, 0) + 1
    if wrong:
        code = min(wrong)
        raise GateRefused(code, cells=wrong[code])


def _fault(row: Mapping[str, Any], cell: Recounted | None, spec: Spec, preset: Preset) -> str | None:
    if cell is None:
        # Recounting lists only cells with enough units, so an unknown cell may also be a small one.
        return "cell-below-minimum" if spec.unit is not None else "cell-unknown"
    if cell.units < preset.min_units:
        return "cell-below-minimum"
    if spec.presence is not Presence.NONE and row["units"] != cell.units:
        return "count-differs"
    if spec.count_rows_as and not _close(row[spec.count_rows_as], Decimal(cell.rows), cell.snapshots):
        return "count-differs"
    for number, (name, measure) in enumerate(spec.measures.items()):
        divisor = cell.values[number] if measure.kind is MeasureKind.MEAN else 1
        if not _close(row[name], cell.sums[number], divisor):
            return "figure-differs"
        if preset.zero_is_small and not row[name]:
            return "figure-zero"
    return None


def _close(shown: Decimal | int | None, total: Decimal | None, divisor: int) -> bool:
    """Whether `shown` is ``total / divisor`` rounded to its own number of decimals."""
    if shown is None or total is None:
        return shown is None and total is None
    figure = Decimal(shown)
    half = Decimal(5).scaleb(int(figure.as_tuple().exponent) - 1) if isinstance(shown, Decimal) else Decimal(0)
    return abs(figure * divisor - total) <= half * divisor


def _compare_missing(
    published: Mapping[Key, Mapping[str, Any]], counted: Mapping[Key, Recounted], spec: Spec, preset: Preset
) -> None:
    """A cell that may be published and is not there means that the two counts differ."""
    missing = [
        key
        for key, cell in counted.items()
        if key not in published and cell.units >= preset.min_units and not _is_zero(cell, spec, preset)
    ]
    if missing:
        raise GateRefused("cell-missing", cells=len(missing))


def _is_zero(cell: Recounted, spec: Spec, preset: Preset) -> bool:
    """Whether a figure of the cell would be printed as zero, which `preset` treats as small."""
    if not preset.zero_is_small:
        return False
    for total, values, measure in zip(cell.sums, cell.values, spec.measures.values(), strict=True):
        divisor = values if measure.kind is MeasureKind.MEAN else 1
        if total is None or abs(total) < Decimal(5).scaleb(-measure.decimals - 1) * divisor:
            return True
    return False
