"""From the cluster back to one machine: stored contributions as a relation that every policy and the gate accept."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from disclosure.spark.plans import ROWS, START
from disclosure.spec import Measure, Spec
from disclosure.sqltext import VALUE_TYPE, ident, literal

_BATCH: Final = 20_000


def store(contributions: Any, folder: Path) -> None:
    """Compute an expression on its engine and write it as Parquet files into `folder`, which must not exist yet."""
    if contributions.get_backend().name == "pyspark":
        contributions.to_parquet(folder)
    else:
        folder.mkdir()
        contributions.to_parquet(folder / "part-0.parquet")


def adopt(con: duckdb.DuckDBPyConnection, folder: Path, spec: Spec, relation: str) -> Spec:
    """Make `relation` out of stored contributions, and give the specification to protect it with.

    In the new specification the number of rows is a measure of its own name, since one row now stands for many, and
    columns that were not reduced are gone. The published figures are those of the raw rows.

    Args:
        con: a connection that may read below `folder`.
        folder: what `store` wrote.
        spec: the specification of the raw rows.
        relation: name of the table to make.
    """
    names = dict.fromkeys((*spec.units, *filter(None, (spec.contributor,))))
    rows = {spec.count_rows_as: Measure(decimals=0)} if spec.count_rows_as else {}
    columns = [ident(name) for name in (*spec.zones, *names)]
    columns.append(f"make_timestamptz({START} * 1000000) AS {ident(spec.time)}")
    columns += [f"CAST({ROWS} AS {VALUE_TYPE}) AS {ident(name)}" for name in rows]
    columns += [f"CAST({ident(name)} AS {VALUE_TYPE}) AS {ident(name)}" for name in spec.measures]
    files = literal(str(folder / "*.parquet"))
    con.execute(f"CREATE OR REPLACE TABLE {ident(relation)} AS SELECT {', '.join(columns)} FROM read_parquet({files})")
    gone: dict[str, Any] = {"count_rows_as": None, "quasi": (), "sensitive": (), "identifiers": (), "weight": None}
    return replace(spec, **gone, measures={**rows, **spec.measures})


def fingerprint(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    """SHA-256 of all rows of a relation in one order: equal for equal rows, whichever engine made them."""
    return _hashed(con.execute(f"SELECT * FROM {ident(relation)} ORDER BY ALL"))


def table_fingerprint(con: duckdb.DuckDBPyConnection, table: pa.Table) -> str:
    """SHA-256 of the rows of a table in their own order."""
    con.register("_spark_hashed", table)
    try:
        return _hashed(con.execute("SELECT * FROM _spark_hashed"))
    finally:
        con.unregister("_spark_hashed")


def _hashed(result: duckdb.DuckDBPyConnection) -> str:
    """Values are hashed, not Arrow's buffers: these may hold anything where a value is missing."""
    digest = hashlib.sha256()
    while batch := result.fetchmany(_BATCH):
        for row in batch:
            digest.update(repr(row).encode() + b"\n")
    return digest.hexdigest()
