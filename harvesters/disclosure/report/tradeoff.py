"""What other levels would keep: the officer's choice between detail and completeness, in figures.

Boundary: asks the policy to explain itself at other levels of the specification; decides nothing. A policy that
walks through levels by itself is shown step by step instead.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb

from disclosure.errors import DisclosureError
from disclosure.policies.base import Plan, Policy
from disclosure.presets import Preset
from disclosure.report.content import Alternative
from disclosure.site import SiteRules
from disclosure.spec import Spec, TimeBin

_FLAT = ("threshold", "magnitude")


def alternatives(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    spec: Spec,
    preset: Preset,
    policy: Policy,
    site: SiteRules,
    plan: Plan,
) -> tuple[Alternative, ...]:
    """The levels with the rows that each keeps, in the order from fine to coarse."""
    if policy.name not in _FLAT or not spec.time:
        return _steps(plan)
    found = []
    for time_bin in TimeBin:
        chosen = time_bin is spec.time_bin
        try:
            other = plan if chosen else policy.explain(con, relation, replace(spec, time_bin=time_bin), preset, site)
        except DisclosureError:
            # A level that the preset does not allow is no choice.
            continue
        found.append(_alternative(str(time_bin), other, chosen=chosen))
    return tuple(found)


def _alternative(level: str, plan: Plan, *, chosen: bool) -> Alternative:
    return Alternative(
        level=level,
        rows=sum(step.rows for step in plan.steps),
        cells=sum(step.cells for step in plan.steps),
        chosen=chosen,
    )


def _steps(plan: Plan) -> tuple[Alternative, ...]:
    """Cumulative: what is published down to each level."""
    rows = cells = 0
    found = []
    for step in plan.steps:
        rows, cells = rows + step.rows, cells + step.cells
        found.append(Alternative(level=step.level, rows=rows, cells=cells, chosen=True))
    return tuple(found)
