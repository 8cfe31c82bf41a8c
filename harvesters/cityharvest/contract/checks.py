"""Checks of the loaded table as a whole: allowed values, repeated readings, complete days, plausible units.

Each costs one aggregate over the table; lines are looked for only where something is wrong. Whole days may be absent
for one series (a meter that was installed in the middle of a month), a part of a day may not, and no day may be absent
for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import duckdb

from cityharvest.contract.columns import instant
from cityharvest.contract.findings import NAMED_ROWS, Finding, finding, mask
from cityharvest.contract.load import PROBLEMS, SEPARATOR_SQL
from cityharvest.contract.local_time import Calendar
from cityharvest.contract.shape import DAY_S, Contract, Field
from disclosure import identifiers
from disclosure.sqltext import ident, idents, literal

SAMPLE: Final = 1000
SAMPLED_ROWS: Final = 100_000
#: A unit a thousand times too large or too small is another unit (kWh and Wh, m³ and l).
UNIT_FACTOR: Final = 1000
_MEDIAN_ROWS: Final = 50_000


def row_problems(con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> list[tuple[Finding, list[int]]]:
    """Return the findings of single rows, one per column and rule, each with its first rows of the table."""
    query = (
        f"SELECT split_part(p, '|', 1), split_part(p, '|', 2), count(*), min(row, {NAMED_ROWS}), arg_min(p, row) FROM "
        f"(SELECT rowid AS row, unnest(string_split({PROBLEMS}, {SEPARATOR_SQL})) AS p FROM {ident(table)} "
        f"WHERE {PROBLEMS} IS NOT NULL) GROUP BY ALL ORDER BY 1, 2"
    )
    found = []
    for column, code, count, rows, first in con.execute(query).fetchall():
        field = contract.fields[int(column)]
        bounds = {"value-below-minimum": field.minimum, "value-above-maximum": field.maximum}
        limit = {"limit": bounds[code]} if code in bounds else {}
        kind = {"type": field.type} if code == "value-invalid" else {}
        length, letter = first.split("|", 3)[2:]
        value = {"value": mask(letter, int(length))} if letter else {}
        found.append((finding(code, column=field.name, count=count, **value, **limit, **kind), rows))
    return found


def value_problems(con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> list[tuple[Finding, list[int]]]:
    """Return the findings of values outside a closed list."""
    found = []
    for field in contract.fields:
        if not field.enum:
            continue
        column = ident(field.name)
        values = con.execute(f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM {ident(table)}").fetchall()
        for value in sorted(str(row[0]) for row in values if row[0] is not None and row[0] not in field.enum):
            query = (
                f"SELECT count(*), min(rowid, {NAMED_ROWS}) FROM {ident(table)} "
                f"WHERE CAST({column} AS VARCHAR) = {literal(value)}"
            )
            count, rows = con.execute(query).fetchall()[0]
            about = {"column": field.name, "count": count, "value": mask(value[:1], len(value))}
            found.append((finding("value-not-listed", **about), rows))
    return found


def key_problems(con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> list[tuple[Finding, list[int]]]:
    """Return one finding where readings are repeated."""
    key = idents(contract.key)
    query = (
        f"SELECT count(*), min(row, {NAMED_ROWS}) FROM (SELECT max(rowid) AS row FROM {ident(table)} "
        f"GROUP BY {key} HAVING count(*) > 1)"
    )
    count, rows = con.execute(query).fetchall()[0]
    return [(finding("row-repeated", columns=", ".join(contract.key), count=count), rows)] if count else []


def day_problems(
    con: duckdb.DuckDBPyConnection, table: str, contract: Contract, calendar: Calendar
) -> tuple[list[Finding], bool]:
    """Return the findings of incomplete days, and whether any reading seems to be there twice."""
    interval_s = contract.interval_s
    field = contract.time
    if interval_s is None or field is None:
        return [], False
    most = max(one.intervals(interval_s) for one in calendar.days)
    time, series = ident(field.name), idents(contract.series)
    # Within one day the numbers of the intervals follow each other, so the remainder tells them apart.
    slot = f"CAST((epoch_us({time}) // {interval_s * 1_000_000}) % {most} AS INTEGER)" if interval_s < DAY_S else "0"
    query = (
        f"SELECT day, found, count(*), bool_or(repeated) FROM (SELECT {series}, {_day_sql(time, calendar)} AS day, "
        f"CAST(bit_count(bitstring_agg({slot}, 0, {most})) AS INTEGER) AS found, count(*) > found AS repeated "
        f"FROM {ident(table)} WHERE {time} IS NOT NULL GROUP BY {series}, day) GROUP BY day, found ORDER BY day, found"
    )
    rows = con.execute(query).fetchall()
    present = {day for day, *_ in rows}
    found = [
        finding("day-missing", day=one.day.isoformat())
        for number, one in enumerate(calendar.days)
        if number not in present
    ]
    found += list(_incomplete(rows, calendar, interval_s))
    return found, any(repeated for *_, repeated in rows)


def _incomplete(rows: list[tuple[int, int, int, bool]], calendar: Calendar, interval_s: int) -> Iterator[Finding]:
    for number, found, count, _ in rows:
        if not 0 <= number < len(calendar.days):
            continue  # outside the period, and named as that row by row
        day = calendar.days[number]
        expected = day.intervals(interval_s)
        if found != expected:
            yield finding("interval-count", day=day.day.isoformat(), found=found, expected=expected, count=count)


def _day_sql(time: str, calendar: Calendar) -> str:
    """Number of the local day of a UTC moment, from 0; days are counted between midnights, whatever their length."""
    starts = [one.start for one in calendar.days]
    uneven = [number for number, one in enumerate(calendar.days) if (one.end - one.start).total_seconds() != DAY_S]
    bounds = sorted({0, *(n for number in uneven for n in (number, number + 1)), len(calendar.days)})
    whens = []
    for first, after in pairwise(bounds):
        until = calendar.days[after].start if after < len(calendar.days) else calendar.days[-1].end
        since = f"epoch_us({time}) - epoch_us({instant(starts[first])})"
        number = f"{first}" if first in uneven else f"{first} + ({since}) // {DAY_S * 1_000_000}"
        whens.append(f"WHEN {time} < {instant(until)} THEN {number}")
    return f"CAST(CASE {' '.join(whens)} ELSE {len(calendar.days)} END AS INTEGER)"


def unit_problems(con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> list[Finding]:
    """Return a finding for each measure whose values suggest another unit than the declared one."""
    found = []
    for field in contract.with_role("measure"):
        if field.typical_maximum is None or (median := _median(con, table, field)) is None:
            continue
        if median > field.typical_maximum or median * UNIT_FACTOR < field.typical_maximum:
            about = {"unit": field.unit or "–", "typical": f"{field.typical_maximum:g}"}
            found.append(finding("wrong-unit", column=field.name, **about))
    return found


def _median(con: duckdb.DuckDBPyConnection, table: str, field: Field) -> float | None:
    column, name = ident(field.name), ident(table)
    step = f"greatest(1, (SELECT count(*) FROM {name}) // {_MEDIAN_ROWS})"
    query = f"SELECT median(abs({column})) FROM {name} WHERE {column} <> 0 AND rowid % {step} = 0"
    value = con.execute(query).fetchall()[0][0]
    return None if value is None else float(value)


def identifier_problems(con: duckdb.DuckDBPyConnection, table: str, contract: Contract) -> list[Finding]:
    """Return a finding for each declared column beside the unit that looks like a direct identifier.

    A column with a closed list of values holds what the contract allows and nothing else, so it is not suspected.
    """
    suspects = [one for one in contract.fields if one.role != "unit" and not one.enum]
    samples = {one.name: _sample(con, table, one.name) for one in suspects if one.type == "string"}
    names = [one.name for one in suspects]
    return [
        finding("declared-identifier", column=one.column, kind=str(one.kind))
        for one in identifiers.scan(names, samples)
    ]


def _sample(con: duckdb.DuckDBPyConnection, table: str, name: str) -> list[object]:
    first = f"SELECT {ident(name)} AS value FROM {ident(table)} LIMIT {SAMPLED_ROWS}"
    return [row[0] for row in con.execute(f"SELECT DISTINCT value FROM ({first}) LIMIT {SAMPLE}").fetchall()]
