"""The gate's own count of recoded microdata, in SQL; `recode_rules` counts classes.

A published record does not say which input record it was, so `protect` hands over a witness: for each input record
the labels it got. The witness is a claim, not evidence. Here it is checked that its left side is exactly the input,
that its right side is exactly the published table, and that every label covers its value by the published hierarchy.
Only then are units counted with it, and sensitive values from the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.recounts import recode_rules
from disclosure.recounts.spelling import spelled, stripped
from disclosure.spec import Spec
from disclosure.sqltext import ident, one_row

if TYPE_CHECKING:
    from disclosure.policies.recode import Recode

OUT: Final = "_recount_out"
KNOWN: Final = "_recount_known"
SOURCE: Final = "_recount_source"
COVERS: Final = "_recount_covers"
CODED: Final = "_recount_coded"
MISSING: Final = "(missing)"
_SIX: Final = Decimal("0.000001")


def recount(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    protected: Protected,
    witness: pa.Table,
    policy: Recode,
    spec: Spec,
    preset: Preset,
) -> None:
    """Compare the published records with the input.

    Raises:
        GateRefused: codes ``columns-differ``, ``record-numbers``, ``records-differ`` (the table is not a recoding of
            the input), ``label-does-not-cover``, ``class-below-minimum``, ``minimum-differs``, ``class-not-diverse``,
            ``class-not-close``, ``weight-differs``, ``unit-repeats``; with how many, never which.
    """
    _check_columns(protected.table, policy, spec)
    try:
        con.register("_recount_out_view", protected.table)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {OUT} AS SELECT * FROM _recount_out_view")
        con.register("_recount_known_view", witness)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {KNOWN} AS SELECT * FROM _recount_known_view")
        _check_numbers(con)
        _same_rows(con, _input_side(con, relation, policy, spec), _known_side(spec), "input")
        _same_rows(con, _known_output(spec), _published(policy, spec), "table")
        for number, name in enumerate(spec.quasi):
            _check_covers(con, policy, number, name)
        least = recode_rules.least_units(con, KNOWN, spec)
        if least < preset.min_units:
            raise GateRefused("class-below-minimum", least=preset.min_units)
        if protected.achieved_min is not None and protected.achieved_min != least:
            raise GateRefused("minimum-differs")
        if policy.one_record_per_unit and recode_rules.repeated_units(con, KNOWN):
            raise GateRefused("unit-repeats", column=spec.unit)
        recode_rules.check_values(con, OUT, policy, spec)
        if spec.weight:
            recode_rules.check_weights(con, KNOWN, OUT, spec, policy.weight_decimals)
    finally:
        forget(con)


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the working tables, which hold units."""
    for view in ("_recount_out_view", "_recount_known_view"):
        con.unregister(view)
    for name in (OUT, KNOWN, SOURCE, COVERS, CODED):
        con.execute(f"DROP TABLE IF EXISTS {name}")


def _check_columns(table: pa.Table, policy: Recode, spec: Spec) -> None:
    expected = policy.shape(spec)
    types = {each.name: str(each.type) for each in table.schema}
    if tuple(types) != expected.names or types != expected.types:
        raise GateRefused("columns-differ", columns=table.column_names)


def _check_numbers(con: duckdb.DuckDBPyConnection) -> None:
    wrong, rows, known = one_row(
        con,
        f"SELECT (SELECT count(*) FROM (SELECT record, row_number() OVER () AS place FROM {OUT}) WHERE record IS"
        f" DISTINCT FROM place), (SELECT count(*) FROM {OUT}), (SELECT count(*) FROM {KNOWN})",
    )
    if wrong:
        raise GateRefused("record-numbers", records=wrong)
    if rows != known:
        raise GateRefused("records-differ", side="table", records=abs(rows - known))


def _text(column: str) -> str:
    """A text as it is published: nothing but white space is missing."""
    return f"nullif({stripped(f'CAST({ident(column)} AS VARCHAR)')}, '')"


def _unit(column: str) -> str:
    return f"nullif({spelled(f'CAST({ident(column)} AS VARCHAR)')}, '')"


