"""What an assessment found. CONFIDENTIAL: figures of the input, for the officer and the pipeline, never for release.

Boundary: values, and their form as JSON. Shares and distances are exact fractions; estimates say by which method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from disclosure.assess.closeness import Closeness
from disclosure.assess.contributions import CellRisk
from disclosure.assess.diversity import Diversity
from disclosure.assess.histogram import Histogram
from disclosure.assess.population import PopulationUniques
from disclosure.assess.sensitive import SensitiveRisk
from disclosure.assess.subsets import ColumnSet, SmallSets
from disclosure.identifiers import Suspicion


@dataclass(frozen=True, slots=True, kw_only=True)
class Journalist:
    """Risks for an intruder who does not know whether the target is in the data.

    Attributes:
        highest: one over the smallest population class that has a member in the data.
        marketer: share of members that are matched correctly on average against the whole population.
        counted: whether a table of the population was counted; otherwise classes are scaled up from the sample.
        missing_classes: classes of the data that the table of the population lacks; they are taken as they stand.
    """

    highest: Fraction
    marketer: Fraction
    counted: bool
    missing_classes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRisk:
    """How well the classes hide one kind of unit.

    Attributes:
        column: the unit, None where rows were counted because there is none.
        units: distinct units; missing ones are together one.
        missing_rows: rows without a unit.
        held: why the column is not accepted as a unit, or None.
        histogram: sizes of the equivalence classes in these units.
        small_sets: what few columns tell; None without quasi-identifiers.
        population: uniques of the population; None where its size is not known.
        journalist: risks against the population; None where its size is not known.
    """

    column: str | None
    units: int
    missing_rows: int
    held: str | None
    histogram: Histogram = field(repr=False)
    small_sets: SmallSets | None = field(default=None, repr=False)
    population: PopulationUniques | None = field(default=None, repr=False)
    journalist: Journalist | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to tell the officer; texts in ``disclosure.messages``."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The risk of a table as it is.

    Attributes:
        rows: number of rows.
        min_units: least number of units that was asked for.
        row_classes: sizes of the equivalence classes in rows; empty without quasi-identifiers.
        units: each privacy unit; one entry without column where there is none.
        sensitive: each sensitive column, for each unit.
        cells: cells of the most detailed table.
        identifiers: columns that look like direct identifiers though not declared as such.
        findings: what to tell, worst first.
    """

    rows: int = field(repr=False)
    min_units: int
    row_classes: Histogram = field(repr=False)
    units: tuple[UnitRisk, ...] = field(repr=False)
    sensitive: tuple[SensitiveRisk, ...] = field(repr=False)
    cells: CellRisk | None = field(repr=False)
    identifiers: tuple[Suspicion, ...] = field(repr=False)
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def weakest_unit(self) -> UnitRisk:
        """The unit that the classes hide worst: it decides."""
        return min(self.units, key=lambda each: (each.histogram.k, -each.histogram.uniques))

    @property
    def k(self) -> int:
        """Distinct units in the smallest class, of the unit that is hidden worst; rows where there is no unit.

        Without quasi-identifiers the cells of place and period are the classes.
        """
        if not self.row_classes.sizes and self.cells is not None:
            return self.cells.least
        return self.weakest_unit.histogram.k

    @property
    def rows_k(self) -> int:
        """Rows in the smallest class."""
        return self.row_classes.k

    @property
    def weakest_columns(self) -> ColumnSet | None:
        """The combination of at most three columns that hides units worst."""
        sets = self.weakest_unit.small_sets
        return None if sets is None else sets.weakest

    @property
    def may_be_released(self) -> bool:
        """Whether there is a unit and every unit column is accepted as one; says nothing about thresholds."""
        return all(each.column is not None and each.held is None for each in self.units)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-safe form; fractions carry their exact form and a decimal one."""
        weakest = self.weakest_columns
        return {
            "rows": self.rows,
            "min_units": self.min_units,
            "k": self.k,
            "rows_k": self.rows_k,
            "may_be_released": self.may_be_released,
            "row_classes": self.row_classes.as_dict(),
            "units": [_unit(each, self.min_units) for each in self.units],
            "weakest_columns": None if weakest is None else _column_set(weakest),
            "sensitive": [_sensitive(each) for each in self.sensitive],
            "cells": None if self.cells is None else _cells(self.cells),
            "identifiers": [
                {"column": each.column, "kind": str(each.kind), "share": each.share} for each in self.identifiers
            ],
            "findings": [{"code": each.code, "params": dict(each.params)} for each in self.findings],
        }


def _fraction(value: Fraction | None) -> dict[str, Any] | None:
    return None if value is None else {"exact": str(value), "value": float(value)}


def _unit(unit: UnitRisk, min_units: int) -> dict[str, Any]:
    histogram, sets, people = unit.histogram, unit.small_sets, unit.population
    return {
        "column": unit.column,
        "units": unit.units,
        "missing_rows": unit.missing_rows,
        "held": unit.held,
        "classes": histogram.as_dict(),
        "uniques": histogram.uniques,
        "below_minimum": histogram.members_below(min_units),
        "prosecutor": {
            "highest": _fraction(histogram.prosecutor_highest),
            "average": _fraction(histogram.marketer),
            "at_risk": _fraction(histogram.at_risk(min_units)),
        },
        "journalist": None
        if unit.journalist is None
        else {
            "highest": _fraction(unit.journalist.highest),
            "marketer": _fraction(unit.journalist.marketer),
            "counted": unit.journalist.counted,
            "missing_classes": unit.journalist.missing_classes,
        },
        "marketer": _fraction(histogram.marketer),
        "population": None
        if people is None
        else {
            "method": people.method,
            "size": people.population,
            "sample_uniques": people.sample_uniques,
            "uniques": people.uniques,
            "others": dict(people.others),
        },
        "small_sets": None if sets is None else _small_sets(sets),
    }


def _small_sets(sets: SmallSets) -> dict[str, Any]:
    sizes = sorted({len(each.columns) for each in sets.sets})
    return {
        "singled_out": sets.singled_out,
        "minimal_uniques": {str(size): sets.minimal_uniques(size) for size in sizes},
        "sets": [_column_set(each) for each in sets.sets],
    }


def _column_set(one: ColumnSet) -> dict[str, Any]:
    return {
        "columns": list(one.columns),
        "classes": one.classes,
        "k": one.k,
        "uniques": one.uniques,
        "minimal_uniques": one.minimal_uniques,
    }


def _sensitive(one: SensitiveRisk) -> dict[str, Any]:
    return {
        "column": one.column,
        "unit": one.unit,
        "values": one.values,
        "missing": one.missing,
        "diversity": None if one.diversity is None else _diversity(one.diversity),
        "closeness": None if one.closeness is None else _closeness(one.closeness),
    }


def _diversity(one: Diversity) -> dict[str, Any]:
    return {
        "distinct": one.distinct,
        "entropy_l": one.entropy_l,
        "recursive_c": {str(level): _fraction(bound) for level, bound in one.recursive.items()},
        "homogeneous_classes": one.homogeneous_classes,
        "homogeneous_members": one.homogeneous_members,
    }


def _closeness(one: Closeness) -> dict[str, Any]:
    return {
        "equal": _fraction(one.equal),
        "ordered": _fraction(one.ordered),
        "hierarchical": _fraction(one.hierarchical),
    }


def _cells(cells: CellRisk) -> dict[str, Any]:
    return {
        "columns": list(cells.columns),
        "cells": cells.cells,
        "small": cells.small,
        "least": cells.least,
        "measures": [
            {
                "measure": each.measure,
                "contributor": each.contributor,
                "cells": each.cells,
                "negative": each.negative,
                "largest_share": _fraction(each.largest_share),
                "broken": dict(each.broken),
            }
            for each in cells.measures
        ],
    }
