"""Cells with their keys, totals and largest contributions: the counting half of the cell-key policy.

For each privacy unit of the specification one row per cell and unit is made first, so that a unit counts once and its
readings are one contribution. Cells are then joined, and the noise is added in whole numbers. The gate counts by
other code (``disclosure.recounts.cell_key``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from disclosure.binning import period_start_sql
from disclosure.cellkey.keys import COUNT_WORD, record_digest, total_digest, word_table
from disclosure.cellkey.lookup import count_noise_sql, draw_sql
from disclosure.cellkey.magnitude import Magnitude
from disclosure.cellkey.ptable import KEY_SPACE, PTable
from disclosure.rounding import micro_sql, rounded_sql
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, Spec
from disclosure.sqltext import SCALE_DECIMALS, VALUE_TYPE, ident, idents
from disclosure.units import unit_sql

CELLS: Final = "_cellkey_cells"
_RECORDS: Final = "_cellkey_records"
_TOTALS: Final = "_cellkey_totals"
_PER_UNIT: Final = "_cellkey_per_unit"
_KIND: Final = "_cellkey_kind"
MICRO: Final = 10**SCALE_DECIMALS


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What is drawn from: the table of counts, the noise of magnitudes, and the first count that is shown."""

    table: PTable
    magnitude: Magnitude
    shown_from: int


def kinds(spec: Spec) -> tuple[str, ...]:
    """Columns by which contributions are put together: the privacy units, and the contributor where it is another."""
    return tuple(dict.fromkeys((*spec.units, *filter(None, (spec.contributor,)))))


def make_cells(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, noise: Noise, *, key: bytes, zero_is_small: bool
) -> None:
    """Leave `CELLS`: the output columns, noisy, and ``publishable``. Cells without a zone or a time are left out."""
    for number, column in enumerate(kinds(spec)):
        _make_kind(con, relation, spec, number, column, noise.magnitude.top, key)
    _store_totals(con, spec, key)
    con.execute(_joined_sql(spec, noise, zero_is_small))


def drop(con: duckdb.DuckDBPyConnection, spec: Spec) -> None:
    """Remove the working tables; some hold units and their keys."""
    for name in (CELLS, _RECORDS, _TOTALS, _PER_UNIT, *(f"{_KIND}{number}" for number in range(len(kinds(spec))))):
        con.execute(f"DROP TABLE IF EXISTS {name}")


def _make_kind(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, number: int, column: str, top: int, key: bytes
) -> None:
    """One row per cell: distinct units, cell keys and largest contributions, by one unit column."""
    zones = "".join(f", CAST({ident(name)} AS VARCHAR) AS {ident(name)}" for name in spec.zones)
    period = f", {period_start_sql(spec)} AS {PERIOD_COLUMN}" if spec.time else ""
    sums = "".join(
        f", sum(CAST({ident(name)} AS {VALUE_TYPE})) AS __s{i}, count({ident(name)}) AS __n{i}"
        for i, name in enumerate(spec.measures)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_PER_UNIT} AS SELECT {unit_sql(column)} AS __unit{zones}{period},"
        f" count(*) AS __rows{sums} FROM {ident(relation)} GROUP BY ALL"
    )
    _store_records(con, key)
    keyed = " AND ".join(f"{ident(name)} IS NOT NULL" for name in spec.key_columns)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_KIND}{number} AS SELECT {idents(spec.key_columns)}, {_summary_sql(spec, top)}"
        f" FROM {_PER_UNIT} JOIN {_RECORDS} ON __unit IS NOT DISTINCT FROM __name WHERE {keyed}"
        f" GROUP BY {idents(spec.key_columns)}"
    )


