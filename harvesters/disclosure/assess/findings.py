"""What an officer must be told about a risk, worst first: the figures that break a rule, by code and parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from disclosure.assess.risk import Finding, Risk


def findings(risk: Risk) -> Risk:
    """The same risk with its findings."""
    found = [*_units(risk), *_identifiers(risk), *_classes(risk), *_sensitive(risk), *_cells(risk)]
    return replace(risk, findings=tuple(found))


def _units(risk: Risk) -> Iterator[Finding]:
    for unit in risk.units:
        if unit.column is None:
            yield Finding(code="unit-missing")
        elif unit.held is not None:
            yield Finding(code=unit.held, params={"column": unit.column})


def _identifiers(risk: Risk) -> Iterator[Finding]:
    for each in risk.identifiers:
        yield Finding(code="risk-identifier", params={"column": each.column, "kind": str(each.kind)})


def _classes(risk: Risk) -> Iterator[Finding]:
    for unit in risk.units:
        below = unit.histogram.members_below(risk.min_units)
        if below:
            params = {"unit": unit.column or "–", "k": unit.histogram.k, "members": below, "least": risk.min_units}
            yield Finding(code="risk-class-below-minimum", params=params)
        if unit.small_sets is not None and (weakest := unit.small_sets.weakest) is not None and weakest.uniques:
            params = {"unit": unit.column or "–", "columns": list(weakest.columns), "uniques": weakest.uniques}
            yield Finding(code="risk-weakest-columns", params=params)


def _sensitive(risk: Risk) -> Iterator[Finding]:
    for each in risk.sensitive:
        if each.diversity is not None and each.diversity.homogeneous_classes:
            params = {"column": each.column, "members": each.diversity.homogeneous_members}
            yield Finding(code="risk-homogeneous", params=params)


def _cells(risk: Risk) -> Iterator[Finding]:
    if risk.cells is None:
        return
    if risk.cells.small:
        params = {"cells": risk.cells.small, "all": risk.cells.cells, "least": risk.min_units}
        yield Finding(code="risk-cells-below-minimum", params=params)
    for measure in risk.cells.measures:
        for rule, cells in measure.broken.items():
            # Fifteen customers and 15 % is a rule of its own presets; it is reported as a figure, not as a fault.
            if cells and rule != "15-15":
                about = {"measure": measure.measure, "contributor": measure.contributor, "rule": rule}
                yield Finding(code="risk-concentration", params={**about, "cells": cells})
