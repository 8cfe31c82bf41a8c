"""How a privacy unit is written before it is counted.

Spaces and letter case never make one unit into two, and a blank is a missing unit. Merging spellings can only lower
a count, so the error is on the safe side. Missing units are counted together as one by whoever counts.
"""

from __future__ import annotations

from disclosure.sqltext import ident


def unit_sql(column: str) -> str:
    """The expression for the normalized unit (VARCHAR, NULL when missing)."""
    return f"nullif(upper(trim(CAST({ident(column)} AS VARCHAR))), '')"
