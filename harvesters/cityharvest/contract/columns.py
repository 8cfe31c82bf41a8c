"""SQL of one column: from its text to a typed value, and the questions that tell why a text gave none.

Pure: contract and calendar in, SQL text out. Typed values are VARCHAR, BIGINT, DECIMAL(18,6) (further digits are
rounded), BOOLEAN, DATE and TIMESTAMPTZ. Casts are strict: with a decimal comma a point is an error, never a thousand.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from cityharvest.contract.local_time import Calendar, Change
from cityharvest.contract.shape import Field
from cityharvest.periods import Period
from disclosure.sqltext import ident, literal

DECIMAL: Final = "DECIMAL(18, 6)"
#: Formats that the engine's own cast reads (faster than a format string), with the length that makes it strict.
_CAST_LENGTH: Final = {"%Y-%m-%d %H:%M": 16, "%Y-%m-%d %H:%M:%S": 19, "%Y-%m-%dT%H:%M": 16, "%Y-%m-%dT%H:%M:%S": 19}
DAY_S: Final = 86_400
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - times on the wall have no zone


def typed_sql(field: Field, raw: str) -> str:
    """Return the expression that reads ``raw`` (an SQL expression) as the field's type, NULL where it cannot."""
    match field.type:
        case "number":
            return _number_sql(field, raw)
        case "integer":
            return f"CASE WHEN regexp_full_match(trim({raw}), '[+-]?[0-9]+') THEN TRY_CAST(trim({raw}) AS BIGINT) END"
        case "boolean":
            word = f"lower(trim({raw}))"
            return f"CASE WHEN {word} IN ('true', '1') THEN true WHEN {word} IN ('false', '0') THEN false END"
        case "date":
            form = field.format if field.format not in ("", "default") else "%Y-%m-%d"
            return f"CAST(try_strptime(trim({raw}), {literal(form)}) AS DATE)"
        case "datetime":
            return _datetime_sql(field, raw)
        case _:
            return f"nullif(trim({raw}), '')"


def _number_sql(field: Field, raw: str) -> str:
    text = raw
    if field.group_char:
        text = f"replace(replace({text}, {literal(field.group_char)}, ''), chr(160), '')"
    foreign = ["_"] + (["."] if field.decimal_char != "." else [])
    if field.decimal_char != ".":
        text = f"replace({text}, {literal(field.decimal_char)}, '.')"
    refused = " OR ".join(f"contains({raw}, {literal(one)})" for one in foreign if one != field.group_char)
    return f"CASE WHEN {refused or 'false'} THEN NULL ELSE TRY_CAST({text} AS {DECIMAL}) END"


def _datetime_sql(field: Field, raw: str) -> str:
    if field.format in ("", "default"):
        # Without an offset the engine would take it for UTC; the contract's default demands one.
        with_offset = f"regexp_matches(trim({raw}), '(Z|z|[+-][0-9]{{2}}:?[0-9]{{2}})$')"
        return f"CASE WHEN {with_offset} THEN TRY_CAST(trim({raw}) AS TIMESTAMPTZ) END"
    if field.format in _CAST_LENGTH:
        # The engine's cast also takes the other separator, and 24:00 for the next day's 00:00.
        between = "T" if "T" in field.format else " "
        strict = (
            f"length({raw}) = {_CAST_LENGTH[field.format]} AND contains({raw}, {literal(between)}) "
            f"AND NOT contains({raw}, {literal(between + '24:')})"
        )
        return f"CASE WHEN {strict} THEN TRY_CAST({raw} AS TIMESTAMP) END"
    return f"try_strptime(trim({raw}), {literal(field.format)})"


def utc_sql(local: str, calendar: Calendar) -> str:
    """Return the UTC moment of a local time; in the doubled hour that of its first occurrence."""
    offset = _micros(calendar.first_offset)
    branches = [(change.wall, offset_before(change)) for change in calendar.changes]
    if not branches:
        return f"make_timestamptz(epoch_us({local}) - {offset})"
    last = _micros(calendar.changes[-1].after)
    whens = " ".join(f"WHEN epoch_us({local}) < {_micros(wall - _EPOCH)} THEN {before}" for wall, before in branches)
    return f"make_timestamptz(epoch_us({local}) - CASE {whens} ELSE {last} END)"


def offset_before(change: Change) -> int:
    """Return the offset before a change, in microseconds."""
    return _micros(change.before)


def skipped_sql(local: str, calendar: Calendar) -> str | None:
    """Return the condition that a local time does not exist; None where all of the period's do."""
    gaps = [(one.wall - _EPOCH, one.wall - _EPOCH + one.skipped) for one in calendar.changes if one.skipped]
    parts = [f"epoch_us({local}) BETWEEN {_micros(start)} AND {_micros(end) - 1}" for start, end in gaps]
    return " OR ".join(parts) or None


def outside_sql(moment: str, period: Period) -> str:
    """Return the condition that a UTC moment is outside the period."""
    return f"({moment} < {instant(period.start)} OR {moment} >= {instant(period.end)})"


def off_grid_sql(moment: str, period: Period, interval_s: int) -> str:
    """Return the condition that a UTC moment is not the start of an interval."""
    origin = _micros(period.start - EPOCH)
    return f"((epoch_us({moment}) - {origin}) % {interval_s * 1_000_000} <> 0)"


def instant(moment: datetime) -> str:
    """Return the SQL of a UTC moment."""
    return f"make_timestamptz({_micros(moment - EPOCH)})"


def missing_sql(raw: str, tokens: tuple[str, ...]) -> str:
    """Return the condition that a text stands for a missing value."""
    listed = ", ".join(literal(token.strip()) for token in {"", *tokens})
    return f"({raw} IS NULL OR trim({raw}) IN ({listed}))"


def bound_sql(field: Field, column: str, bound: str, operator: str) -> str:
    """Return the condition that a typed value is beyond a bound of the contract."""
    kind = "BIGINT" if field.type == "integer" else DECIMAL
    return f"{ident(column)} {operator} CAST({literal(bound)} AS {kind})"


def _micros(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
