"""Rules of concentration over the cells of a flat table, in SQL: the half that `protect` uses.

Boundary: marks cells; publishes nothing. Readings are summed per unit before any rule is asked, since a meter with a
thousand readings is one contributor. A rule is asked for every magnitude that is published (each measure, and the row
count where it is shown) and for every column behind which somebody stands: the unit, the further units, and the
contributor (such as the holding). A mean over a count is a sum for whoever knows the count, so means are judged by
their sums. The predicates themselves, with their source, are in ``disclosure.rules``; here they are inequalities of
whole numbers, so nothing is divided.

Missing members are together one. Their readings cannot be told apart, so their size is the sum of sizes of the
readings: positive and negative ones of different people must not cancel out.
"""

from __future__ import annotations

import duckdb

from disclosure.binning import period_start_sql
from disclosure.presets import Preset
from disclosure.rounding import micro_sql
from disclosure.rules import Rules
from disclosure.site import SiteRules
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import VALUE_TYPE, ident, idents
from disclosure.units import unit_sql

CELLS = "_disclosure_cells"
_PER_OTHER = "_disclosure_per_other"


def rules_for(preset: Preset, site: SiteRules) -> Rules:
    """The rules of the site and the statutory share of the preset together."""
    dominance = None
    if site.dominance_n is not None and site.dominance_percent is not None:
        dominance = (site.dominance_n, site.dominance_percent)
    return Rules(p_percent=site.p_percent, dominance=dominance, max_share_percent=preset.max_share_percent)


def rule_slugs(rules: Rules) -> list[str]:
    """Names of the rules that are asked; the proof may state that they were, never with which parameters."""
    asked = {
        "p-percent": rules.p_percent is not None,
        "dominance": rules.dominance is not None,
        "max-share": rules.max_share_percent is not None,
    }
    return [slug for slug, is_asked in asked.items() if is_asked]


def judged_columns(spec: Spec) -> tuple[str, ...]:
    """Columns behind which somebody stands: units first, then the contributor; each once."""
    columns = [*spec.units, *filter(None, (spec.contributor,))]
    first_spelling: dict[str, str] = {}
    for name in columns:
        first_spelling.setdefault(name.casefold(), name)
    return tuple(first_spelling.values())


def zones_sql(spec: Spec) -> str:
    """The zone columns as text."""
    return ", ".join(f"CAST({ident(name)} AS VARCHAR) AS {ident(name)}" for name in spec.zones)


def sum_per_member(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, column: str, table: str) -> None:
    """Store, per cell and member of `column`: rows, and for each measure its sum, number of values and size."""
    member = unit_sql(column)
    sums = "".join(
        f", sum(CAST({ident(name)} AS {VALUE_TYPE})) AS __s{number}, count({ident(name)}) AS __n{number},"
        f" coalesce(sum(abs(CAST({ident(name)} AS {VALUE_TYPE}))) FILTER ({member} IS NULL),"
        f" abs(sum(CAST({ident(name)} AS {VALUE_TYPE})))) AS __size{number}"
        for number, name in enumerate(spec.measures)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {zones_sql(spec)}{_period_sql(spec)},"
        f" {member} AS __unit, count(*) AS __rows{sums} FROM {ident(relation)} GROUP BY ALL"
    )


def _period_sql(spec: Spec) -> str:
    return f", {period_start_sql(spec)} AS {PERIOD_COLUMN}" if spec.time else ""


def members_sql(spec: Spec) -> str:
    """The number of members of a cell that have a value, for the measure where they are fewest."""
    with_value = [f"count(*) FILTER (__n{number} > 0)" for number in range(len(spec.measures))]
    return f"least({', '.join(with_value)})" if with_value else "count(*)"


def narrow(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, rules: Rules, *, per_unit: str
) -> None:
    """Withhold the cells of `CELLS` in which a further unit is too rare or somebody contributes too much."""
    try:
        for number, column in enumerate(judged_columns(spec)):
            conditions = broken_free_sql(spec, rules)
            if number and column in spec.also_units:
                conditions.append(f"{members_sql(spec)} >= {preset.min_units}")
            if conditions:
                if number:
                    sum_per_member(con, relation, spec, column, _PER_OTHER)
                _mark(con, spec, _PER_OTHER if number else per_unit, conditions)
    finally:
        con.execute(f"DROP TABLE IF EXISTS {_PER_OTHER}")


def _mark(con: duckdb.DuckDBPyConnection, spec: Spec, source: str, conditions: list[str]) -> None:
    same = " AND ".join(f"shown.{ident(name)} IS NOT DISTINCT FROM judged.{ident(name)}" for name in spec.key_columns)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {CELLS} AS WITH judged AS (SELECT {idents(spec.key_columns)},"
        f" {' AND '.join(conditions)} AS __keeps FROM {source} GROUP BY ALL)"
        f" SELECT shown.* REPLACE (shown.publishable AND coalesce(judged.__keeps, false) AS publishable)"
        f" FROM {CELLS} AS shown JOIN judged ON {same}"
    )


def broken_free_sql(spec: Spec, rules: Rules) -> list[str]:
    """For each published magnitude and rule, the condition that the cell keeps it."""
    sizes = [f"__size{number}" for number in range(len(spec.measures))]
    if spec.count_rows_as:
        sizes.append("__rows")
    return [condition for size in sizes for condition in _kept_sql(size, rules)]


def _kept_sql(size: str, rules: Rules) -> list[str]:
    total = micro_sql(f"sum({size})")

    def largest(count: int) -> str:
        top = f"max({size}, {rules.keep})"
        return " + ".join(f"coalesce({micro_sql(f'({top})[{place}]')}, 0)" for place in range(1, count + 1))

    kept = []
    if rules.p_percent is not None:
        kept.append(f"100 * ({total} - ({largest(2)})) >= {rules.p_percent} * ({largest(1)})")
    if rules.dominance is not None:
        n, percent = rules.dominance
        kept.append(f"100 * ({largest(n)}) <= {percent} * {total}")
    if rules.max_share_percent is not None:
        kept.append(f"100 * ({largest(1)}) <= {rules.max_share_percent} * {total}")
    return kept
