"""May a corrected table take the place of one that has been published?

The first version cannot be recalled, so whoever holds both sees the change itself. It is safe only if, for every cell
and every union of cells that can be formed from both versions, the units that changed number 0 or at least the
minimum, and their amounts pass dominance and p %. That cells are disjoint is not enough: a unit that moves from one
cell to another cancels out of their union (``history.unions`` has the argument).

Noise is another matter: under a cell key or differential privacy the two versions differ by noise that hides a single
unit, as long as both were made that way from the first release on; who asks must have settled this before
(``history.method``). Boundary: compares two inputs under one rule; what to do with the answer (hold, erratum) is the
caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import duckdb
import pyarrow as pa

from disclosure.errors import DisclosureRefused
from disclosure.history.compare import difference_fault
from disclosure.history.method import NOISY
from disclosure.history.rows import Side
from disclosure.history.tilings import printed, tiling_of
from disclosure.history.unions import Fault
from disclosure.policies.base import Policy
from disclosure.policies.threshold import Threshold
from disclosure.presets import Preset
from disclosure.protect import protect
from disclosure.protected import Protected
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Presence, Spec


class Reason(StrEnum):
    """Why a correction may or may not be published."""

    NO_UNIT = "no-unit"
    UNCHANGED = "unchanged"
    NOISE_HIDES = "noise-hides-change"
    ENOUGH_UNITS_CHANGED = "enough-units-changed"
    TOO_FEW_UNITS_CHANGED = "too-few-units-changed"
    CHANGE_DOMINATED = "change-dominated"
    TOO_MANY_UNIONS = "too-many-unions"
    PATTERN_DIFFERS = "pattern-differs"
    NOT_COMPARABLE = "not-comparable"


_FAULTS = {
    Fault.FEW_UNITS: Reason.TOO_FEW_UNITS_CHANGED,
    Fault.AMOUNTS: Reason.CHANGE_DOMINATED,
    Fault.TOO_MANY_UNIONS: Reason.TOO_MANY_UNIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The verdict on a correction."""

    safe: bool
    reason: Reason


def safe_correction(
    con: duckdb.DuckDBPyConnection,
    old_relation: str,
    new_relation: str,
    spec: Spec,
    preset: Preset,
    policy: Policy | None = None,
    site: SiteRules = NO_SITE,
) -> Change:
    """Judge whether the table of `new_relation` may be published after that of `old_relation`.

    Args:
        con: a connection from `engine.connect` that holds both inputs.
        old_relation: the input of what has been published.
        new_relation: the input of the correction.
        spec: how both are described.
        preset: the rule for both.
        policy: how both were made; the flat table by default.
        site: secret settings of the house, which the change must satisfy as well.

    Raises:
        DisclosureRefused: if one of them cannot be protected at all.
    """
    policy = policy or Threshold()
    if policy.name in NOISY:
        return Change(safe=True, reason=Reason.NOISE_HIDES)
    old, new = (protect(con, relation, spec, preset, policy, site) for relation in (old_relation, new_relation))
    if spec.presence is Presence.NONE or not spec.units:
        return Change(safe=True, reason=Reason.NO_UNIT)
    if old.table.equals(new.table):
        return Change(safe=True, reason=Reason.UNCHANGED)
    try:
        found = difference_fault(
            con, _side(old_relation, old, spec, preset), _side(new_relation, new, spec, preset), preset, site
        )
    except DisclosureRefused:
        return Change(safe=False, reason=Reason.NOT_COMPARABLE)
    if found is None:
        return Change(safe=True, reason=Reason.ENOUGH_UNITS_CHANGED)
    same_cells = _keys(old, spec).equals(_keys(new, spec))
    return Change(safe=False, reason=_FAULTS[found] if same_cells else Reason.PATTERN_DIFFERS)


def _side(relation: str, made: Protected, spec: Spec, preset: Preset) -> Side:
    tiling = tiling_of(made.policy, spec, preset, made.table)
    return Side(relation=relation, tiling=tiling, spec=printed(made.policy, spec))


def _keys(made: Protected, spec: Spec) -> pa.Table:
    return made.table.select(list(made.policy.shape(spec).primary_key))
