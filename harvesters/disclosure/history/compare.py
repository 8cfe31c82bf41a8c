"""May two tables both be known? For every privacy unit, every contributor, and every union of cells.

Boundary: puts together where rows lie (``tilings``), what they give (``rows``) and what may be seen (``unions``).
"""

from __future__ import annotations

import duckdb

from disclosure.history.amounts import Rule, rule_of
from disclosure.history.rows import Side, contributions
from disclosure.history.unions import Fault, fault
from disclosure.presets import Preset
from disclosure.site import SiteRules


def difference_fault(
    con: duckdb.DuckDBPyConnection, old: Side, new: Side, preset: Preset, site: SiteRules
) -> Fault | None:
    """The first reason why the difference of the two tables must not be seen, None when it may.

    Every privacy unit must pass; the contributor (a holding, say) as well, since it is the one whose share is judged.

    Raises:
        DisclosureRefused: code ``history-not-comparable``.
    """
    rule = rule_of(preset, site)
    for who, what in _judged(new, rule):
        found = fault(contributions(con, old, new, who), what)
        if found is not None:
            return found
    return None


def _judged(new: Side, rule: Rule) -> list[tuple[str, Rule]]:
    judged = [(unit, rule) for unit in new.spec.units]
    contributor = new.spec.contributor
    if contributor is not None and contributor not in new.spec.units and rule.judges_amounts:
        # Companies behind many meters: their number has no floor of its own, but their shares are judged.
        judged.append((contributor, rule.without_floor()))
    return judged
