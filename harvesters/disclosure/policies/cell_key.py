"""Cell key: every figure carries noise that depends only on who is in the cell, so tables can be asked for freely.

Why it is safe, and under which assumptions:

- Differencing. Two cells that differ by one unit have independent noise, so their difference says little about that
  unit; the same cell asked again has the same noise, so nothing averages out (``cellkey.keys``). This rests on the
  secrecy of the site key and on its staying the same within a subject.
- Threshold. A cell is shown when its **noisy** count is at least ``min_units + deviation``. The decision uses nothing
  but what would be published, so a gap tells nothing more than the noise hides; deciding by the true count would tell
  an attacker that the true count is at least k, and at the border what it is. As noise is at most `deviation`, every
  shown cell still rests on at least ``min_units`` true units. The count of units that have a value of a measure, and
  the count of every further privacy unit, must pass in the same way.
- Zeros. An empty cell has no key and stays empty; it is not listed, as any cell whose noisy count is too small.
  So a cell that is not listed may be empty, small, or unlucky. Structural zeros need no mark.
- Totals of trips, kWh and nights carry noise scaled to the largest contributions (``cellkey.magnitude``).

Statutory shares (nobody above 15 %) are statements about true totals, which noise neither keeps nor shows; deciding by
them would tell about the truth. Presets with such a rule are refused, companies have other policies.

The table is not additive: noise of parts and of their sum are different draws, and the proof says so. A mean is
refused: dividing two noisy figures is left to the reader, who has both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Self

import duckdb
import pyarrow as pa

from disclosure.bands import NOT_STATED
from disclosure.cellkey import cells
from disclosure.cellkey.keys import key_id, site_key
from disclosure.cellkey.magnitude import Magnitude
from disclosure.cellkey.ptable import PTable, cached_table
from disclosure.claims import cell_key as claimed
from disclosure.claims.core import Claim
from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.policies.base import Plan, Step
from disclosure.policies.flat import flat_shape
from disclosure.presets import Preset
from disclosure.protected import Protected, Withheld
from disclosure.recounts import cell_key as recounted
from disclosure.rowid import row_id_reason, unit_evidence
from disclosure.shape import Shape
from disclosure.site import SiteRules
from disclosure.spec import UNITS_COLUMN, MeasureKind, Presence, Spec
from disclosure.sqltext import ident, idents, one_row


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKey:
    """Parameters of the noise; all public.

    Args:
        variance: of the noise of counts.
        deviation: the most that noise changes a count.
        no_small: noisy counts of 1 up to this number do not occur.
        magnitude: noise of trips and measures.
        key_id: commitment to the key of earlier releases of the subject; None before the first one.
    """

    name: ClassVar[str] = "cell-key"

    variance: Decimal = Decimal("2.25")
    deviation: int = 5
    no_small: int = 2
    magnitude: Magnitude = field(default_factory=Magnitude)
    key_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "variance", Decimal(self.variance))
        cached_table(self.variance, self.deviation, self.no_small)

    @property
    def table(self) -> PTable:
        """The perturbation table of counts."""
        return cached_table(self.variance, self.deviation, self.no_small)

    def public(self) -> dict[str, Any]:
        """All parameters."""
        return {
            "variance": str(self.variance),
            "deviation": self.deviation,
            "no_small": self.no_small,
            "magnitude": self.magnitude.public(),
            "key_id": self.key_id,
        }

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gives.

        Raises:
            SpecInvalid: if the parameters contradict each other or no such table exists.
        """
        values = dict(data)
        try:
            if "magnitude" in values:
                values["magnitude"] = Magnitude.from_public(values["magnitude"])
            return cls(**values)
        except (TypeError, InvalidOperation) as error:
            raise SpecInvalid("policy-parameters", policy=cls.name) from error

    def check(self, spec: Spec, preset: Preset, site: SiteRules) -> None:
        """Refuse what noise by keys cannot protect.

        Raises:
            DisclosureRefused: codes ``site-key-missing``, ``cell-key-rotated``, ``policy-needs-distinct-units``,
                ``policy-refuses-means``, ``noise-cannot-keep-shares``,
                ``cell-key-noise-below-p``.
        """
        if self.key_id not in (None, key_id(site_key(site))):
            raise DisclosureRefused("cell-key-rotated", what="key_id")
        if spec.presence is not Presence.DISTINCT or spec.unit is None:
            raise DisclosureRefused("policy-needs-distinct-units", policy=self.name)
        if preset.needs or preset.max_share_percent is not None:
            raise DisclosureRefused("noise-cannot-keep-shares", policy=self.name, preset=preset.id)
        means = [name for name, measure in spec.measures.items() if measure.kind is MeasureKind.MEAN]
        if means:
            raise DisclosureRefused("policy-refuses-means", policy=self.name, columns=means)
        if site.p_percent is not None and spec.measures and self.magnitude.least_percent < site.p_percent:
            raise DisclosureRefused("cell-key-noise-below-p", preset=preset.id)

    def shape(self, spec: Spec) -> Shape:
        """Keys, counts and measures."""
        return flat_shape(spec)

    def shown_from(self, preset: Preset) -> int:
        """The least noisy count that is shown."""
        return least_shown(preset.min_units, self.deviation)

    def explain(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Plan:
        """What would be shown: one step, counted with noise."""
        try:
            self._make(con, relation, spec, preset, site)
            lost = _lost(con, relation)
        finally:
            cells.drop(con, spec)
        step = Step(
            slug="cell-key", level=str(spec.time_bin), rows=lost["rows_published"], cells=lost["cells_published"]
        )
        return Plan(policy=self.name, rows=lost["rows_in"], steps=(step,), notes=("not-additive",))

    def protect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        """Make the noisy table."""
        try:
            check_unit(con, relation, spec)
            self._make(con, relation, spec, preset, site)
            return self._collect(con, relation, spec, preset, site)
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            # The engine's message quotes the value, which must not travel further.
            raise DisclosureRefused("measure-out-of-range", columns=list(spec.measures)) from None
        finally:
            cells.drop(con, spec)

    def recount(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        protected: Protected,
        spec: Spec,
        preset: Preset,
        site: SiteRules,
    ) -> None:
        """Draw the noise again from an independent count."""
        recounted.recount(con, relation, protected, spec, preset, site)

    def claims(self, table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
        """What the table and the parameters can show."""
        return claimed.claims(table, spec, proof)

    def facts(self, preset: Preset, site: SiteRules) -> dict[str, Any]:
        """What a proof states about the noise; none of it is computed from data."""
        return {
            "totals": "not-additive",
            "cell_key": {
                "key_id": key_id(site_key(site)),
                "table_id": self.table.id,
                "magnitude_id": self.magnitude.id,
                "shown_from": self.shown_from(preset),
                "withheld_by": "noisy-count",
            },
        }

    def _make(self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules) -> None:
        noise = cells.Noise(table=self.table, magnitude=self.magnitude, shown_from=self.shown_from(preset))
        cells.make_cells(con, relation, spec, noise, key=site_key(site), zero_is_small=preset.zero_is_small)

    def _collect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        keys, columns = idents(spec.key_columns), idents(spec.output_columns)
        table = con.sql(f"SELECT {columns} FROM {cells.CELLS} WHERE publishable ORDER BY {keys}").to_arrow_table()
        lost = _lost(con, relation)
        return Protected(
            table=table.combine_chunks(),
            policy=self,
            withheld=Withheld(cells=lost["cells_withheld"], cells_band=NOT_STATED, units_band=NOT_STATED),
            achieved_min=guaranteed_minimum(table, self.deviation),
            public_facts=self.facts(preset, site),
            confidential=lost,
        )


def least_shown(min_units: int, deviation: int) -> int:
    """The least noisy count that proves `min_units` true units: noise adds at most `deviation`."""
    return min_units + deviation


def guaranteed_minimum(table: pa.Table, deviation: int) -> int | None:
    """Units that every shown cell has at least, whatever the noise was; the true minimum would betray a draw."""
    least = min(table.column(UNITS_COLUMN).to_pylist(), default=None)
    return None if least is None else least - deviation


def _lost(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, int]:
    """Exact figures for the officer: rows and cells, shown and withheld."""
    rows_in = one_row(con, f"SELECT count(*) FROM {ident(relation)}")[0]
    rows, shown, withheld = one_row(
        con,
        "SELECT CAST(coalesce(sum(__true_rows) FILTER (publishable), 0) AS BIGINT), count(*) FILTER (publishable),"
        f" count(*) FILTER (NOT publishable) FROM {cells.CELLS}",
    )
    return {"rows_in": rows_in, "rows_published": rows, "cells_published": shown, "cells_withheld": withheld}


def check_unit(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> None:
    """Refuse unit columns that look like a number of the row or of the day."""
    for column in spec.units:
        reason = row_id_reason(unit_evidence(con, relation, column, spec.time, spec.timezone))
        if reason is not None:
            raise DisclosureRefused(reason, column=column)
