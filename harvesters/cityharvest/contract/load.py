"""One pass over the files: every text becomes a typed value, and a row that breaks a rule says which.

Pure SQL text of contract, calendar and period; the reader runs it. A good row costs its casts and a few comparisons:
only a row with something wrong builds its list of problems (column, rule, first character and length of the value).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cityharvest.contract import columns
from cityharvest.contract.local_time import Calendar
from cityharvest.contract.shape import TEXT_TYPES, Contract, Field
from cityharvest.periods import Period
from disclosure.sqltext import ident, literal

PROBLEMS: Final = "__problems"
#: Between two problems of a row: a text column that is empty in good rows is far cheaper than a list.
SEPARATOR_SQL: Final = "chr(31)"
MOST_REJECTS: Final = 1000


def load_sql(
    table: str, paths: Sequence[Path], header: Sequence[str], contract: Contract, calendar: Calendar, period: Period
) -> str:
    """Return the statement that fills ``table`` with the declared columns and the problems of each row.

    Rows keep the order of the files. Lines with too few or too many values are not in it; the engine puts them into
    the temporary table ``rejects_of(table)``.
    """
    places = [header.index(one.name) for one in contract.fields]
    typed = ", ".join(
        f"{columns.typed_sql(one, f'c{place}')} AS v{number}"
        for number, (one, place) in enumerate(zip(contract.fields, places, strict=True))
    )
    raws = ", ".join(f"c{place}" for place in sorted(set(places)))
    moments = ", ".join(_moment(number, one, calendar) for number, one in enumerate(contract.fields))
    shown = ", ".join(f"m{number} AS {ident(one.name)}" for number, one in enumerate(contract.fields))
    rules = [
        rule
        for number, one in enumerate(contract.fields)
        for rule in _rules(number, one, places[number], contract, calendar, period)
    ]
    suspect = " OR ".join(f"({condition})" for _, _, _, condition in rules) or "false"
    listed = ", ".join(f"CASE WHEN {rule[3]} THEN {_problem(*rule[:3])} END" for rule in rules)
    problems = f"CASE WHEN {suspect} THEN nullif(concat_ws({SEPARATOR_SQL}, {listed}), '') END"
    return (
        f"CREATE TABLE {ident(table)} AS SELECT {shown}, {problems if rules else 'NULL'} AS {PROBLEMS} "
        f"FROM (SELECT *, {moments} FROM (SELECT {raws}, {typed} FROM {_source(table, paths, header, contract)}))"
    )


def _problem(number: int, code: str, raw: str) -> str:
    """Field, rule, length and first character of the value, which comes last since it may be any character."""
    return f"concat('{number}|{code}|', length(trim({raw})), '|', left(trim({raw}), 1))"


def rejects_of(table: str) -> str:
    """Return the name of the temporary table with the lines that have the wrong shape."""
    return f"{table}_rejects"


def _source(table: str, paths: Sequence[Path], header: Sequence[str], contract: Contract) -> str:
    files = ", ".join(literal(str(path)) for path in paths)
    names = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header)))
    missing = ", ".join(literal(token) for token in dict.fromkeys(("", *contract.missing)))
    quote = literal(contract.quote)
    return (
        f"read_csv([{files}], auto_detect = false, header = true, delim = {literal(contract.delimiter)}, "
        f"quote = {quote}, escape = {quote}, columns = {{{names}}}, nullstr = [{missing}], store_rejects = true, "
        f"rejects_table = {literal(rejects_of(table))}, rejects_scan = {literal(table + '_scans')}, "
        f"rejects_limit = {MOST_REJECTS})"
    )


def _moment(number: int, field: Field, calendar: Calendar) -> str:
    if field.role == "time" and field.is_local_time:
        return f"{columns.utc_sql(f'CAST(v{number} AS TIMESTAMP)', calendar)} AS m{number}"
    return f"v{number} AS m{number}"


def _rules(
    number: int, field: Field, place: int, contract: Contract, calendar: Calendar, period: Period
) -> Iterator[tuple[int, str, str, str]]:
    """Yield (field number, code, raw column, condition) of every rule on one field."""
    raw, value = f"c{place}", f"v{number}"
    missing = columns.missing_sql(raw, contract.missing)
    if field.required:
        yield number, "value-missing", raw, f"{value} IS NULL AND {missing}"
    if field.type not in TEXT_TYPES:
        yield number, "value-invalid", raw, f"{value} IS NULL AND NOT {missing}"
    if field.minimum is not None:
        yield number, "value-below-minimum", raw, columns.bound_sql(field, value, field.minimum, "<")
    if field.maximum is not None:
        yield number, "value-above-maximum", raw, columns.bound_sql(field, value, field.maximum, ">")
    if field.role == "time":
        for code, condition in _time_rules(number, field, contract, calendar, period):
            yield number, code, raw, condition


def _time_rules(
    number: int, field: Field, contract: Contract, calendar: Calendar, period: Period
) -> Iterator[tuple[str, str]]:
    moment = f"m{number}"
    skipped = columns.skipped_sql(f"CAST(v{number} AS TIMESTAMP)", calendar) if field.is_local_time else None
    yield "time-outside-period", columns.outside_sql(moment, period)
    if skipped is not None:
        yield "time-skipped", skipped
    if contract.interval_s is not None and contract.interval_s < columns.DAY_S:
        yield "time-off-grid", columns.off_grid_sql(moment, period, contract.interval_s)
