"""Turn rows into a table that may be published: zone × time, a least number of units, no totals.

Boundary: decides and computes; writes no file. Safe because cells are disjoint, nothing is published about their
unions, and every cell rests on at least the preset's number of units. What this does not give (dominance inside a
cell, differencing against other tables) is listed in the proof as not claimed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from disclosure import cells
from disclosure.bands import band
from disclosure.cells import CELLS, UnitCounts
from disclosure.errors import DisclosureRefused
from disclosure.presets import Preset, UnitKind
from disclosure.relation import check_columns
from disclosure.spec import Presence, Spec
from disclosure.sqltext import idents, one_row

ROWS_TO_JUDGE_A_UNIT = 20
"""Below this number of rows nothing is said about whether a unit column looks like a row id."""

ROW_ID_SHARE = 0.9
"""A unit column with more distinct values than this share of the rows looks like a row id."""

_COUNTERS: dict[Presence, Callable[[duckdb.DuckDBPyConnection, str, Spec, Preset], UnitCounts]] = {
    Presence.DISTINCT: cells.distinct_cells,
    Presence.SIMULTANEOUS: cells.simultaneous_cells,
    Presence.NONE: cells.plain_cells,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What was left out. The bands may be published; `cells` is exact and is for the pipeline only."""

    cells: int = field(repr=False)
    cells_band: str
    units_band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """A candidate for release; only the gate can turn it into something that `release.write` accepts."""

    table: pa.Table
    withheld: Withheld
    achieved_min: int | None
    """The least number of units in a published cell; None without units or without cells."""


def protect(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset) -> Protected:
    """Aggregate a relation and keep the cells that satisfy the preset.

    Args:
        con: a connection from `engine.connect`.
        relation: name of a table or view with the columns that `spec` names.
        spec: roles and shape.
        preset: the rule.

    Returns:
        The table in the order of its keys, with the same bytes for the same rows in any order.

    Raises:
        DisclosureRefused: if the specification does not fit the preset or the data, with a code that says why.
    """
    check_preset(spec, preset)
    check_columns(con, relation, spec)
    try:
        counts = _COUNTERS[spec.presence](con, relation, spec, preset)
        _check_unit(spec, counts)
        return _collect(con, spec, preset, counts)
    except (duckdb.ConversionException, duckdb.OutOfRangeException):
        # The engine's message quotes the value, which must not travel further.
        raise DisclosureRefused("measure-out-of-range", columns=list(spec.measures)) from None
    finally:
        cells.drop(con)


def check_preset(spec: Spec, preset: Preset) -> None:
    """Refuse a specification that the preset cannot protect.

    Raises:
        DisclosureRefused: codes ``rule-not-available``, ``unit-missing``, ``unit-not-expected``, ``presence-mismatch``.
    """
    if preset.needs:
        raise DisclosureRefused("rule-not-available", preset=preset.id, rules=list(preset.needs))
    if preset.unit_kind is not UnitKind.NONE and spec.unit is None:
        raise DisclosureRefused("unit-missing", preset=preset.id)
    if preset.unit_kind is UnitKind.NONE and spec.unit is not None:
        raise DisclosureRefused("unit-not-expected", preset=preset.id, column=spec.unit)
    if spec.presence is not preset.presence:
        raise DisclosureRefused("presence-mismatch", preset=preset.id, expected=str(preset.presence))


def _check_unit(spec: Spec, counts: UnitCounts) -> None:
    if spec.presence is not Presence.DISTINCT or counts.rows < ROWS_TO_JUDGE_A_UNIT:
        return
    if counts.total > ROW_ID_SHARE * counts.rows:
        raise DisclosureRefused("unit-looks-like-row-id", column=spec.unit)


def _collect(con: duckdb.DuckDBPyConnection, spec: Spec, preset: Preset, counts: UnitCounts) -> Protected:
    total, withheld = one_row(con, f"SELECT count(*), count(*) FILTER (NOT publishable) FROM {CELLS}")
    table = con.sql(
        f"SELECT {idents(spec.output_columns)} FROM {CELLS} WHERE publishable ORDER BY {idents(spec.key_columns)}"
    ).to_arrow_table()
    units = table.column("units").to_pylist() if spec.presence is not Presence.NONE else []
    return Protected(
        table=table.combine_chunks(),
        withheld=Withheld(
            cells=withheld,
            cells_band=band(withheld, total, units_behind=counts.behind_withheld_cells, min_units=preset.min_units),
            units_band=band(
                counts.unpublished, counts.total, units_behind=counts.unpublished, min_units=preset.min_units
            ),
        ),
        achieved_min=min(units, default=None),
    )
