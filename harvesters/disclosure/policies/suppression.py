"""Exact totals: a table with groups and totals; unsafe cells, and cells that would give them away, are withheld.

Safe because the table is published only after an audit (``disclosure.suppression.audit``): for every withheld cell that
needs it there are possible tables, checked in whole numbers, in which it is as far from its true value as the rules
ask for, in the eyes of the public and in those of every contributor who is alone in some cell. Primary and secondary
cells carry one symbol. What this does not give is protection against another table from the same data with other
groups, unless it is declared here as a linked table, and against later corrections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.bands import band
from disclosure.claims import suppression as claimed
from disclosure.claims.core import Claim
from disclosure.concentration import judged_columns, rule_slugs, rules_for
from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.policies.base import Plan, Step
from disclosure.presets import Preset
from disclosure.protected import Protected, Withheld
from disclosure.recounts import suppression as recounted
from disclosure.shape import Field, Role, Shape
from disclosure.site import SiteRules
from disclosure.spec import UNITS_COLUMN, Presence, Spec
from disclosure.sqltext import ident, one_row
from disclosure.suppression import figures
from disclosure.suppression.audit import Audited, suppress
from disclosure.suppression.figures import Members
from disclosure.suppression.lattice import Dimension, Lattice
from disclosure.suppression.primary import Request, quantities, request
from disclosure.suppression.problem import Flags
from disclosure.suppression.result import STATUS_COLUMN, published

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """The table's groups and what is wanted of its cells; all of it may be printed.

    Attributes:
        dimensions: hierarchies of the zone columns; a column without one has its values below one total.
        tables: linked tables, as the columns that each crosses; one table of all columns when empty.
        counts: whether the number of units is published; each unit must then be in one cell only.
        must_show: cells that must not be withheld.
        frozen: cells that an earlier release has shown (True) or withheld (False).
        structural_zeros: cells in which there cannot be anybody.
        weights: how many times dearer than others a cell is to withhold.
    """

    name: ClassVar[str] = "suppression"
    dimensions: tuple[Dimension, ...] = ()
    tables: tuple[tuple[str, ...], ...] = ()
    counts: bool = True
    must_show: tuple[Key, ...] = ()
    frozen: Mapping[Key, bool] = field(default_factory=dict)
    structural_zeros: tuple[Key, ...] = ()
    weights: Mapping[Key, int] = field(default_factory=dict)

    def public(self) -> dict[str, Any]:
        """All parameters."""
        return {
            "dimensions": [each.as_dict() for each in self.dimensions],
            "tables": [list(each) for each in self.tables],
            "counts": self.counts,
            "must_show": [list(each) for each in self.must_show],
            "frozen": [[list(key), shown] for key, shown in self.frozen.items()],
            "structural_zeros": [list(each) for each in self.structural_zeros],
            "weights": [[list(key), weight] for key, weight in self.weights.items()],
        }

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gave."""
        return cls(
            dimensions=tuple(Dimension.from_mapping(each) for each in data.get("dimensions", ())),
            tables=tuple(tuple(each) for each in data.get("tables", ())),
            counts=bool(data.get("counts", True)),
            must_show=tuple(tuple(each) for each in data.get("must_show", ())),
            frozen={tuple(key): bool(shown) for key, shown in data.get("frozen", ())},
            structural_zeros=tuple(tuple(each) for each in data.get("structural_zeros", ())),
            weights={tuple(key): int(weight) for key, weight in data.get("weights", ())},
        )

    def check(self, spec: Spec, preset: Preset, site: SiteRules) -> None:
        """Refuse what has no exact totals: periods, means, units that are not distinct.

        Raises:
            DisclosureRefused: codes ``time-not-in-totals``, ``distinct-units-needed``, ``measure-kind-not-additive``,
                ``no-quantity``, ``rule-not-available``, ``site-rule-missing``.
            SpecInvalid: code ``dimension-unknown``.
        """
        if unknown := set(preset.needs) - {"p-percent"}:
            raise DisclosureRefused("rule-not-available", preset=preset.id, rules=sorted(unknown))
        if "p-percent" in preset.needs and site.p_percent is None:
            raise DisclosureRefused("site-rule-missing", preset=preset.id, rule="p_percent")
        if spec.time:
            raise DisclosureRefused("time-not-in-totals", policy=self.name)
        if spec.presence is not Presence.DISTINCT or not spec.units:
            raise DisclosureRefused("distinct-units-needed", policy=self.name)
        named = {each.column for each in self.dimensions}.union(*self.tables)
        if stray := named - set(spec.zones):
            raise SpecInvalid("dimension-unknown", columns=sorted(stray))
        if not quantities(spec, counts=self.counts):
            raise DisclosureRefused("no-quantity", policy=self.name)

    def of(self, spec: Spec) -> tuple[Dimension, ...]:
        """The dimensions in the order of the zone columns."""
        declared = {each.column: each for each in self.dimensions}
        return tuple(declared.get(column, Dimension(column=column)) for column in spec.zones)

    def shape(self, spec: Spec) -> Shape:
        """Codes, whether the cell is shown, and each quantity; a withheld cell has none."""
        keys = tuple(
            Field(name=name, type="string", role=Role.KEY, title=spec.titles.get(name, {})) for name in spec.zones
        )
        status = Field(name=STATUS_COLUMN, type="string", role=Role.LABEL, title=_STATUS_TITLE)
        cells = []
        for each in quantities(spec, counts=self.counts):
            measure = spec.measures.get(each.name)
            cells.append(
                Field(
                    name=each.name,
                    type="int64" if measure is None else f"decimal128(18, {measure.decimals})",
                    role=Role.COUNT if measure is None else Role.MEASURE,
                    title=spec.titles.get(each.name) or (spec.unit_label if each.name == UNITS_COLUMN else {}),
                    unit=None if measure is None else measure.unit,
                    decimals=None if measure is None else measure.decimals,
                    aggregation=None if measure is None else "sum",
                )
            )
        return Shape(fields=(*keys, status, *cells), primary_key=spec.zones)

    def explain(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Plan:
        """How many cells there are and how many would be shown; the suppression is made for it."""
        lattice, audited, _ = self._make(con, relation, spec, preset, site)
        rows = one_row(con, f"SELECT count(*) FROM {ident(relation)}")[0]
        cells = int((~audited.withheld).sum())
        step = Step(slug="exact-totals", level=f"{len(lattice.cells)}", rows=rows, cells=cells)
        return Plan(policy=self.name, rows=rows, steps=(step,))

    def protect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        """Withhold, audit, and only then make the table.

        Raises:
            DisclosureRefused: codes ``suppression-infeasible``, ``suppression-open``, ``units-not-additive``,
                ``negative-needs-split``, ``measure-not-exact``, ``must-show-unsafe``, ``frozen-unsafe``,
                ``structural-zero-filled``.
        """
        lattice, audited, judged = self._make(con, relation, spec, preset, site)
        return self._protected(con, relation, spec, preset, site, lattice, audited, judged)

    def recount(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        protected: Protected,
        spec: Spec,
        preset: Preset,
        site: SiteRules,
    ) -> None:
        """Compute the whole table anew by other code and audit it again with other programs."""
        recounted.recount(con, relation, protected, self.of(spec), self, spec, preset, site)

    def claims(self, table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
        """Sums, symbols and exactness, from the table alone."""
        return claimed.claims(table, self.of(spec), self, spec, proof)

    def _make(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> tuple[Lattice, Audited, dict[str, Members]]:
        rules = rules_for(preset, site)
        lattice = figures.lattice_of(con, relation, self.of(spec), self.tables)
        try:
            judged = {
                column: figures.members(con, relation, spec, lattice, column, rules.keep)
                for column in judged_columns(spec)
            }
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            raise DisclosureRefused("measure-out-of-range", columns=list(spec.measures)) from None
        counts = judged[spec.units[0]].counts
        if self.counts and lattice.equations.balance(counts).any():
            raise DisclosureRefused("units-not-additive", column=spec.units[0])
        structural = _flags(lattice, self.structural_zeros)
        if (counts[structural] > 0).any():
            raise DisclosureRefused("structural-zero-filled", cells=int((counts[structural] > 0).sum()))
        asked = request(
            lattice,
            judged,
            spec,
            preset,
            rules,
            wanted=quantities(spec, counts=self.counts),
            structural=structural,
            prior_percent=site.prior_percent,
        )
        return lattice, self._suppressed(lattice, asked), judged

    def _suppressed(self, lattice: Lattice, asked: Request) -> Audited:
        shown_before = _flags(lattice, [key for key, shown in self.frozen.items() if shown])
        must_show = _flags(lattice, self.must_show)
        for flags, code in ((must_show, "must-show-unsafe"), (shown_before, "frozen-unsafe")):
            if (flags & asked.primary).any():
                raise DisclosureRefused(code, cells=int((flags & asked.primary).sum()))
        frozen = _flags(lattice, [key for key, shown in self.frozen.items() if not shown])
        costs = np.ones(len(lattice.cells))
        for key, weight in self.weights.items():
            place = lattice.place(key)
            if place is not None:
                costs[place] = weight
        return suppress(asked, ~(must_show | shown_before | asked.zeros), costs, frozen)

    def _protected(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        spec: Spec,
        preset: Preset,
        site: SiteRules,
        lattice: Lattice,
        audited: Audited,
        judged: Mapping[str, Members],
    ) -> Protected:
        counts = judged[spec.units[0]].counts
        withheld = audited.withheld
        rows, units = one_row(con, f"SELECT count(*), count(DISTINCT {ident(spec.units[0])}) FROM {ident(relation)}")
        reasons = list(audited.request.reasons.values())
        by_reason = {slug: reasons.count(slug) for slug in sorted(set(reasons))}
        hidden = int(withheld.sum())
        behind = int(counts[withheld].max(initial=0))
        return Protected(
            table=published(lattice, audited, self.shape(spec)),
            policy=self,
            withheld=Withheld(
                cells=hidden,
                cells_band=band(hidden, len(withheld), units_behind=behind, min_units=preset.min_units),
                units_band=band(0, max(units, 1), units_behind=units, min_units=preset.min_units),
            ),
            achieved_min=min((int(each) for each in counts[~withheld & (counts > 0)]), default=None),
            public_facts={"totals": "exact", "rules": rule_slugs(rules_for(preset, site))},
            confidential={
                "rows_in": rows,
                "rows_published": rows,
                "cells_published": int((~withheld).sum()),
                "cells_withheld": hidden,
                "units_in": units,
                "units_unpublished": 0,
                "by_reason": {**by_reason, "secondary": int((withheld & ~audited.request.primary).sum())},
            },
        )


_STATUS_TITLE = {"sl": "Objava celice", "en": "Whether the cell is shown"}


def _flags(lattice: Lattice, keys: Sequence[Key]) -> Flags:
    flags = np.zeros(len(lattice.cells), bool)
    for key in keys:
        place = lattice.place(key)
        if place is None:
            raise SpecInvalid("cell-not-in-table", key=list(key))
        flags[place] = True
    return flags
