"""The gate: nothing is released unless an independent recount of the input finds the same table.

Boundary: compares; counts nothing itself (that is ``disclosure.recounts``) and repairs nothing. `Cleared` can only be
made here, and only `Cleared` can be written as a release: the type is the guarantee that the gate was passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb

from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.prohibitions import check_prohibitions
from disclosure.protect import check_preset
from disclosure.protected import Protected
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Spec

_KEY = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A protected table that passed the gate, with all that it was judged by, and the attacks that it withstood."""

    protected: Protected
    spec: Spec
    preset: Preset
    key: object = field(repr=False, compare=False)
    site: SiteRules = field(default=NO_SITE, repr=False)
    attacks: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.key is not _KEY:
            raise GateRefused("gate-not-passed")


def gate(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    protected: Protected,
    spec: Spec,
    preset: Preset,
    site: SiteRules = NO_SITE,
) -> Cleared:
    """Recount the input and compare it with what is to be published.

    Raises:
        GateRefused: if the recount finds anything else; the codes stand in ``disclosure.recounts``.
        DisclosureRefused: if the specification does not fit the preset or the policy.
    """
    check_preset(spec, preset, site)
    protected.policy.check(spec, preset, site)
    check_prohibitions(con, relation, spec, preset, protected.table.column_names)
    protected.policy.recount(con, relation, protected, spec, preset, site)
    return Cleared(protected=protected, spec=spec, preset=preset, site=site, key=_KEY)
