"""How a privacy unit is written before it is counted.

White space around it and letter case never make one unit into two, and a blank is a missing unit. White space is more
than the space: a file with foreign line ends leaves a carriage return on its last column, others a tab or a space that
does not break. Merging spellings can only lower a count, so the error is on the safe
side. Missing units are counted together as one by whoever counts.
"""

from __future__ import annotations

from typing import Final

from disclosure.sqltext import ident

WHITE_SQL: Final = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160) || chr(8239) || chr(65279)"
"""All signs that are taken off both ends of a text, as an SQL expression."""


_WHOLE_NUMBERS = frozenset(
    prefix + size for prefix in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)


def unit_of_type_sql(column: str, type_name: str) -> str:
    """An expression that tells the same units apart as `unit_sql` does; whole numbers have one spelling only."""
    return ident(column) if type_name in _WHOLE_NUMBERS else unit_sql(column)


def unit_sql(column: str) -> str:
    """The expression for the normalized unit (VARCHAR, NULL when missing)."""
    return f"nullif(upper(trim(CAST({ident(column)} AS VARCHAR), {WHITE_SQL})), '')"
