"""What one unit may add to a table: the public limits, and the query that enforces them.

Every limit is a public parameter, never a figure of the data. A unit adds to at most `max_cells` cells, at most
`max_rows` rows to each, and of each measure an amount between its bounds. Which cells are kept, when there are more,
is decided by the rank of an HMAC of unit and cell: it depends on the unit's own rows only, so that adding or removing
another unit changes nothing, and nobody outside can tell which cells were kept.

The set of cells is public too: the declared zones times all periods of a declared range. Rows elsewhere are left out.
Nothing here can fail because of a value: amounts are clipped before they are cast, and sums are held in range.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

import duckdb
import pyarrow as pa

from disclosure.binning import period_start_sql
from disclosure.errors import SpecInvalid
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import SCALE_DECIMALS, VALUE_TYPE, ident, idents
from disclosure.units import unit_sql

KEYS: Final = "_dp_keys"
_RANKS: Final = "_dp_ranks"
_CONTRIBUTIONS: Final = "_dp_contributions"
_LABEL: Final = b"disclosure dp: rank 1\x00"
WIDEST: Final = 10**11
"""Single readings are clipped to this before they are added up; bounds must lie within."""

MOST_STEPS: Final = 10**15
"""Bounds in steps of a measure's last decimal."""

_HELD: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Public limits of a unit's contribution, and the public set of cells.

    Args:
        zones: the zone keys, each a tuple with one value for each zone column.
        start: first moment (UTC) of the declared range.
        end: first moment after it.
        max_cells: cells of the whole table that one unit may add to.
        max_rows: rows that one unit may add to one cell.
        measures: least and greatest sum of one unit in one cell, by measure.

    Raises:
        SpecInvalid: code ``dp-bounds-malformed``.
    """

    zones: tuple[tuple[str, ...], ...] = field(repr=False)
    start: datetime
    end: datetime
    max_cells: int
    max_rows: int = 1
    measures: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ordered = tuple(sorted({tuple(zone) for zone in self.zones}))
        measures = {name: (Decimal(low), Decimal(high)) for name, (low, high) in self.measures.items()}
        fits = (
            len(ordered) == len(self.zones) > 0
            and self.start.tzinfo is not None
            and self.end.tzinfo is not None
            and self.start < self.end
            and self.max_cells >= 1
            and self.max_rows >= 1
            and all(-WIDEST < low <= 0 <= high < WIDEST and low < high for low, high in measures.values())
        )
        if not fits:
            raise SpecInvalid("dp-bounds-malformed")
        object.__setattr__(self, "zones", ordered)
        object.__setattr__(self, "measures", measures)

    def steps(self, spec: Spec, name: str) -> tuple[int, int]:
        """The bounds of a measure in whole steps of its last published decimal.

        Raises:
            SpecInvalid: code ``dp-bounds-malformed`` when they are no whole steps.
        """
        scaled = [bound.scaleb(spec.measures[name].decimals) for bound in self.measures[name]]
        if any(each != each.to_integral_value() or abs(each) > MOST_STEPS for each in scaled):
            raise SpecInvalid("dp-bounds-malformed")
        return int(scaled[0]), int(scaled[1])


def rank_digest(key: bytes, unit: str | None) -> str:
    """A unit's own secret, from which the ranks of its cells are made."""
    name = b"missing" if unit is None else b"unit\x00" + unit.encode()
    return hmac.digest(key, _LABEL + name, "sha256").hex()


