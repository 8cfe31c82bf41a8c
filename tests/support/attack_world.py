"""Inputs, releases and hand-made tables for tests of attacks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from disclosure import Measure, Spec, load_preset, protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.engine import connect
from disclosure.policies.threshold import Threshold
from disclosure.site import NO_SITE

PRESET = load_preset("house-personal")
K = PRESET.min_units
START = datetime(2026, 10, 1, 6, tzinfo=UTC)
SPEC = Spec(unit="person", zone="zone", time="ts", measures={"kwh": Measure(decimals=1)}, count_rows_as="rows")
NAMES = ("person", "zone", "ts", "kwh")


@contextmanager
def engine(threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, connect(Path(folder), "500MB", threads) as con:
        yield con


def load(con: duckdb.DuckDBPyConnection, rows: Sequence[tuple[Any, ...]], names: Sequence[str] = NAMES, to="input"):
    """Put rows into a table; ``ts`` becomes a moment with its offset."""
    arrays = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    table = pa.table({n: pa.array(v, pa.timestamp("us", "UTC")) if n == "ts" else v for n, v in arrays.items()})
    con.register("rows_in", table)
    con.execute(f"CREATE OR REPLACE TABLE {to} AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def people(zone: str, count: int, rows_each: int = 3, kwh: float = 1.0, start: datetime = START, prefix: str = ""):
    """Rows of people who stay in one zone for one hour."""
    return [
        (f"{prefix}{zone}{n}", zone, start + timedelta(minutes=n % 30 + r), kwh)
        for n in range(count)
        for r in range(rows_each)
    ]


def released(con, spec=SPEC, preset=PRESET, policy=None, site=NO_SITE, relation="input", **more) -> Target:
    """The repaired twin: made by the package and counted again for the gate, whose attacks are what is tested here."""
    policy = policy or Threshold()
    made = protect(con, relation, spec, preset, policy, site)
    policy.recount(con, relation, made, spec, preset, site)
    return target_of(made, spec, preset, site=site, truth=Truth(con=con, relation=relation), **more)


def handmade(con, sql: str, spec=SPEC, preset=PRESET, policy=None, site=NO_SITE, relation="input", **more) -> Target:
    """The leaking twin: a table that somebody made by hand, with a query."""
    table = con.sql(sql).to_arrow_table()
    truth = Truth(con=con, relation=relation)
    return Target(table=table, spec=spec, preset=preset, policy=policy or Threshold(), site=site, truth=truth, **more)


def printed(rows: Sequence[tuple[Any, ...]], names: Sequence[str], spec: Spec, **more) -> Target:
    """A table as an outsider finds it, without its input."""
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})
    values = {"preset": PRESET, "policy": Threshold()} | more
    return Target(table=table, spec=spec, **values)


HOURLY = (
    "SELECT zone, date_trunc('hour', ts) AS period_start, count(DISTINCT coalesce(person, '')) AS units,"
    " count(*) AS rows, CAST(sum(kwh) AS DECIMAL(18, 1)) AS kwh FROM input GROUP BY ALL HAVING {having} ORDER BY ALL"
)
"""A flat table by hand, with a rule of its own."""


def open_engine() -> duckdb.DuckDBPyConnection:
    """A connection that stays open for as long as its target is used; its folder stays empty."""
    return connect(Path(tempfile.mkdtemp(prefix="attack-")), "500MB")