def _store_records(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    units = con.sql(f"SELECT DISTINCT __unit FROM {_PER_UNIT}").to_arrow_table().column(0).to_pylist()
    _store_words(con, _RECORDS, word_table(record_digest, key, units))


def _store_totals(con: duckdb.DuckDBPyConnection, spec: Spec, key: bytes) -> None:
    each = [f"SELECT {total_sql(suffix)} FROM {_KIND}0 AS k0" for suffix in _suffixes(spec)]
    every = " UNION ALL ".join(each)
    totals = con.sql(f"SELECT DISTINCT CAST(total AS VARCHAR) FROM ({every}) AS t(total) WHERE total IS NOT NULL")
    _store_words(con, _TOTALS, word_table(total_digest, key, totals.to_arrow_table().column(0).to_pylist()))


def _store_words(con: duckdb.DuckDBPyConnection, table: str, words: pa.Table) -> None:
    con.register("_cellkey_arrow", words)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM _cellkey_arrow")
    con.unregister("_cellkey_arrow")


def _suffixes(spec: Spec) -> list[str]:
    """Of the columns that describe all units (``a``) and those that have a value of each measure (its number)."""
    return ["a", *(str(i) for i in range(len(spec.measures)))]


def total_sql(suffix: str) -> str:
    """The true total of a cell: rows, or millionths of a measure."""
    return "CAST(k0.__sum_a AS HUGEINT)" if suffix == "a" else micro_sql(f"k0.__sum_{suffix}")


def _summary_sql(spec: Spec, top: int) -> str:
    """Count, keys, total and largest contributions: of all units (suffix ``a``), and of those with each value."""
    parts = [_set_sql("a", "true", top), "sum(__rows) AS __sum_a", f"max(__rows, {top}) AS __top_a"]
    for i in range(len(spec.measures)):
        parts += [
            _set_sql(str(i), f"__n{i} > 0", top),
            f"sum(__s{i}) AS __sum_{i}",
            f"max({micro_sql(f'abs(__s{i})')}, {top}) FILTER (__n{i} > 0) AS __top_{i}",
        ]
    return ", ".join(parts)


def _set_sql(suffix: str, member: str, top: int) -> str:
    keys = [
        f"CAST(coalesce(sum(__w{word}) FILTER ({member}), 0) % CAST('{KEY_SPACE}' AS HUGEINT) AS UBIGINT)"
        f" AS __key{word}_{suffix}"
        for word in range(top + 1)
    ]
    return ", ".join([f"count(*) FILTER ({member}) AS __count_{suffix}", *keys])


def _joined_sql(spec: Spec, noise: Noise, zero_is_small: bool) -> str:
    """Join the kinds, add noise, and decide by the noisy figures alone what is shown."""
    suffixes = _suffixes(spec)
    columns = [*(f"__n{k}_{s}" for k in range(len(spec.units)) for s in suffixes)]
    counts = [
        f"k{k}.__count_{s} + {count_noise_sql(f'k{k}.__count_{s}', f'k{k}.__key{COUNT_WORD}_{s}', noise.table)}"
        f" AS __n{k}_{s}"
        for k in range(len(spec.units))
        for s in suffixes
    ]
    totals = [f"{noisy_total_sql(spec, s, noise.magnitude)} AS __total_{s}" for s in suffixes]
    joins = "".join(
        f" JOIN {_KIND}{number} AS k{number} USING ({idents(spec.key_columns)})"
        for number in range(1, len(kinds(spec)))
    )
    joins += "".join(
        f" LEFT JOIN {_TOTALS} AS t_{s} ON t_{s}.__name = CAST({total_sql(s)} AS VARCHAR)" for s in suffixes
    )
    figures, denominator = _figures(spec), noise.magnitude.denominator
    shown = "".join(
        f", {_rounded(total, scale * denominator, decimals, kind)} AS {ident(name)}"
        for name, total, scale, decimals, kind in figures
    )
    rule = [f"{column} >= {noise.shown_from}" for column in columns]
    rule += [f"coalesce({ident(name)} <> 0, false)" for name, *_ in figures] if zero_is_small else []
    keys, noisy = idents(spec.key_columns), ", ".join((*counts, *totals))
    return (
        f"CREATE OR REPLACE TEMP TABLE {CELLS} AS"
        f" WITH noisy AS (SELECT {keys}, k0.__sum_a AS __true_rows, {noisy} FROM {_KIND}0 AS k0{joins}),"
        f" figures AS (SELECT *, CAST(__n0_a AS BIGINT) AS {UNITS_COLUMN}{shown} FROM noisy)"
        f" SELECT *, {' AND '.join(rule)} AS publishable FROM figures"
    )


def _figures(spec: Spec) -> list[tuple[str, str, int, int, str]]:
    """Name, noisy total, its scale, decimals and type of each published figure."""
    rows = [(spec.count_rows_as, "__total_a", 1, 0, "BIGINT")] if spec.count_rows_as else []
    return [
        *rows,
        *((name, f"__total_{i}", MICRO, m.decimals, "") for i, (name, m) in enumerate(spec.measures.items())),
    ]


def _rounded(total: str, denominator: int, decimals: int, kind: str) -> str:
    rounded = rounded_sql(total, f"CAST('{denominator}' AS HUGEINT)", decimals)
    return f"CAST({rounded} AS {kind})" if kind else rounded


def noisy_total_sql(spec: Spec, suffix: str, magnitude: Magnitude) -> str:
    """Total plus noise, times the denominator of the noise: a whole number (of millionths for measures)."""
    draws = [draw_sql(_magnitude_key_sql(suffix, j), magnitude.row) for j in range(1, magnitude.top + 1)]
    scaled = [
        f"{_largest_sql(spec, suffix, j)} * {permille} * abs({draw})"
        for j, (permille, draw) in enumerate(zip(magnitude.permille, draws, strict=True), start=1)
    ]
    return f"{total_sql(suffix)} * {magnitude.denominator} + sign({draws[0]}) * ({' + '.join(scaled)})"


def _magnitude_key_sql(suffix: str, word: int) -> str:
    both = f"CAST(k0.__key{word}_{suffix} AS HUGEINT) + CAST(coalesce(t_{suffix}.__w{word}, 0) AS HUGEINT)"
    return f"CAST(({both}) % CAST('{KEY_SPACE}' AS HUGEINT) AS UBIGINT)"


def _largest_sql(spec: Spec, suffix: str, place: int) -> str:
    """The contribution in this place; where several columns put contributions together, the greatest of theirs."""
    each = [f"coalesce(k{k}.__top_{suffix}[{place}], 0)" for k in range(len(kinds(spec)))]
    return f"CAST(greatest({', '.join(each)}) AS HUGEINT)"
