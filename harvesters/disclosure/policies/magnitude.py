"""Magnitudes by area with totals that give nothing away: full where that is safe, else labelled partial.

The rule of Code de l'énergie, art. D111-55 III: aggregates that keep the count and the rules of concentration are
published. Where the withheld aggregates of a group (a region of its areas) together hold at least the minimum of units
and keep the same rules, the group's full total may stand; otherwise only the sum of the published aggregates does, and
it is labelled a partial total. A group never has both.

*Argument.* Whoever subtracts what is shown from a full total gets the sum of what is withheld below it, the
*remainder*. A remainder is judged like a cell, for every unit and contributor. Besides, nobody may be left alone with
one withheld cell: whichever cell is taken out of the remainder, two units remain, so no single contributor can
subtract their own part and read the other cell. Each unit stands in one area only, so that counts add up too. A group
above partial totals has the union of their remainders, judged in the same way; below a full total nothing is left to
subtract. A partial total says nothing that its parts do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import duckdb
import pyarrow as pa

from disclosure import cells, partial
from disclosure.bands import band
from disclosure.cells import UnitCounts
from disclosure.claims import magnitude as claimed
from disclosure.claims.core import Claim
from disclosure.concentration import rule_slugs, rules_for
from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.partial import KIND_COLUMN, TOTAL, Kind
from disclosure.policies.base import Plan, Step
from disclosure.policies.flat import flat_shape
from disclosure.presets import Preset
from disclosure.protected import Protected, Withheld
from disclosure.recounts import magnitude as recounted
from disclosure.rules import Rules
from disclosure.shape import Field, Role, Shape
from disclosure.site import SiteRules
from disclosure.spec import Presence, Spec
from disclosure.sqltext import ident, one_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnitude:
    """Which zone column is summed away, and which zone columns group it.

    Attributes:
        area: the column of the aggregates, such as the district; in totals it reads `TOTAL`.
        groups: columns that each area lies in exactly once, coarsest first, such as state and region.
    """

    name: ClassVar[str] = "magnitude"
    area: str = "area"
    groups: tuple[str, ...] = ()

    def public(self) -> dict[str, Any]:
        """The columns."""
        return {"area": self.area, "groups": list(self.groups)}

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gave."""
        return cls(area=str(data["area"]), groups=tuple(data.get("groups", ())))

    def check(self, spec: Spec, preset: Preset, site: SiteRules) -> None:
        """Refuse columns that are not there and units that are not distinct.

        Raises:
            DisclosureRefused: codes ``rule-not-available``, ``site-rule-missing``, ``distinct-units-needed``.
            SpecInvalid: code ``dimension-unknown``.
        """
        if unknown := set(preset.needs) - {"p-percent", "partial-totals"}:
            raise DisclosureRefused("rule-not-available", preset=preset.id, rules=sorted(unknown))
        if "p-percent" in preset.needs and site.p_percent is None:
            raise DisclosureRefused("site-rule-missing", preset=preset.id, rule="p_percent")
        if spec.presence is not Presence.DISTINCT or not spec.units:
            raise DisclosureRefused("distinct-units-needed", policy=self.name)
        if stray := {self.area, *self.groups} - set(spec.zones):
            raise SpecInvalid("dimension-unknown", columns=sorted(stray))

    def shape(self, spec: Spec) -> Shape:
        """The flat columns and what kind of row it is."""
        flat = flat_shape(spec)
        kind = Field(name=KIND_COLUMN, type="string", role=Role.LABEL, title=_KIND_TITLE)
        return Shape(fields=(*flat.fields, kind), primary_key=flat.primary_key)

    def explain(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Plan:
        """Rows of the input in published aggregates, and in totals that stand."""
        made = self.protect(con, relation, spec, preset, site)
        kinds = made.table.column(KIND_COLUMN).to_pylist()
        rows = int(made.confidential["rows_in"])
        steps = [Step(slug=Kind.CELL, level=self.area, rows=made.confidential["rows_published"], cells=0)]
        steps += [Step(slug=kind, level="", rows=0, cells=kinds.count(kind)) for kind in (Kind.TOTAL, Kind.PARTIAL)]
        return Plan(policy=self.name, rows=rows, steps=tuple(steps))

    def protect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        """Judge aggregates, then totals from the finest group to the coarsest.

        Raises:
            DisclosureRefused: codes ``area-in-several-groups``, ``total-code-in-data``, ``units-not-additive``,
                ``measure-out-of-range``.
        """
        rules = rules_for(preset, site)
        try:
            partial.check_areas(con, relation, self.area, self.groups)
            counts = cells.distinct_cells(con, relation, spec, preset, rules)
            levels = partial.levels(spec, self.area, self.groups)
            partial.check_units(con, spec, levels[-1])
            partial.judge_totals(con, relation, spec, preset, rules, levels)
            return self._collect(con, spec, preset, rules, counts)
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            raise DisclosureRefused("measure-out-of-range", columns=list(spec.measures)) from None
        finally:
            partial.drop(con)
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
        """Compare with totals that are computed in Python."""
        recounted.recount(con, relation, protected, self, spec, preset, site)

    def claims(self, table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
        """What cells and labels show by themselves."""
        return claimed.claims(table, self, spec, proof)

    def _collect(
        self, con: duckdb.DuckDBPyConnection, spec: Spec, preset: Preset, rules: Rules, counts: UnitCounts
    ) -> Protected:
        table = partial.published(con, spec)
        total, withheld, rows, shown = one_row(
            con,
            "SELECT count(*), count(*) FILTER (NOT publishable), coalesce(sum(__rows), 0)::BIGINT,"
            f" coalesce(sum(__rows) FILTER (publishable), 0)::BIGINT FROM {ident(cells.CELLS)}",
        )
        kinds = table.column(KIND_COLUMN).to_pylist()
        return Protected(
            table=table,
            policy=self,
            withheld=Withheld(
                cells=withheld,
                cells_band=band(withheld, total, units_behind=counts.behind_withheld_cells, min_units=preset.min_units),
                units_band=band(
                    counts.unpublished, counts.total, units_behind=counts.unpublished, min_units=preset.min_units
                ),
            ),
            achieved_min=min(table.column("units").to_pylist(), default=None),
            public_facts={"totals": "partial", "rules": rule_slugs(rules)},
            confidential={
                "rows_in": rows,
                "rows_published": shown,
                "cells_published": total - withheld,
                "cells_withheld": withheld,
                "units_in": counts.total,
                "units_unpublished": counts.unpublished,
                "full_totals": kinds.count(Kind.TOTAL),
                "partial_totals": kinds.count(Kind.PARTIAL),
            },
        )


_KIND_TITLE = {"sl": "Vrsta vrstice", "en": "Kind of row"}
__all__ = ["TOTAL", "Magnitude"]
