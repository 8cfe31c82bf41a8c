"""Engine drift: does the table depend on anything but the rows?

Attacker: runs the public code on another machine, or waits for a release made under other settings, and learns from
what differs. Method: protects the same rows again in two engines that differ in threads and in the order of rows,
with planted rows that engines disagree about (negative coordinates, the doubled hour of autumn, missing keys, missing
units), and compares the bytes of the results; where both refuse, the codes.
Pass rule: identical. Bounded: at most `MOST_ROWS` rows, consecutive in time from a moment that the seed chooses.
Spark against DuckDB is compared by a conformance suite of its own.
"""

from __future__ import annotations

import hashlib
import io
import random
import tempfile
from pathlib import Path
from typing import ClassVar, Final

import pyarrow as pa

from disclosure.attacks.core import Result, Target, Truth, broken, survived
from disclosure.engine import connect
from disclosure.errors import DisclosureRefused
from disclosure.sqltext import ident

MOST_ROWS: Final = 20_000
PLANTED_ROWS: Final = 200
_MEMORY = "500MB"
_SETTINGS = ((1, "__position"), (2, "__position DESC"))


class EngineDrift:
    """Attack 12."""

    name: ClassVar[str] = "engine-drift"

    def applies(self, target: Target) -> str | None:
        """Needs the input and a policy whose result is determined by it."""
        if target.policy.name == "dp":
            return "noise-is-drawn"
        return None if target.truth is not None else "input-needed"

    def run(self, target: Target, *, seed: int) -> Result:
        """Make the table twice under other settings."""
        if target.truth is None:
            raise ValueError("this attack needs the truth")
        rows = _rows(target, target.truth, seed)
        outcomes = {_outcome(target, rows, threads, order) for threads, order in _SETTINGS}
        figures: dict[str, int | str] = {"most_rows": MOST_ROWS, "engines": len(_SETTINGS)}
        if len(outcomes) > 1:
            return broken(self.name, "depends-on-engine", tuple(outcomes), **figures)
        return survived(self.name, **figures)


def _rows(target: Target, truth: Truth, seed: int) -> pa.Table:
    """A bounded part of the input, with planted rows at its end."""
    source = f"SELECT * FROM {ident(truth.relation)}"
    (total,) = truth.con.execute(f"SELECT count(*) FROM ({source})").fetchall()[0]
    if total > MOST_ROWS and target.spec.time:
        share, time = random.Random(seed).uniform(0, 0.9), ident(target.spec.time)  # noqa: S311 - a sample, no secret
        source += (
            f" WHERE {time} >= (SELECT quantile_disc({time}, {share}) FROM {ident(truth.relation)})"
            f" ORDER BY {time} LIMIT {MOST_ROWS}"
        )
    elif total > MOST_ROWS:
        source += f" USING SAMPLE reservoir({MOST_ROWS} ROWS) REPEATABLE ({seed})"
    sample = truth.con.sql(source).to_arrow_table()
    return pa.concat_tables([sample, *_planted(target, sample)])


def _planted(target: Target, sample: pa.Table) -> list[pa.Table]:
    """Copies of the first rows with what engines disagree about."""
    spec, head = target.spec, sample.slice(0, PLANTED_ROWS)
    planted = []
    for name in (*spec.zones, *spec.quasi, *spec.units):
        place = head.column_names.index(name)
        kind = head.schema.field(place).type
        planted.append(head.set_column(place, name, pa.nulls(head.num_rows, kind)))
        if pa.types.is_floating(kind):
            negative = pa.array([None if x is None else -x for x in head.column(name).to_pylist()], kind)
            planted.append(head.set_column(place, name, negative))
    if spec.time:
        planted.append(_in_doubled_hour(head, spec.time))
    return planted


def _in_doubled_hour(head: pa.Table, column: str) -> pa.Table:
    """The rows moved to the night in which European clocks go back: 25 October 2026, from 00:00 UTC."""
    place = head.column_names.index(column)
    field = head.schema.field(place)
    # Both passes of the doubled hour and its neighbors get rows.
    moments = [_DOUBLED_HOUR_US + 75_000_000 * row for row in range(head.num_rows)]
    return head.set_column(place, field, pa.array(moments, pa.timestamp("us", "UTC")).cast(field.type))


_DOUBLED_HOUR_US: Final = 1_792_886_400_000_000


def _outcome(target: Target, rows: pa.Table, threads: int, order: str) -> str:
    """Hash of the table that a fresh engine makes, or the code of its refusal."""
    with tempfile.TemporaryDirectory() as folder, connect(Path(folder), _MEMORY, threads) as con:
        con.register("_drift_rows", rows.append_column("__position", pa.array(range(rows.num_rows))))
        con.execute(f"CREATE TEMP TABLE drift AS SELECT * EXCLUDE (__position) FROM _drift_rows ORDER BY {order}")
        con.unregister("_drift_rows")
        try:
            made = target.policy.protect(con, "drift", target.spec, target.preset, target.site)
        except DisclosureRefused as refusal:
            return refusal.code
        return _hash(made.table)


def _hash(table: pa.Table) -> str:
    stream = io.BytesIO()
    plain = table.combine_chunks().replace_schema_metadata(None)
    with pa.ipc.new_stream(stream, plain.schema) as writer:
        writer.write_table(plain)
    return hashlib.sha256(stream.getvalue()).hexdigest()
