"""Local recoding: microdata in which every record shares its published labels with at least k - 1 other units.

Safe against linking somebody's known values to one record: whatever is known of the quasi-identifiers, at least k
distinct units of every declared kind carry the same labels (Sweeney, 2002). Where sensitive columns are published,
l-diversity (Machanavajjhala et al., 2007) or t-closeness (Li et al., 2007) is asked for as well, because a class whose
members agree would tell what they have. Only labels of published hierarchies leave, never a least or greatest value
of a class; numbers are top and bottom coded at stated bounds; a sample weight is the mean of its class.

Every record is published: one that nothing finer could cover carries roots, inside a class that satisfies the rules
like any other. What remains: an intruder who knows the code can infer from coarse labels that no finer class was
large enough (`recoding.search`), and nothing protects a second release of changed data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final, Self

import duckdb
import numpy as np
import pyarrow as pa

from disclosure.bands import BANDS
from disclosure.claims import recode as claimed
from disclosure.claims.core import Claim
from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.policies import recode_guards as guards
from disclosure.policies.base import Plan, Step
from disclosure.policies.flat import title
from disclosure.presets import Preset
from disclosure.protected import Protected, Withheld
from disclosure.recoding import publish
from disclosure.recoding.coding import Coding
from disclosure.recoding.forest import PARTS, Forest, forest_of
from disclosure.recoding.hierarchy import Hierarchy, hierarchies_from
from disclosure.recoding.records import SENSITIVE, UNIT, Records, judged, ranked, read
from disclosure.recoding.rules import PERMILLE, Rules
from disclosure.recoding.search import Recoding, recode
from disclosure.recounts import recode as recounted
from disclosure.shape import Field, Role, Shape
from disclosure.site import SiteRules
from disclosure.spec import Presence, Spec
from disclosure.sqltext import SCALE_DECIMALS

MISSING_LABEL: Final = "(missing)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recode:
    """Recode microdata under a preset's least number of units.

    Args:
        hierarchies: one for each quasi-identifier.
        distinct_l: least number of distinct sensitive values in a class; 0 where not asked.
        entropy_l: least exponential of the entropy of sensitive values in a class; 0 where not asked.
        t: largest distance between a class's sensitive values and the table's, in thousandths; None where not asked.
        ordered: sensitive columns whose values have an order (numbers always do).
        coding: bounds and step for each sensitive number.
        weight_decimals: decimal places of the published weight.
        one_record_per_unit: the publisher declares that each unit has one record, as in a survey; it is checked. Left
            out, a unit column that differs in nearly every row is held to be a row number.

    Raises:
        SpecInvalid: codes ``recode-parameters`` and ``hierarchy-label-reserved``.
    """

    name: ClassVar[str] = "recode"
    hierarchies: Mapping[str, Hierarchy] = field(repr=False)
    distinct_l: int = 0
    entropy_l: int = 0
    t: Decimal | None = None
    ordered: tuple[str, ...] = ()
    coding: Mapping[str, Coding] = field(default_factory=dict)
    weight_decimals: int = 0
    one_record_per_unit: bool = False

    def __post_init__(self) -> None:
        if self.t is not None:
            object.__setattr__(self, "t", Decimal(str(self.t)))
        object.__setattr__(self, "ordered", tuple(self.ordered))
        t_fits = self.t is None or (0 <= self.t <= 1 and self.t * PERMILLE == int(self.t * PERMILLE))
        if not t_fits or min(self.distinct_l, self.entropy_l) < 0 or not 0 <= self.weight_decimals <= SCALE_DECIMALS:
            raise SpecInvalid("recode-parameters", distinct_l=self.distinct_l, entropy_l=self.entropy_l, t=str(self.t))
        for column, hierarchy in self.hierarchies.items():
            if MISSING_LABEL in hierarchy.covered():
                raise SpecInvalid("hierarchy-label-reserved", column=column, label=MISSING_LABEL)

    @property
    def t_permille(self) -> int:
        """t in thousandths, -1 where it is not asked for."""
        return -1 if self.t is None else int(self.t * PERMILLE)

    @property
    def judges_values(self) -> bool:
        """Whether sensitive values of a class are held to differ, or to be spread as in the whole table."""
        return max(self.distinct_l, self.entropy_l) >= 2 or self.t is not None

    def is_ordered(self, column: str) -> bool:
        """Whether the values of a sensitive column have an order."""
        return column in self.ordered or column in self.coding

    def public(self) -> dict[str, Any]:
        """All parameters; the hierarchies are part of the statement, for they say what the labels mean."""
        return {
            "hierarchies": {name: each.as_list() for name, each in self.hierarchies.items()},
            "distinct_l": self.distinct_l,
            "entropy_l": self.entropy_l,
            "t": None if self.t is None else str(self.t),
            "ordered": list(self.ordered),
            "coding": {name: each.as_dict() for name, each in self.coding.items()},
            "weight_decimals": self.weight_decimals,
            "one_record_per_unit": self.one_record_per_unit,
        }

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gave, or from a specification that leaves parameters out."""
        values = dict(data)
        values["hierarchies"] = hierarchies_from(values["hierarchies"])
        values["coding"] = {name: Coding.from_mapping(each) for name, each in values.get("coding", {}).items()}
        return cls(**values)

    def check(self, spec: Spec, preset: Preset, site: SiteRules) -> None:
        """Refuse what is not microdata, lacks a hierarchy, or would publish sensitive values unguarded."""
        if spec.zones or spec.measures or spec.count_rows_as or spec.presence is not Presence.DISTINCT:
            raise DisclosureRefused("microdata-only", policy=self.name)
        if preset.needs:
            raise DisclosureRefused("rule-not-available", preset=preset.id, rules=list(preset.needs))
        if missing := [name for name in spec.quasi if name not in self.hierarchies]:
            raise DisclosureRefused("hierarchy-missing", columns=missing)
        if unknown := sorted({*self.coding, *self.ordered} - set(spec.sensitive)):
            raise DisclosureRefused("sensitive-unknown", columns=unknown)
        names = [each.casefold() for each in (publish.RECORD, *spec.quasi, *spec.sensitive, *_weights(spec))]
        if len(set(names)) != len(names) or {name.casefold() for name in spec.units} & set(names):
            raise SpecInvalid("output-columns-clash", columns=[*spec.quasi, *spec.sensitive, *_weights(spec)])
        guards.check_values_guarded(spec, self)

    def shape(self, spec: Spec) -> Shape:
        """A record number, labels, sensitive values, the weight."""
        types = {publish.RECORD: "int64", **dict.fromkeys(spec.quasi, "string")}
        types |= {name: self.coding[name].type if name in self.coding else "string" for name in spec.sensitive}
        types |= dict.fromkeys(_weights(spec), f"decimal128(18, {self.weight_decimals})")
        roles = {publish.RECORD: Role.KEY, **dict.fromkeys(spec.quasi, Role.LABEL)}
        fields = tuple(
            Field(
                name=name,
                type=kind,
                role=roles.get(name, Role.MEASURE),
                title=_RECORD_TITLE if name == publish.RECORD else title(spec, name),
                decimals=_decimals(kind),
            )
            for name, kind in types.items()
        )
        return Shape(fields=fields, primary_key=(publish.RECORD,))

    def explain(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Plan:
        """How many records lose how much detail."""
        records, recoding, forest = self._recode(con, relation, spec, preset)
        return Plan(policy=self.name, rows=records.table.num_rows, steps=_steps(recoding, forest))

    def protect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        """Recode every record."""
        records, recoding, forest = self._recode(con, relation, spec, preset)
        by_class = publish.labels(recoding, forest, MISSING_LABEL)
        known = publish.witness(records, recoding, by_class)
        table = publish.table(spec, known, recoding, missing_label=MISSING_LABEL, weight_decimals=self.weight_decimals)
        return publish.RecodedTable(
            table=table.cast(pa.schema([(each.name, _arrow(each.type)) for each in self.shape(spec).fields])),
            policy=self,
            # Nothing is left out: a record that no finer label covers is published under roots.
            withheld=Withheld(cells=0, cells_band=BANDS[0], units_band=BANDS[0]),
            achieved_min=_least_units(records, recoding, spec),
            public_facts={"search": recoding.search, "records_left_out": 0},
            confidential=_confidential(records, recoding, forest),
            witness=known,
        )

    def recount(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        protected: Protected,
        spec: Spec,
        preset: Preset,
        site: SiteRules,
    ) -> None:
        """Check the witness and count with it; where only the table is known, the witness is made anew."""
        if isinstance(protected, publish.RecodedTable):
            known = protected.witness
        else:
            records, recoding, forest = self._recode(con, relation, spec, preset)
            known = publish.witness(records, recoding, publish.labels(recoding, forest, MISSING_LABEL))
        recounted.recount(con, relation, protected, known, self, spec, preset)

    def claims(self, table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
        """What the table alone can show."""
        return claimed.claims(table, spec, proof, self)

    def _recode(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset
    ) -> tuple[Records, Recoding, Forest]:
        guards.check_unit(con, relation, spec, one_record_per_unit=self.one_record_per_unit)
        records = read(con, relation, spec, self.hierarchies, self.coding)
        guards.check_bounds_reached(records, spec, self.coding, preset.min_units)
        guards.check_categories(records, spec, self.coding)
        forest = forest_of([self.hierarchies[name] for name in spec.quasi])
        return records, recode(records.codes, forest, self._rules(records, spec, preset)), forest

    def _rules(self, records: Records, spec: Spec, preset: Preset) -> Rules:
        single = 1 if self.one_record_per_unit else 0
        units = [ranked(records.column(UNIT, i)) for i in range(single, len(spec.units))]
        values = [judged(records.column(SENSITIVE, i)) for i in range(len(spec.sensitive))]
        count = records.table.num_rows
        return Rules(
            k=guards.least_units(preset),
            distinct_l=self.distinct_l,
            entropy_l=self.entropy_l,
            t_permille=self.t_permille,
            units=np.array(units, dtype=np.int32).reshape(len(units), count),
            sensitive=np.array(values, dtype=np.int32).reshape(len(values), count),
            totals=tuple(np.bincount(each).astype(np.int64) for each in values),
            ordered=tuple(self.is_ordered(name) for name in spec.sensitive),
        )


_RECORD_TITLE: Final = {"sl": "Zaporedna številka zapisa", "en": "Record number"}


def _weights(spec: Spec) -> tuple[str, ...]:
    return (spec.weight,) if spec.weight else ()


def _arrow(kind: str) -> pa.DataType:
    if kind.startswith("decimal128"):
        return pa.decimal128(18, _decimals(kind))
    return pa.int64() if kind == "int64" else pa.string()


def _decimals(kind: str) -> int | None:
    return int(kind.rpartition(",")[2].strip(" )")) if kind.startswith("decimal128") else None


def _least_units(records: Records, recoding: Recoding, spec: Spec) -> int:
    """The least number of distinct units of any kind in a class."""
    counts = []
    for i in range(len(spec.units)):
        unit = ranked(records.column(UNIT, i)).astype(np.int64)
        pairs = np.unique(recoding.classes * (int(unit.max()) + 1) + unit)
        counts.append(int(np.bincount(pairs // (int(unit.max()) + 1)).min()))
    return min(counts)


LOSS_BANDS: Final = (0, 5, 10, 25, 50, 100)
"""Upper ends in percent of the detail that a record has lost, on average over its quasi-identifiers."""


def _steps(recoding: Recoding, forest: Forest) -> tuple[Step, ...]:
    """Records and classes by the detail they have lost: each in one band."""
    whole = PARTS * recoding.levels.shape[1]
    lost = forest.losses(recoding.levels, recoding.leaves) * 100
    band = np.searchsorted(np.array(LOSS_BANDS) * whole, lost)
    rows = np.bincount(band, weights=recoding.sizes, minlength=len(LOSS_BANDS))
    classes = np.bincount(band, minlength=len(LOSS_BANDS))
    return tuple(
        Step(slug="recode-level", level=f"≤ {upper} %", rows=int(rows[i]), cells=int(classes[i]))
        for i, upper in enumerate(LOSS_BANDS)
    )


def _by_column(recoding: Recoding, forest: Forest) -> list[dict[str, Any]]:
    """Records by column and level of generalization."""
    found = []
    for a, hierarchy in enumerate(forest.hierarchies):
        rows = np.bincount(recoding.levels[:, a], weights=recoding.sizes, minlength=hierarchy.levels)
        found.append({"column": hierarchy.column, "rows_by_level": [int(each) for each in rows]})
    return found


def _confidential(records: Records, recoding: Recoding, forest: Forest) -> dict[str, Any]:
    at_root = (recoding.levels == np.array(forest.depths) - 1).all(axis=1)
    steps = _steps(recoding, forest)
    return {
        "rows_in": records.table.num_rows,
        "rows_published": records.table.num_rows,
        "cells_published": len(recoding.levels),
        "cells_withheld": 0,
        "records_all_roots": int(recoding.sizes[at_root].sum()),
        "quality_percent": round(100 * recoding.quality(forest)),
        "by_column": _by_column(recoding, forest),
        "by_level": [{"level": each.level, "rows": each.rows, "cells": each.cells} for each in steps],
    }
