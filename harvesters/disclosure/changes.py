"""May a corrected table take the place of one that has been published?

The first version cannot be recalled, so whoever holds both sees the change itself. It is safe only if every change
rests on nobody or on at least the minimum number of units, and the same cells are published before and after. Cells
are disjoint, so what holds for each holds for every union of them. Boundary: compares two inputs under one rule;
what to do with the answer (hold, erratum) is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import duckdb
import pyarrow as pa

from disclosure.binning import period_start_sql
from disclosure.cells import zones_sql
from disclosure.presets import Preset
from disclosure.protect import protect
from disclosure.spec import Presence, Spec
from disclosure.sqltext import VALUE_TYPE, ident, idents, one_row
from disclosure.units import unit_sql


class Reason(StrEnum):
    """Why a correction may or may not be published."""

    NO_UNIT = "no-unit"
    UNCHANGED = "unchanged"
    ENOUGH_UNITS_CHANGED = "enough-units-changed"
    TOO_FEW_UNITS_CHANGED = "too-few-units-changed"
    PATTERN_DIFFERS = "pattern-differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The verdict on a correction."""

    safe: bool
    reason: Reason


def safe_correction(
    con: duckdb.DuckDBPyConnection, old_relation: str, new_relation: str, spec: Spec, preset: Preset
) -> Change:
    """Judge whether the table of `new_relation` may be published after that of `old_relation`.

    Raises:
        DisclosureRefused: if one of them cannot be protected at all.
    """
    old, new = (protect(con, relation, spec, preset).table for relation in (old_relation, new_relation))
    if spec.presence is Presence.NONE or spec.unit is None:
        return Change(safe=True, reason=Reason.NO_UNIT)
    if old.equals(new):
        return Change(safe=True, reason=Reason.UNCHANGED)
    if not _keys(old, spec).equals(_keys(new, spec)):
        return Change(safe=False, reason=Reason.PATTERN_DIFFERS)
    fewest = _fewest_changed_units(con, old_relation, new_relation, spec)
    if fewest < preset.min_units:
        return Change(safe=False, reason=Reason.TOO_FEW_UNITS_CHANGED)
    return Change(safe=True, reason=Reason.ENOUGH_UNITS_CHANGED)


def _keys(table: pa.Table, spec: Spec) -> pa.Table:
    return table.select(list(spec.key_columns))


def _fewest_changed_units(con: duckdb.DuckDBPyConnection, old: str, new: str, spec: Spec) -> int:
    """The least number of units, over all cells with a change, whose contribution changed; 0 without a change."""
    cell = [*spec.key_columns]
    if spec.presence is Presence.SIMULTANEOUS:
        # Identifiers rotate within a period; what changed is visible snapshot by snapshot.
        cell.append("__snapshot")
    # A contribution that stands on one side only, or on both with other values, survives EXCEPT: its unit changed.
    before, after = _contributions(old, spec), _contributions(new, spec)
    (fewest,) = one_row(
        con,
        f"WITH before AS ({before}), after AS ({after}), changed AS ("
        " (FROM before EXCEPT FROM after) UNION (FROM after EXCEPT FROM before)),"
        f" cells AS (SELECT count(DISTINCT coalesce(__unit, '')) AS changed_units FROM changed GROUP BY {idents(cell)})"
        " SELECT coalesce(min(changed_units), 0) FROM cells",
    )
    return int(fewest)


def _contributions(relation: str, spec: Spec) -> str:
    """What each unit gives to each cell."""
    if spec.unit is None:
        raise AssertionError("safe_correction answers for tables without a unit first")
    snapshot = f", {ident(spec.time)} AS __snapshot" if spec.presence is Presence.SIMULTANEOUS else ""
    values = "".join(
        f", sum(CAST({ident(name)} AS {VALUE_TYPE})) AS __s{number}, count({ident(name)}) AS __n{number}"
        for number, name in enumerate(spec.measures)
    )
    return (
        f"SELECT {zones_sql(spec)}, {period_start_sql(spec)} AS period_start{snapshot},"
        f" {unit_sql(spec.unit)} AS __unit, count(*) AS __rows{values} FROM {ident(relation)} GROUP BY ALL"
    )
