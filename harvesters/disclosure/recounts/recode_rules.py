"""Classes of recoded microdata counted in SQL: units, diversity, closeness, weights."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

import duckdb

from disclosure.errors import GateRefused
from disclosure.spec import Spec
from disclosure.sqltext import ident, idents, one_row

if TYPE_CHECKING:
    from disclosure.policies.recode import Recode

MISSING: Final = "(missing)"
TOLERANCE: Final = 1e-12
"""An entropy this near to its bound counts as equal to it: logarithms are not exact."""


_MOST: Final = 9_223_372_036_854_775_807


def least_units(con: duckdb.DuckDBPyConnection, known: str, spec: Spec) -> int:
    """The least number of distinct units of any kind behind one set of labels; missing units count as one."""
    labels = ", ".join(f"__label{i}" for i in range(len(spec.quasi)))
    counts = ", ".join(f"count(DISTINCT coalesce(__unit{i}, ''))" for i in range(len(spec.units)))
    (least,) = one_row(
        con,
        f"SELECT min(units) FROM (SELECT least({counts}, {_MOST}) AS units FROM {known} GROUP BY {labels})",
    )
    return int(least)


def repeated_units(con: duckdb.DuckDBPyConnection, known: str) -> int:
    """How many units have more than one record."""
    (repeated,) = one_row(con, f"SELECT count(*) FROM (SELECT 1 FROM {known} GROUP BY __unit0 HAVING count(*) > 1)")
    return int(repeated)


def check_values(con: duckdb.DuckDBPyConnection, out: str, policy: Recode, spec: Spec) -> None:
    """Diversity and closeness of every sensitive column, from the published table.

    Raises:
        GateRefused: codes ``class-not-diverse`` and ``class-not-close``.
    """
    for name in spec.sensitive:
        value = ident(name) if name in policy.coding else f"upper(nullif({ident(name)}, '{MISSING}'))"
        counts = f"SELECT {idents(spec.quasi)}, {value} AS value, count(*) AS n FROM {out} GROUP BY ALL"
        if bad := _not_diverse(con, counts, policy, spec):
            raise GateRefused("class-not-diverse", column=name, classes=bad)
        if policy.t is not None:
            far = _far_ordered if policy.is_ordered(name) else _far
            if bad := far(con, counts, policy.t_permille, spec):
                raise GateRefused("class-not-close", column=name, classes=bad)


def _not_diverse(con: duckdb.DuckDBPyConnection, counts: str, policy: Recode, spec: Spec) -> int:
    entropy = log(policy.entropy_l) - TOLERANCE if policy.entropy_l else -1.0
    (bad,) = one_row(
        con,
        f"WITH counted AS ({counts}) SELECT count(*) FROM (SELECT count(value) AS different,"
        f" ln(CAST(sum(n) AS DOUBLE)) - sum(n * ln(CAST(n AS DOUBLE))) / sum(n) AS entropy FROM counted"
        f" GROUP BY {idents(spec.quasi)}) WHERE different < {policy.distinct_l} OR entropy < {entropy!r}",
    )
    return int(bad)


def _far(con: duckdb.DuckDBPyConnection, counts: str, t_permille: int, spec: Spec) -> int:
    """Classes whose shares are too far from the table's. A value that a class lacks adds its share of the table."""
    labels = idents(spec.quasi)
    (bad,) = one_row(
        con,
        f"WITH counted AS ({counts}), everywhere AS (SELECT value, CAST(sum(n) AS HUGEINT) AS total FROM counted"
        " GROUP BY value), whole AS (SELECT sum(total) AS rows FROM everywhere),"
        f" sized AS (SELECT *, CAST(sum(n) OVER (PARTITION BY {labels}) AS HUGEINT) AS here FROM counted)"
        f" SELECT count(*) FROM (SELECT any_value(here) AS here, any_value(rows) AS rows, sum(abs(n * rows - total"
        f" * here) - total * here) + any_value(here) * any_value(rows) AS apart FROM sized JOIN everywhere"
        f" ON sized.value IS NOT DISTINCT FROM everywhere.value CROSS JOIN whole GROUP BY {labels})"
        f" WHERE apart * 1000 > 2 * {t_permille} * here * rows",
    )
    return int(bad)


def _far_ordered(con: duckdb.DuckDBPyConnection, counts: str, t_permille: int, spec: Spec) -> int:
    """Classes whose cumulated shares are too far from the table's; a missing value stands before all others."""
    labels = idents(spec.quasi)
    on = " AND ".join(f"classes.{ident(name)} = counted.{ident(name)}" for name in spec.quasi)
    class_labels = idents(spec.quasi, "classes.")
    (bad,) = one_row(
        con,
        f"WITH counted AS ({counts}), everywhere AS (SELECT value, CAST(sum(n) AS HUGEINT) AS total FROM counted"
        " GROUP BY value), whole AS (SELECT sum(total) AS rows, count(*) AS present FROM everywhere),"
        f" classes AS (SELECT {labels}, CAST(sum(n) AS HUGEINT) AS here FROM counted GROUP BY {labels}),"
        f" running AS (SELECT {class_labels}, here, rows, present, sum(coalesce(n, 0) * rows - total * here) OVER"
        f" (PARTITION BY {class_labels} ORDER BY everywhere.value NULLS FIRST) AS apart FROM classes CROSS JOIN"
        f" everywhere CROSS JOIN whole LEFT JOIN counted ON {on} AND counted.value IS NOT DISTINCT FROM"
        f" everywhere.value) SELECT count(*) FROM (SELECT sum(abs(apart)) AS apart, any_value(here) AS here,"
        f" any_value(rows) AS rows, any_value(present) AS present FROM running GROUP BY {labels})"
        f" WHERE apart * 1000 > {t_permille} * here * rows * greatest(present - 1, 1)",
    )
    return int(bad)


def check_weights(con: duckdb.DuckDBPyConnection, known: str, out: str, spec: Spec, decimals: int) -> None:
    """Every record of a class carries the class's mean weight.

    Raises:
        GateRefused: code ``weight-differs``.
    """
    weight = ident(spec.weight or "")
    labels = ", ".join(f"__label{i}" for i in range(len(spec.quasi)))
    on = " AND ".join(f"{out}.{ident(name)} = means.__label{i}" for i, name in enumerate(spec.quasi))
    # |shown - sum / n| is at most half a unit of the last place, in whole numbers.
    (wrong,) = one_row(
        con,
        f"WITH means AS (SELECT {labels}, sum(__weight) AS total, count(*) AS n FROM {known} GROUP BY {labels})"
        f" SELECT count(*) FROM {out} JOIN means ON {on} WHERE {weight} IS NULL OR"
        f" abs(CAST({weight} AS DECIMAL(38,6)) * n - total) * {2 * 10**decimals} > n",
    )
    if wrong:
        raise GateRefused("weight-differs", records=wrong)