def make_keys(con: duckdb.DuckDBPyConnection, spec: Spec, bounds: Bounds) -> None:
    """Store the public set of cells."""
    columns = {name: [zone[number] for zone in bounds.zones] for number, name in enumerate(spec.zones)}
    con.register("_dp_arrow", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    moments = (
        f"SELECT unnest(generate_series($start::TIMESTAMPTZ, $end::TIMESTAMPTZ - INTERVAL 15 MINUTES,"
        f" INTERVAL 15 MINUTES)) AS {ident(spec.time)}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {KEYS} AS SELECT * FROM _dp_arrow CROSS JOIN"
        f" (SELECT DISTINCT {period_start_sql(spec)} AS {PERIOD_COLUMN} FROM ({moments}))",
        {"start": bounds.start.isoformat(), "end": bounds.end.isoformat()},
    )
    con.unregister("_dp_arrow")


def bounded_vectors(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, bounds: Bounds, key: bytes) -> pa.Table:
    """All cells of the public set in key order with ``units``, ``rows`` and measures in steps, after bounding."""
    _contributions(con, relation, spec, bounds)
    _store_ranks(con, key)
    keys = idents(spec.key_columns)
    cell = ", '|', ".join(f"CAST({ident(name)} AS VARCHAR)" for name in spec.zones)
    rank = f"sha256(concat(__digest, '|', {cell}, '|', CAST(epoch_us({PERIOD_COLUMN}) AS VARCHAR)))"
    kept = (
        f"SELECT {_CONTRIBUTIONS}.* FROM {_CONTRIBUTIONS} JOIN {_RANKS} ON __unit IS NOT DISTINCT FROM __name"
        f"{few_cells_sql(f'{rank}, {keys}', bounds.max_cells)}"
    )
    columns = ["__one", "__rows", *(f"__m{number}" for number in range(len(spec.measures)))]
    summed = ", ".join(f"{_held(f'sum({name})')} AS {name}" for name in columns)
    return con.sql(
        f"WITH kept AS ({kept}), cells AS (SELECT {keys}, {summed} FROM kept GROUP BY {keys})"
        f" SELECT {keys}, {', '.join(f'coalesce({name}, 0) AS {name}' for name in columns)}"
        f" FROM {KEYS} LEFT JOIN cells USING ({keys}) ORDER BY {keys}"
    ).to_arrow_table()


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the working tables: they hold units and exact figures."""
    for name in (KEYS, _RANKS, _CONTRIBUTIONS):
        con.execute(f"DROP TABLE IF EXISTS {name}")


def clipped_sql(column: str) -> str:
    """A reading as an exact decimal; clipped first, so that no value can make the cast fail."""
    return f"CAST(greatest(-{WIDEST}, least({WIDEST}, {column})) AS {VALUE_TYPE})"


def _held(total: str) -> str:
    """Hold a sum within 64 bits; clamping never makes two results differ by more than before."""
    return f"CAST(greatest(-{_HELD}, least({_HELD}, CAST({total} AS HUGEINT))) AS BIGINT)"


def _contributions(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, bounds: Bounds) -> None:
    """One row for each cell and unit, clipped to the bounds, in whole numbers."""
    if spec.unit is None:
        raise AssertionError("the policy refuses a missing unit first")
    zones = ", ".join(f"CAST({ident(name)} AS VARCHAR) AS {ident(name)}" for name in spec.zones)
    sums = "".join(f", {_steps_sql(spec, bounds, name)} AS __m{number}" for number, name in enumerate(spec.measures))
    readings = "".join(f", {clipped_sql(ident(name))} AS {ident(name)}" for name in spec.measures)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_CONTRIBUTIONS} AS WITH readings AS (SELECT {zones},"
        f" {period_start_sql(spec)} AS {PERIOD_COLUMN}, {unit_sql(spec.unit)} AS __unit{readings}"
        f" FROM {ident(relation)} WHERE {ident(spec.time)} >= $start::TIMESTAMPTZ AND {ident(spec.time)} <"
        f" $end::TIMESTAMPTZ) SELECT {idents(spec.key_columns)}, __unit, 1 AS __one,"
        f" {between_sql('count(*)', 0, bounds.max_rows)} AS __rows{sums} FROM readings SEMI JOIN {KEYS}"
        f" USING ({idents(spec.key_columns)}) GROUP BY ALL",
        {"start": bounds.start.isoformat(), "end": bounds.end.isoformat()},
    )


def _steps_sql(spec: Spec, bounds: Bounds, name: str) -> str:
    """The unit's sum in steps of the last decimal, rounded half away from zero, within the bounds; none counts as 0."""
    low, high = bounds.steps(spec, name)
    micro = f"CAST(coalesce(sum({ident(name)}), 0) * {10**SCALE_DECIMALS} AS HUGEINT)"
    step = 10 ** (SCALE_DECIMALS - spec.measures[name].decimals)
    rounded = f"sign({micro}) * ((2 * abs({micro}) + {step}) // {2 * step})"
    return between_sql(f"CAST({rounded} AS HUGEINT)", low, high)


def few_cells_sql(order: str, max_cells: int) -> str:
    """The clause that leaves a unit in its first `max_cells` cells."""
    return f" QUALIFY row_number() OVER (PARTITION BY __unit ORDER BY {order}) <= {max_cells}"


def between_sql(value: str, low: int, high: int) -> str:
    """A value clipped to its public bounds."""
    return f"greatest({low}, least({high}, {value}))"


def _store_ranks(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    names = con.sql(f"SELECT DISTINCT __unit FROM {_CONTRIBUTIONS}").to_arrow_table().column(0).to_pylist()
    digests = pa.array([rank_digest(key, name) for name in names], pa.string())
    con.register("_dp_arrow", pa.table({"__name": pa.array(names, pa.string()), "__digest": digests}))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_RANKS} AS SELECT * FROM _dp_arrow")
    con.unregister("_dp_arrow")
