"""The gate's judgment of a roll-up: every row of the input is put into the published bins again and counted there.

Nothing of ``disclosure.rollup`` counts here. Units are counted with ``count(DISTINCT …)`` in the finished bins instead
of being summed per member while climbing; contributions are ranked and judged in Python; rests are audited by walking
the table. Bins are counted a part at a time, so that distinct counts of a long table fit into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.recounts.rollup_audit import Walk
from disclosure.recounts.rollup_rows import BIN, assign
from disclosure.recounts.spelling import spelled
from disclosure.rules import Concentration, Rules
from disclosure.spec import MeasureKind, Spec
from disclosure.sqltext import ident, one_row

if TYPE_CHECKING:
    from disclosure.policies.rollup import Rollup

_ROWS = "gate_rolled"
_ROWS_AT_ONCE = 2_000_000
REMAINDER = -1


@dataclass(slots=True, kw_only=True)
class Counted:
    """What the input says about one bin. `units` are those with a value, of the rarest kind; `most` all of a kind."""

    rows: int
    units: int
    most: int
    sums: tuple[Decimal | None, ...] = ()
    values: tuple[int, ...] = ()
    broken: set[str] = field(default_factory=set)


def recount(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    protected: Protected,
    policy: Rollup,
    spec: Spec,
    preset: Preset,
    rules: Rules,
) -> None:
    """Compare the table with the input.

    Raises:
        GateRefused: codes ``columns-differ``, ``cell-repeated``, ``cell-unknown``, ``cell-below-minimum``,
            ``count-differs``, ``figure-differs``, ``figure-zero``, ``cell-concentrated``, ``remainder-small``,
            ``rest-bin-narrow``, ``footprint-differs``, ``minimum-differs``. The parameters say how many, never which.
    """
    table, shape = protected.table, policy.shape(spec)
    if tuple(table.column_names) != shape.names:
        raise GateRefused("columns-differ", columns=table.column_names)
    keys = list(zip(*(table.column(name).to_pylist() for name in shape.primary_key), strict=True))
    if len(set(keys)) != len(keys):
        raise GateRefused("cell-repeated", cells=len(keys) - len(set(keys)))
    try:
        walk = Walk.of(table, policy, spec)
    except KeyError:
        raise GateRefused("cell-unknown", cells=1) from None
    try:
        _place(con, relation, protected, policy, spec)
        counted = _count(con, spec, rules)
    finally:
        con.execute(f"DROP TABLE IF EXISTS {_ROWS}")
    _compare(table.to_pylist(), counted, spec, preset)
    _check_remainder(counted.get(REMAINDER), preset)
    most = [counted[row].most for row in range(table.num_rows)]
    _refuse("rest-bin-narrow", walk.narrow(most, preset.min_units))
    _check_footprints(table, walk)
    if protected.achieved_min != min((counted[row].units for row in range(table.num_rows)), default=None):
        raise GateRefused("minimum-differs")


def _place(con: duckdb.DuckDBPyConnection, relation: str, protected: Protected, policy: Rollup, spec: Spec) -> None:
    members = [
        spelled(f"coalesce(CAST({ident(column)} AS VARCHAR), '')") + f" AS m{number}"
        for number, column in enumerate(_members(spec))
    ]
    values = [f"CAST({ident(name)} AS DECIMAL(18,6)) AS v{number}" for number, name in enumerate(spec.measures)]
    kept = (*members, *values)
    assign(con, relation, protected.table, policy, spec, _ROWS, kept)


def _members(spec: Spec) -> tuple[str, ...]:
    """Columns behind which somebody stands, each once."""
    found = {name.casefold(): name for name in (*spec.units, *filter(None, (spec.contributor,)))}
    return tuple(found.values())


def _parts(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    (rows,) = one_row(con, f"SELECT count(*) FROM {_ROWS}")
    parts = rows // _ROWS_AT_ONCE + 1
    for part in range(parts):
        yield (
            f"(SELECT * REPLACE (coalesce({BIN}, {REMAINDER}) AS {BIN}) FROM {_ROWS}"
            f" WHERE coalesce({BIN}, {REMAINDER} + {parts}) % {parts} = {part})"
        )


def _count(con: duckdb.DuckDBPyConnection, spec: Spec, rules: Rules) -> dict[int, Counted]:
    members, measures = _members(spec), len(spec.measures)
    kinds = [number for number, name in enumerate(members) if name in spec.units]
    with_value = [
        f"count(DISTINCT CASE WHEN v{value} IS NOT NULL THEN m{kind} END)"
        for kind in kinds
        for value in range(measures)
    ]
    every = [f"count(DISTINCT m{kind})" for kind in kinds]
    sums = "".join(f", sum(v{value}), count(v{value})" for value in range(measures))
    counted: dict[int, Counted] = {}
    for part in _parts(con):
        found = con.execute(
            f"SELECT {BIN}, count(*), least({', '.join(with_value or every)}), greatest({', '.join(every)}){sums}"
            f" FROM {part} GROUP BY {BIN}"
        ).fetchall()
        for number, rows, units, most, *totals in found:
            counted[number] = Counted(
                rows=rows, units=units, most=most, sums=tuple(totals[::2]), values=tuple(totals[1::2])
            )
        for member in range(len(members)):
            for amount in ("1", *(f"v{value}" for value in range(measures))):
                for number, cell in _concentrations(con, part, f"m{member}", amount, rules.keep):
                    counted[number].broken.update(rules.broken(cell))
    return counted


def _concentrations(
    con: duckdb.DuckDBPyConnection, part: str, member: str, amount: str, keep: int
) -> Iterator[tuple[int, Concentration]]:
    """For each bin the largest contributions; missing members are one, and theirs do not cancel out."""
    found = con.execute(
        f"WITH sizes AS (SELECT {BIN},"
        f" CASE WHEN {member} = '' THEN sum(abs({amount})) ELSE abs(sum({amount})) END AS size"
        f" FROM {part} WHERE {amount} IS NOT NULL GROUP BY {BIN}, {member}),"
        f" ranked AS (SELECT *, row_number() OVER (PARTITION BY {BIN} ORDER BY size DESC) AS place,"
        f" count(*) OVER (PARTITION BY {BIN}) AS members, sum(size) OVER (PARTITION BY {BIN}) AS total FROM sizes)"
        f" SELECT {BIN}, members, total, list(size ORDER BY place) FROM ranked WHERE place <= {keep} GROUP BY ALL"
    ).fetchall()
    for number, members, total, top in found:
        yield (
            number,
            Concentration(total=Decimal(total), top=tuple(Decimal(each) for each in top), contributors=members),
        )


def _compare(rows: list[dict[str, Any]], counted: Mapping[int, Counted], spec: Spec, preset: Preset) -> None:
    wrong: dict[str, int] = {}
    for number, row in enumerate(rows):
        code = _fault(row, counted.get(number), spec, preset)
        if code is not None:
            wrong[code] = wrong.get(code, 0) + 1
    if wrong:
        code = min(wrong)
        raise GateRefused(code, cells=wrong[code])


def _fault(row: Mapping[str, Any], cell: Counted | None, spec: Spec, preset: Preset) -> str | None:
    if cell is None:
        return "cell-unknown"
    if cell.units < preset.min_units:
        return "cell-below-minimum"
    if cell.broken:
        return "cell-concentrated"
    if row["units"] != cell.units or row[spec.count_rows_as or "rows"] != cell.rows:
        return "count-differs"
    for number, (name, measure) in enumerate(spec.measures.items()):
        divisor = cell.values[number] if measure.kind is MeasureKind.MEAN else 1
        if not _is_rounded(row[name], cell.sums[number], divisor):
            return "figure-differs"
        if preset.zero_is_small and not row[name]:
            return "figure-zero"
    return None


def _is_rounded(shown: Decimal | None, total: Decimal | None, divisor: int) -> bool:
    """Whether `shown` is ``total / divisor``, rounded to as many decimals as it has."""
    if shown is None or total is None:
        return shown is None and total is None
    half = Decimal(5).scaleb(int(shown.as_tuple().exponent) - 1)
    return abs(shown * divisor - total) <= half * divisor


def _check_remainder(left: Counted | None, preset: Preset) -> None:
    if left is not None and (left.units < preset.min_units or left.broken):
        raise GateRefused("remainder-small")


def _check_footprints(table: Any, walk: Walk) -> None:
    stated = zip(table.column("is_rest").to_pylist(), table.column("subtracted").to_pylist(), strict=True)
    inside = walk.subtracted()
    _refuse("footprint-differs", [row for row, pair in enumerate(stated) if pair != (inside[row] > 0, inside[row])])


def _refuse(code: str, rows: list[int]) -> None:
    if rows:
        raise GateRefused(code, cells=len(rows))