def _input_side(con: duckdb.DuckDBPyConnection, relation: str, policy: Recode, spec: Spec) -> str:
    """The input as the witness must state it. Numbers are coded by Python's decimals, not by the query of `protect`."""
    columns = [_unit(name) for name in spec.units] + [_text(name) for name in spec.quasi]
    joins = []
    for number, name in enumerate(spec.sensitive):
        if name not in policy.coding:
            columns.append(_text(name))
            continue
        raw = f"CAST(source.{ident(name)} AS DECIMAL(18,6))"
        _code_values(con, relation, number, name, policy)
        joins.append(f" LEFT JOIN {CODED} AS c{number} ON c{number}.raw = {raw} AND c{number}.number = {number}")
        columns.append(f"CAST(c{number}.coded AS DECIMAL(18,{policy.coding[name].decimals}))")
    if spec.weight:
        columns.append(f"CAST({ident(spec.weight)} AS DECIMAL(18,6))")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {SOURCE} AS SELECT {_named(columns)} FROM {ident(relation)} AS"
        f" source{''.join(joins)}"
    )
    return f"SELECT * FROM {SOURCE}"


def _code_values(con: duckdb.DuckDBPyConnection, relation: str, number: int, name: str, policy: Recode) -> None:
    con.execute(f"CREATE TEMP TABLE IF NOT EXISTS {CODED} (number INTEGER, raw DECIMAL(18,6), coded DECIMAL(18,6))")
    values = con.execute(
        f"SELECT DISTINCT CAST({ident(name)} AS DECIMAL(18,6)) FROM {ident(relation)} WHERE {ident(name)} IS NOT NULL"
    ).fetchall()
    coding = policy.coding[name]
    rows = {
        "number": pa.array([number] * len(values), pa.int32()),
        "raw": pa.array([value for (value,) in values], pa.decimal128(18, 6)),
        "coded": pa.array([coding.code(Decimal(value)).quantize(_SIX) for (value,) in values], pa.decimal128(18, 6)),
    }
    con.register("_recount_values", pa.table(rows))
    con.execute(f"INSERT INTO {CODED} SELECT * FROM _recount_values")
    con.unregister("_recount_values")


def _known_side(spec: Spec) -> str:
    names = [f"__unit{i}" for i in range(len(spec.units))] + [f"__quasi{i}" for i in range(len(spec.quasi))]
    names += [f"__sensitive{i}" for i in range(len(spec.sensitive))]
    names += ["__weight"] if spec.weight else []
    return f"SELECT {', '.join(names)} FROM {KNOWN}"


def _known_output(spec: Spec) -> str:
    names = [f"__label{i}" for i in range(len(spec.quasi))] + [f"__sensitive{i}" for i in range(len(spec.sensitive))]
    return f"SELECT {', '.join(names)} FROM {KNOWN}"


def _published(policy: Recode, spec: Spec) -> str:
    columns = [ident(name) for name in spec.quasi]
    columns += [
        ident(name) if name in policy.coding else f"nullif({ident(name)}, '{MISSING}')" for name in spec.sensitive
    ]
    return f"SELECT {', '.join(columns)} FROM {OUT}"


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f"{column} AS c{number}_" for number, column in enumerate(columns))


def _same_rows(con: duckdb.DuckDBPyConnection, left: str, right: str, side: str) -> None:
    """The same rows, each as often, on both sides."""
    (apart,) = one_row(
        con,
        f"SELECT (SELECT count(*) FROM ({left} EXCEPT ALL {right})) + (SELECT count(*) FROM ({right} EXCEPT ALL"
        f" {left}))",
    )
    if apart:
        raise GateRefused("records-differ", side=side, records=apart)


def _check_covers(con: duckdb.DuckDBPyConnection, policy: Recode, number: int, name: str) -> None:
    rows = policy.hierarchies[name].as_list()
    pairs = {(label, row[0]) for row in rows for label in row} | {(MISSING, None), (rows[0][-1], None)}
    labels, leaves = zip(*sorted(pairs, key=str), strict=True)
    con.register(
        "_recount_pairs", pa.table({"label": pa.array(labels, pa.string()), "leaf": pa.array(leaves, pa.string())})
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {COVERS} AS SELECT * FROM _recount_pairs")
    con.unregister("_recount_pairs")
    (wrong,) = one_row(
        con,
        f"SELECT count(*) FROM {KNOWN} WHERE NOT EXISTS (SELECT 1 FROM {COVERS} WHERE label = __label{number}"
        f" AND leaf IS NOT DISTINCT FROM __quasi{number})",
    )
    if wrong:
        raise GateRefused("label-does-not-cover", column=name, records=wrong)
