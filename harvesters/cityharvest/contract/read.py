"""Reads a delivery under its contract: a relation with typed columns, or ``ContractBroken`` with every finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from cityharvest.contract import checks
from cityharvest.contract.columns import instant
from cityharvest.contract.findings import NAMED_ROWS, Finding, broken, finding, places
from cityharvest.contract.header import check_header
from cityharvest.contract.load import load_sql, rejects_of
from cityharvest.contract.local_time import Calendar
from cityharvest.contract.shape import Contract
from cityharvest.periods import Period
from disclosure.sqltext import ident, idents


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A delivery that keeps its contract.

    Args:
        relation: view with the declared columns: text VARCHAR, numbers BIGINT or DECIMAL(18,6), the time TIMESTAMPTZ.
        rows: how many there are.
        findings: what a person should know although it breaks nothing.
    """

    relation: str
    rows: int
    findings: tuple[Finding, ...] = ()


def read(
    con: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    contract: Contract | Mapping[str, Any],
    period: Period,
    *,
    name: str = "delivery",
) -> Checked:
    """Read the parts of a delivery, in order, as one table, and check it.

    Args:
        con: from ``disclosure.engine.connect``; the paths lie in its folder.
        paths: plain UTF-8 (see ``TranscodingWriter``), each with the header.
        contract: of the mandate.
        period: of the delivery; local times are those of its time zone.
        name: of the relation; what stood under it before is replaced.

    Raises:
        ContractBroken: with findings; its code is the gravest of them, or ``contract-broken``.
        WrongCall: the contract itself cannot be used.
    """
    known = contract if isinstance(contract, Contract) else Contract.of(contract)
    if not paths:
        raise broken([finding("file-empty")])
    header, found = check_header(paths, known)
    if found:
        raise broken(found)
    calendar, table = Calendar.of(period), f"{name}_rows"
    _load(con, name, table, load_sql(table, paths, header, known, calendar, period), paths)
    if found := _shape_problems(con, table):
        raise broken(found)
    rows = int(con.execute(f"SELECT count(*) FROM {ident(table)}").fetchall()[0][0])
    if not rows:
        raise broken([finding("file-empty")])
    _second_occurrences(con, table, known, calendar)
    if found := _problems(con, table, paths, known, calendar):
        raise broken(found)
    con.execute(f"CREATE VIEW {ident(name)} AS SELECT {idents(one.name for one in known.fields)} FROM {ident(table)}")
    return Checked(relation=name, rows=rows)


def _load(con: duckdb.DuckDBPyConnection, name: str, table: str, query: str, paths: Sequence[Path]) -> None:
    con.execute(f"DROP VIEW IF EXISTS {ident(name)}")
    for old in (table, rejects_of(table), f"{table}_scans"):
        con.execute(f"DROP TABLE IF EXISTS {ident(old)}")
    try:
        con.execute(query).fetchall()
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.InvalidInputException as error:
        # The engine's text quotes the line, so nothing of it is handed on.
        raise broken([finding("file-unreadable", parts=len(paths))]) from error


def _shape_problems(con: duckdb.DuckDBPyConnection, table: str) -> list[Finding]:
    """Lines with too few or too many values, or with a quote that does not end."""
    rejects = ident(rejects_of(table))
    query = f"SELECT count(*), min(line, {NAMED_ROWS}) FROM {rejects}"
    count, lines = con.execute(query).fetchall()[0]
    if not count:
        return []
    return [finding("row-shape", count=count, row=lines[0], rows=list(lines))]


def _second_occurrences(con: duckdb.DuckDBPyConnection, table: str, contract: Contract, calendar: Calendar) -> None:
    """In the doubled hour of autumn the second row of a series with the same time is the later one."""
    field = contract.time
    if field is None or not field.is_local_time or contract.interval_s is None:
        return
    time, series = ident(field.name), idents(contract.key)
    for change in calendar.changes:
        if not change.doubled:
            continue
        in_hour = f"{time} >= {instant(change.at - change.doubled)} AND {time} < {instant(change.at)}"
        micros = change.doubled // timedelta(microseconds=1)
        turns = (
            f"SELECT rowid AS row, row_number() OVER (PARTITION BY {series} ORDER BY rowid) AS turn "
            f"FROM {ident(table)} WHERE {in_hour}"
        )
        con.execute(
            f"UPDATE {ident(table)} AS it SET {time} = make_timestamptz(epoch_us(it.{time}) + {micros}) "
            f"FROM (SELECT row FROM ({turns}) WHERE turn = 2) AS second WHERE it.rowid = second.row"
        ).fetchall()


def _problems(
    con: duckdb.DuckDBPyConnection, table: str, paths: Sequence[Path], contract: Contract, calendar: Calendar
) -> list[Finding]:
    placed = checks.row_problems(con, table, contract) + checks.value_problems(con, table, contract)
    days, repeated = checks.day_problems(con, table, contract, calendar)
    if contract.key and (repeated or contract.primary_key or contract.interval_s is None):
        placed += checks.key_problems(con, table, contract)
    found = _with_lines(placed, paths, contract)
    # A row that could not be read is missing from its day as well; saying so twice helps nobody.
    found += [] if found else days
    found += checks.unit_problems(con, table, contract)
    return found + checks.identifier_problems(con, table, contract)


def _with_lines(
    placed: Sequence[tuple[Finding, list[int]]], paths: Sequence[Path], contract: Contract
) -> list[Finding]:
    lines = places(paths, contract, [row for _, rows in placed for row in rows])
    found = []
    for one, rows in placed:
        known = [lines[row] for row in rows if row in lines]
        first = known[0] if known else {}
        found.append({**one, **first, "rows": [place["row"] for place in known]})
    return found
