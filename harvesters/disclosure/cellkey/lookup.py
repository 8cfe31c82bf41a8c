"""A table of noise as SQL: one CASE over ranges of the cell key."""

from __future__ import annotations

from disclosure.cellkey.ptable import PTable, Row


def draw_sql(key: str, row: Row) -> str:
    """The value that a cell key (an expression of type UBIGINT) draws from a row."""
    *others, final = zip(row.values, row.last_keys(), strict=True)
    branches = "".join(f" WHEN {key} <= CAST('{last}' AS UBIGINT) THEN {value}" for value, last in others)
    return f"CASE{branches} ELSE {final[0]} END"


def count_noise_sql(count: str, key: str, table: PTable) -> str:
    """The noise for a true count and its cell key; 0 for a count of 0."""
    *small, general = table.rows
    branches = "".join(f" WHEN {number} THEN {draw_sql(key, row)}" for number, row in enumerate(small, start=1))
    return f"CASE {count} WHEN 0 THEN 0{branches} ELSE {draw_sql(key, general)} END"
