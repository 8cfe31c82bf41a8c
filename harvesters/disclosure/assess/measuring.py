"""Measure the risk of a table: every figure of ``disclosure.assess`` for one specification.

Boundary: reads; decides nothing and releases nothing. Who asks gets exact figures of the input, which are
confidential. The working tables are removed on every way out.

*Kernel.* Both ways of grouping give the same figures. ``sql`` works under the connection's memory limit on data of
any size; ``packed`` reads the columns into memory. Left to itself, the faster one is taken where its arrays fit into
half of the limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb

from disclosure.assess import memory, packed, population_classes, sql, subsets
from disclosure.assess.contributions import CellRisk, cell_risk
from disclosure.assess.findings import findings
from disclosure.assess.histogram import Histogram
from disclosure.assess.metrics import Hierarchy
from disclosure.assess.packed import KeyTooWideError, Packed
from disclosure.assess.population import PopulationUniques, estimate
from disclosure.assess.risk import Journalist, Risk, UnitRisk
from disclosure.assess.runs import Values
from disclosure.assess.sampling import suspicious_columns
from disclosure.assess.sensitive import SensitiveRisk, sensitive_risk
from disclosure.assess.subsets import SmallSets
from disclosure.engine import DEFAULT_MEMORY
from disclosure.relation import check_columns
from disclosure.rowid import row_id_reason, unit_evidence
from disclosure.rules import Rules
from disclosure.source import opened
from disclosure.spec import Spec
from disclosure.sqltext import ident, one_row
from disclosure.units import unit_sql

_HOUSE_FLOOR = 10
_BYTES_OF_A_CODE = 4
_BYTES_OF_A_KEY = 64
"""Keys, their sorted copy, arrays of places and counts that are alive at once, and bits of unique combinations."""


class Kernel(StrEnum):
    """How rows are grouped."""

    AUTO = "auto"
    SQL = "sql"
    PACKED = "packed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What is asked beside the specification.

    Attributes:
        min_units: least number of units behind a class or cell.
        rules: rules of concentration; those of the house are secret.
        population: number of units in the population, or the name of a relation that holds all of it.
        orders: values of a sensitive column in their order, where they are not numbers or dates.
        hierarchies: rows of the hierarchy of a sensitive column, value first, root last.
        small_sets: whether combinations of few columns are looked at, the longest part of an assessment.
        kernel: how rows are grouped.
    """

    min_units: int = _HOUSE_FLOOR
    rules: Rules = field(default_factory=Rules, repr=False)
    population: int | str | None = None
    orders: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    hierarchies: Mapping[str, Hierarchy] = field(default_factory=dict)
    small_sets: bool = True
    kernel: Kernel = Kernel.AUTO


DEFAULT = Questions()


def assess(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    spec: Spec,
    questions: Questions = DEFAULT,
    *,
    population: int | str | None = None,
) -> Risk:
    """Measure the risk of a relation.

    Args:
        con: a connection from `engine.connect`.
        relation: name of a table or view.
        spec: roles of the columns; a table without a unit is measured by its rows and cannot be released.
        questions: what else is asked.
        population: short for the one of `questions`.

    Returns:
        The risk; confidential.

    Raises:
        DisclosureRefused: if columns are missing or of the wrong type.
        SpecInvalid: if an order or hierarchy does not know all values.
    """
    if population is not None:
        questions = replace(questions, population=population)
    return _measured(con, relation, spec, questions, None)


def assess_source(
    path: Path, spec: Spec, questions: Questions = DEFAULT, *, memory: str = DEFAULT_MEMORY, threads: int | None = None
) -> Risk:
    """Measure the risk of a Parquet, CSV or Arrow file, larger than memory if need be.

    Raises:
        SpecInvalid: if the file cannot be read, and as `assess` does.
        DisclosureRefused: as `assess` does.
    """
    text = [*spec.units, *spec.zones, *spec.quasi, *spec.identifiers, *filter(None, (spec.contributor,))]
    with opened(path, memory=memory, threads=threads, text=text) as (con, relation):
        return _measured(con, relation, spec, questions, path if path.suffix.lower() == ".parquet" else None)


def _measured(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, questions: Questions, parquet: Path | None
) -> Risk:
    check_columns(con, relation, spec)
    try:
        return _Work(con, relation, spec, questions, parquet).risk()
    finally:
        sql.drop(con)


