"""Which cells of one level keep every rule: least number of units, shares, concentration, zeros.

Boundary: counts the rows it is given, under whatever key they carry; knows no levels. A bin must pass for each
privacy unit on its own, and for the contributor. Values are summed per member first; missing members are together
one. All sums are exact decimals, so neither order nor threads can change a result.

Cells with fewer rows than the least number of units are dropped before anything is counted per member: they cannot
have enough units, and they are most of a fine table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from disclosure import concentration
from disclosure.presets import Preset
from disclosure.rounding import micro_sql, rounded_sql
from disclosure.rules import Rules
from disclosure.spec import MeasureKind, Spec
from disclosure.sqltext import ident

ROWS_COLUMN = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The rules of one run. `members` are the columns behind which somebody stands, units first."""

    spec: Spec
    preset: Preset
    rules: Rules
    members: tuple[str, ...]

    @property
    def least(self) -> int:
        """The least number of distinct units."""
        return self.preset.min_units

    @property
    def rows_name(self) -> str:
        """The published column with the number of rows."""
        return self.spec.count_rows_as or ROWS_COLUMN

    def carried(self, alias: str = "") -> str:
        """Columns that rows carry beside their key."""
        names = [f"m{each}" for each in range(len(self.members))] + [f"v{each}" for each in range(self.measures)]
        return ", ".join(alias + name for name in names)

    @property
    def measures(self) -> int:
        """Number of published quantities."""
        return len(self.spec.measures)

    def columns(self) -> str:
        """Columns of a judged table, in order."""
        figures = "".join(f", {ident(name)}" for name in self.spec.measures)
        return f"key, most, units, {ident(self.rows_name)}{figures}"

    def store(
        self, con: duckdb.DuckDBPyConnection, rows: str, target: str, *, zeros: bool = False, busy: bool = False
    ) -> None:
        """Store the cells of `rows` that keep every rule as the table `target`.

        Its columns are key, most (the greatest number of distinct members of any unit column, with or without a
        value), units, rows and figures. Figures of zero pass only with `zeros`; `busy` says that small cells have
        been set aside already.
        """
        candidates = f"(SELECT * FROM {rows} WHERE key IS NOT NULL)"
        if not busy:
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {target}_few AS SELECT key FROM {rows} WHERE key IS NOT NULL"
                f" GROUP BY key HAVING {enough_sql('count(*)', self.least)}"
            )
            candidates = f"{rows} SEMI JOIN {target}_few USING (key)"
        try:
            parts = [self._member_sql(candidates, number) for number in range(len(self.members))]
            counted = [each for each in range(len(self.members)) if self.members[each] in self.spec.units]
            most = ", ".join(f"p{each}.most" for each in counted)
            units = ", ".join(f"p{each}.units" for each in counted)
            joins = "".join(f" JOIN p{each} USING (key)" for each in range(1, len(parts)))
            keeps = " AND ".join(f"p{each}.keeps" for each in range(len(parts)))
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {target} AS WITH"
                f" {', '.join(f'p{number} AS ({part})' for number, part in enumerate(parts))},"
                f" shown AS (SELECT key, greatest({most}) AS most, least({units}) AS units,"
                f" p0.__rows AS {ident(self.rows_name)}{self._figures()} FROM p0{joins} WHERE {keeps})"
                f" SELECT {self.columns()} FROM shown WHERE"
                f" {' AND '.join([enough_sql('units', self.least), *([] if zeros else self._not_zero())])}"
            )
        finally:
            con.execute(f"DROP TABLE IF EXISTS {target}_few")

    def _member_sql(self, candidates: str, number: int) -> str:
        """Per cell: members, members with a value in every measure's count, the rules, and (first column) sums."""
        member = f"m{number}"
        sums = "".join(
            f", sum(v{each}) AS __s{each}, count(v{each}) AS __n{each}, coalesce(sum(abs(v{each}))"
            f" FILTER ({member} IS NULL), abs(sum(v{each}))) AS __size{each}"
            for each in range(self.measures)
        )
        per_member = f"SELECT key, {member}, count(*) AS __rows{sums} FROM {candidates} GROUP BY key, {member}"
        totals = "".join(f", sum(__s{each}) AS __s{each}, sum(__n{each}) AS __n{each}" for each in range(self.measures))
        return (
            f"SELECT key, count(*) AS most, {concentration.members_sql(self.spec)} AS units,"
            f" {keeps_sql(self.spec, self.rules, self.rows_name)} AS keeps,"
            f" CAST(sum(__rows) AS BIGINT) AS __rows{totals} FROM ({per_member}) GROUP BY key"
        )

    def _figures(self) -> str:
        return "".join(
            f", {_figure_sql(measure.kind, number, measure.decimals)} AS {ident(name)}"
            for number, (name, measure) in enumerate(self.spec.measures.items())
        )

    def _not_zero(self) -> list[str]:
        return not_zero_sql(self.spec, self.preset)


def enough_sql(count: str, least: int) -> str:
    """Guard: at least `least` of something."""
    return f"{count} >= {least}"


def keeps_sql(spec: Spec, rules: Rules, rows_name: str) -> str:
    """Guard: nobody's share of the rows or of a measure is too large."""
    conditions = concentration.broken_free_sql(replace(spec, count_rows_as=rows_name), rules)
    return f"coalesce({' AND '.join(conditions)}, false)" if conditions else "true"


def not_zero_sql(spec: Spec, preset: Preset) -> list[str]:
    """Guard: a figure of zero tells that everybody had zero, so it is withheld like a small count."""
    return [f"coalesce({ident(name)} <> 0, false)" for name in spec.measures] if preset.zero_is_small else []


def _figure_sql(kind: MeasureKind, number: int, decimals: int) -> str:
    micro = micro_sql(f"p0.__s{number}")
    if kind is MeasureKind.SUM:
        return rounded_sql(micro, "CAST(1000000 AS HUGEINT)", decimals)
    return rounded_sql(micro, f"nullif(CAST(p0.__n{number} AS HUGEINT), 0) * 1000000", decimals)
