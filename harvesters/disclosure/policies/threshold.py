"""Flat table: zone × time, a least number of units in every cell, no totals.

Safe because cells are disjoint, nothing is published about their unions, every cell rests on at least the preset's
number of each unit, and nobody contributes more to a cell than the p % and dominance rules of the site and the share of
the preset allow (``disclosure.concentration``). A cell that breaks a rule is withheld like a small one and looks the
same. What this does not give (differencing against other tables) is listed in the proof as not claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import duckdb
import pyarrow as pa

from disclosure import cells, slices
from disclosure.bands import band
from disclosure.cells import CELLS, UnitCounts
from disclosure.claims import threshold as claimed
from disclosure.claims.core import Claim
from disclosure.concentration import rule_slugs, rules_for
from disclosure.errors import DisclosureRefused
from disclosure.policies.base import Plan, Step
from disclosure.policies.flat import flat_shape
from disclosure.presets import Preset
from disclosure.protected import Protected, Withheld
from disclosure.recounts import threshold as recounted
from disclosure.rowid import UnitEvidence, row_id_reason
from disclosure.rules import Rules
from disclosure.shape import Shape
from disclosure.site import SiteRules
from disclosure.spec import Presence, Spec
from disclosure.sqltext import ident, idents, one_row

APPLIED = frozenset({"p-percent"})
"""Rules that a preset may ask for beside its count and that are applied here."""

_COUNTERS: dict[Presence, Callable[[duckdb.DuckDBPyConnection, str, Spec, Preset, Rules], UnitCounts]] = {
    Presence.DISTINCT: slices.counted,
    Presence.SIMULTANEOUS: cells.simultaneous_cells,
    Presence.NONE: cells.plain_cells,
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """The flat policy; it has no parameters of its own."""

    name: ClassVar[str] = "threshold"

    def public(self) -> dict[str, Any]:
        """Nothing beyond the preset."""
        return {}

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from nothing.

        Raises:
            TypeError: if there are parameters.
        """
        return cls(**data)

    def check(self, spec: Spec, preset: Preset, site: SiteRules) -> None:
        """Refuse a specification without place and time, and rules that are not applied here."""
        if unknown := set(preset.needs) - APPLIED:
            raise DisclosureRefused("rule-not-available", preset=preset.id, rules=sorted(unknown))
        if "p-percent" in preset.needs and site.p_percent is None:
            raise DisclosureRefused("site-rule-missing", preset=preset.id, rule="p_percent")
        if spec.also_units and spec.presence is not Presence.DISTINCT:
            raise DisclosureRefused("also-units-need-distinct", columns=list(spec.also_units))
        if not spec.zones or not spec.time:
            raise DisclosureRefused("zone-and-time-needed", policy=self.name)

    def shape(self, spec: Spec) -> Shape:
        """Keys, counts and measures."""
        return flat_shape(spec)

    def explain(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Plan:
        """What would be published: one step."""
        try:
            _COUNTERS[spec.presence](con, relation, spec, preset, rules_for(preset, site))
            kept = one_row(con, f"SELECT count(*), coalesce(sum(__rows), 0)::BIGINT FROM {CELLS} WHERE publishable")
            rows = one_row(con, f"SELECT count(*) FROM {ident(relation)}")[0]
        finally:
            cells.drop(con)
        step = Step(slug="flat", level=str(spec.time_bin), rows=kept[1], cells=kept[0])
        return Plan(policy=self.name, rows=rows, steps=(step,))

    def protect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        """Count the cells and keep those that satisfy the preset."""
        try:
            rules = rules_for(preset, site)
            counts = _COUNTERS[spec.presence](con, relation, spec, preset, rules)
            _check_unit(spec, counts)
            return self._collect(con, spec, preset, counts, rules)
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            # The engine's message quotes the value, which must not travel further.
            raise DisclosureRefused("measure-out-of-range", columns=list(spec.measures)) from None
        finally:
            cells.drop(con)

    def recount(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        protected: Protected,
        spec: Spec,
        preset: Preset,
        site: SiteRules,
    ) -> None:
        """Compare with an independent count."""
        recounted.recount(con, relation, protected, spec, preset, site)

    def claims(self, table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
        """What the table alone can show."""
        return claimed.claims(table, spec, proof)

    def _collect(
        self, con: duckdb.DuckDBPyConnection, spec: Spec, preset: Preset, counts: UnitCounts, rules: Rules
    ) -> Protected:
        total, withheld, rows, shown = one_row(
            con,
            "SELECT count(*), count(*) FILTER (NOT publishable), coalesce(sum(__rows), 0)::BIGINT,"
            f" coalesce(sum(__rows) FILTER (publishable), 0)::BIGINT FROM {CELLS}",
        )
        table = con.sql(
            f"SELECT {idents(spec.output_columns)} FROM {CELLS} WHERE publishable ORDER BY {idents(spec.key_columns)}"
        ).to_arrow_table()
        units = table.column("units").to_pylist() if spec.presence is not Presence.NONE else []
        return Protected(
            table=table.combine_chunks(),
            policy=self,
            withheld=Withheld(
                cells=withheld,
                cells_band=band(withheld, total, units_behind=counts.behind_withheld_cells, min_units=preset.min_units),
                units_band=band(
                    counts.unpublished, counts.total, units_behind=counts.unpublished, min_units=preset.min_units
                ),
            ),
            achieved_min=min(units, default=None),
            public_facts={"totals": "none", "rules": rule_slugs(rules) if spec.presence is Presence.DISTINCT else []},
            confidential={
                "rows_in": rows,
                "rows_published": shown,
                "cells_published": table.num_rows,
                "cells_withheld": withheld,
                "units_in": counts.total,
                "units_unpublished": counts.unpublished,
            },
        )


def _check_unit(spec: Spec, counts: UnitCounts) -> None:
    if spec.presence is not Presence.DISTINCT:
        return
    # Re-keying by the day is found by the gate, which attacks every unit of the input.
    if reason := row_id_reason(UnitEvidence(rows=counts.rows, units=counts.total)):
        raise DisclosureRefused(reason, column=spec.unit)