class _Work:
    """One assessment; `parquet` is the file that the relation shows as it is, where there is one."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        spec: Spec,
        questions: Questions,
        parquet: Path | None,
    ) -> None:
        self._con = con
        self._relation = relation
        self._spec = spec
        self._questions = questions
        self._rows = int(one_row(con, f"SELECT count(*) FROM {ident(relation)}")[0])
        self._population = self._weighted() if questions.population is None else questions.population
        self._packed = self._load(parquet) if self._fits() else None

    def risk(self) -> Risk:
        """Everything."""
        spec, questions = self._spec, self._questions
        row_classes = self._class_sizes(None) if spec.quasi else Histogram(())
        units = tuple(self._unit_risk(column, row_classes) for column in spec.units or (None,))
        risk = Risk(
            rows=self._rows,
            min_units=questions.min_units,
            row_classes=row_classes,
            units=units,
            sensitive=tuple(self._sensitive(units)) if spec.quasi else (),
            cells=self._cells(),
            identifiers=suspicious_columns(self._con, self._relation, spec),
        )
        return findings(risk)

    def _unit_risk(self, column: str | None, row_classes: Histogram) -> UnitRisk:
        spec = self._spec
        if column is None:
            return self._with_people(None, self._rows, 0, None, row_classes, by_rows=True)
        evidence = unit_evidence(self._con, self._relation, column, spec.time, spec.timezone)
        missing = self._rows - evidence.rows
        units = evidence.units + (1 if missing else 0)
        # Where every row has a unit of its own, counting rows is counting units, and much cheaper.
        by_rows = units == self._rows
        histogram = row_classes if by_rows or not spec.quasi else self._class_sizes(column)
        return self._with_people(column, units, missing, row_id_reason(evidence), histogram, by_rows=by_rows)

    def _with_people(
        self, column: str | None, units: int, missing: int, held: str | None, histogram: Histogram, *, by_rows: bool
    ) -> UnitRisk:
        """Add what needs the quasi-identifiers and the population."""
        sets, people, journalist = None, None, None
        unit = None if by_rows or column is None else unit_sql(column)
        if self._spec.quasi:
            if self._questions.small_sets:
                sets = self._small_sets(None if by_rows else column)
            journalist, people = self._people(histogram, unit)
        return UnitRisk(
            column=column,
            units=units,
            missing_rows=missing,
            held=held,
            histogram=histogram,
            small_sets=sets,
            population=people,
            journalist=journalist,
        )

    def _people(self, histogram: Histogram, unit: str | None) -> tuple[Journalist | None, PopulationUniques | None]:
        known = self._population
        if isinstance(known, str):
            return population_classes.counted(self._con, self._relation, known, self._spec.quasi, unit)
        if known is None or not histogram.members:
            return None, None
        return population_classes.scaled(histogram, known), estimate(histogram, known)

    def _sensitive(self, units: Sequence[UnitRisk]) -> list[SensitiveRisk]:
        found = []
        for column in self._spec.sensitive:
            for unit in units:
                by_rows = unit.column is None or unit.units == self._rows
                found.append(
                    sensitive_risk(
                        column,
                        self._values(column, None if by_rows else unit.column),
                        unit=unit.column,
                        order=self._questions.orders.get(column),
                        hierarchy=self._questions.hierarchies.get(column),
                    )
                )
        return found

    def _cells(self) -> CellRisk | None:
        """Cells where there is a table of them: a place, or sums over the quasi-identifiers."""
        if not self._spec.zones and not self._spec.measures:
            return None
        return cell_risk(self._con, self._relation, self._spec, self._questions.min_units, self._questions.rules)

    def _class_sizes(self, unit: str | None) -> Histogram:
        if self._packed is not None:
            return self._packed.class_sizes(unit)
        expression = None if unit is None else unit_sql(unit)
        return sql.class_sizes(self._con, self._relation, self._spec.quasi, expression)

    def _small_sets(self, unit: str | None) -> SmallSets:
        if self._packed is not None:
            return self._packed.small_sets(unit)
        expression = None if unit is None else unit_sql(unit)
        return subsets.small_sets(self._con, self._relation, self._spec.quasi, expression)

    def _values(self, column: str, unit: str | None) -> Values:
        if self._packed is not None:
            try:
                return self._packed.values(column, unit)
            except KeyTooWideError:
                pass
        expression = None if unit is None else unit_sql(unit)
        return sql.values(self._con, self._relation, self._spec.quasi, column, expression)

    def _load(self, parquet: Path | None) -> Packed:
        spec, table = self._spec, None
        names = tuple(dict.fromkeys((*spec.quasi, *spec.sensitive)))
        # Spellings of a unit are merged by the engine; whole numbers have none.
        if parquet is not None and packed.has_integers(parquet, spec.units):
            table = packed.read_parquet(parquet, (*names, *spec.units))
        if table is None:
            columns = {name: ident(name) for name in names} | {unit: unit_sql(unit) for unit in spec.units}
            table = packed.load(self._con, self._relation, columns)
        return Packed(table, spec.quasi, spec.sensitive)

    def _fits(self) -> bool:
        spec, kernel = self._spec, self._questions.kernel
        if kernel is not Kernel.AUTO or not spec.quasi:
            return kernel is Kernel.PACKED and bool(spec.quasi)
        columns = len(spec.quasi) + len(spec.sensitive) + len(spec.units)
        needed = self._rows * (columns * _BYTES_OF_A_CODE + _BYTES_OF_A_KEY)
        return needed * 2 <= memory.limit_bytes(self._con)

    def _weighted(self) -> int | None:
        """The size of the population that sample weights stand for."""
        if self._spec.weight is None:
            return None
        total = one_row(self._con, f"SELECT sum({ident(self._spec.weight)}) FROM {ident(self._relation)}")[0]
        return None if total is None else round(total)
