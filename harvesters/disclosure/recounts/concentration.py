"""The gate's own judgment of concentration: contributions are read out and judged in Python, one cell after another.

Nothing is shared with ``disclosure.concentration`` but the names of columns: there the rules are inequalities inside
one aggregate, here the largest contributions of each cell are ranked by a window and judged by the predicates of
``disclosure.rules`` on decimals.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb

from disclosure.presets import Preset
from disclosure.recounts.spelling import spelled
from disclosure.recounts.threshold_count import Key
from disclosure.rules import Concentration, Rules
from disclosure.site import SiteRules
from disclosure.spec import Spec
from disclosure.sqltext import ident


def site_rules(preset: Preset, site: SiteRules) -> Rules:
    """The rules as the gate reads them from preset and site."""
    pair = (site.dominance_n, site.dominance_percent)
    dominance = (pair[0], pair[1]) if pair[0] is not None and pair[1] is not None else None
    return Rules(p_percent=site.p_percent, dominance=dominance, max_share_percent=preset.max_share_percent)


def unsafe_cells(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
) -> set[Key]:
    """Keys of the cells that break a rule; ``gate_periods`` must be there."""
    rules = site_rules(preset, site)
    columns = {name.casefold(): name for name in (*spec.units, *filter(None, (spec.contributor,)))}
    further = {name.casefold() for name in spec.also_units}
    unsafe: set[Key] = set()
    for folded, column in columns.items():
        for value in (*spec.measures, None):
            counts_members = folded in further
            is_shown = value is not None or spec.count_rows_as is not None
            if not (counts_members and (value is not None or not spec.measures)) and not (rules.any and is_shown):
                continue
            for key, cell in _cells(con, relation, spec, column, value, rules.keep):
                if (counts_members and cell.contributors < preset.min_units) or (is_shown and rules.broken(cell)):
                    unsafe.add(key)
    return unsafe


def _cells(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, column: str, value: str | None, keep: int
) -> Iterator[tuple[Key, Concentration]]:
    """For each cell: number of members with a value, total of their sizes, the largest of them."""
    zones = [f"CAST(source.{ident(zone)} AS VARCHAR)" for zone in spec.zones]
    keys = ", ".join(f"k{number}" for number in range(len(zones) + 1))
    named = ", ".join(f"{sql} AS k{number}" for number, sql in enumerate((*zones, "gate_periods.start")))
    amount = "1" if value is None else f"CAST(source.{ident(value)} AS DECIMAL(18,6))"
    member = spelled(f"coalesce(CAST(source.{ident(column)} AS VARCHAR), '')")
    rows = con.execute(
        f"WITH amounts AS (SELECT {named}, {member} AS member, {amount} AS amount FROM {ident(relation)} AS source"
        f" JOIN gate_periods ON gate_periods.moment = source.{ident(spec.time)}),"
        f" members AS (SELECT {keys}, member, CASE WHEN member = '' THEN sum(abs(amount)) ELSE abs(sum(amount)) END"
        f" AS size FROM amounts WHERE amount IS NOT NULL GROUP BY {keys}, member),"
        f" ranked AS (SELECT *, row_number() OVER (PARTITION BY {keys} ORDER BY size DESC) AS place,"
        f" count(*) OVER (PARTITION BY {keys}) AS members, sum(size) OVER (PARTITION BY {keys}) AS total FROM members)"
        f" SELECT {keys}, members, total, list(size ORDER BY place) FROM ranked WHERE place <= {keep} GROUP BY ALL"
    ).fetchall()
    width = len(zones) + 1
    for row in rows:
        if None not in row[:width]:
            yield row[:width], _concentration(*row[width:])


def _concentration(members: int, total: Any, top: list[Any]) -> Concentration:
    return Concentration(total=Decimal(total), top=tuple(Decimal(each) for each in top), contributors=members)
