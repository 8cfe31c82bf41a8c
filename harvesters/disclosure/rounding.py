"""Published figures as SQL, exact and engine-independent: integers are divided, never floating-point numbers."""

from __future__ import annotations

from disclosure.sqltext import SCALE_DECIMALS


def published_type(decimals: int) -> str:
    """The type of a published figure; the same for every release, whatever the data."""
    return f"DECIMAL(18,{decimals})"


def micro_sql(total: str) -> str:
    """An exact sum of DECIMAL(18,6) values as a whole number of millionths."""
    return f"CAST(CAST({total} AS DECIMAL(31,{SCALE_DECIMALS})) * 1000000 AS HUGEINT)"


def rounded_sql(numerator: str, denominator: str, decimals: int) -> str:
    """``numerator / denominator`` (whole numbers, denominator positive), rounded half away from zero.

    The result is NULL when the numerator is NULL. An overflow of the published type raises in DuckDB.
    """
    scale = 10**decimals
    magnitude = f"(2 * abs({numerator}) * {scale} + {denominator}) // (2 * {denominator})"
    unit = f"CAST({10**-decimals:.{decimals}f} AS DECIMAL({decimals + 1},{decimals}))"
    whole = f"CAST(sign({numerator}) * ({magnitude}) AS DECIMAL(18,0))"
    return f"CAST({whole} * {unit} AS {published_type(decimals)})"
