"""The gate: nothing is released unless an independent recount of the input finds the same table and no attack succeeds.

Boundary: compares and attacks; counts nothing itself (that is ``disclosure.recounts``) and repairs nothing. `Cleared`
can only be made here, and only it can be written as a release: the type is the guarantee that the gate was passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import duckdb

from disclosure.attacks import Result, Target, Truth, Verdict, run_all, target_of
from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.prohibitions import check_prohibitions
from disclosure.protect import check_preset
from disclosure.protected import Protected
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Spec

DATA_INDEPENDENT: Final = frozenset({"dp"})
"""Policies under which nothing but the noisy table itself may depend on the input."""

_KEY = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A protected table that passed the gate, with all that it was judged by, and the attacks that it withstood."""

    protected: Protected
    spec: Spec
    preset: Preset
    key: object = field(repr=False, compare=False)
    site: SiteRules = field(default=NO_SITE, repr=False)
    attacks: tuple[Result, ...] = ()

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
    *,
    earlier: Sequence[Target] = (),
    linked: Sequence[Target] = (),
) -> Cleared:
    """Recount the input, compare it with what is to be published, then attack it.

    Args:
        con: a connection that holds the input.
        relation: the input.
        protected: the candidate.
        spec: roles and shape.
        preset: the rule.
        site: secret settings of the house.
        earlier: what was published before on the same subject, as its readers see it.
        linked: other tables of the same people.

    Raises:
        GateRefused: if the recount finds anything else (the codes stand in ``disclosure.recounts``), or
            ``attack-succeeded`` with the names of the attacks.
        DisclosureRefused: if the specification does not fit the preset or the policy.
    """
    check_preset(spec, preset, site)
    protected.policy.check(spec, preset, site)
    check_prohibitions(con, relation, spec, preset, protected.table.column_names)
    protected.policy.recount(con, relation, protected, spec, preset, site)
    # What a noisy table is attacked with must not depend on the input: a refusal would be one more answer about it.
    truth = None if protected.policy.name in DATA_INDEPENDENT else Truth(con=con, relation=relation)
    target = target_of(protected, spec, preset, site=site, truth=truth, earlier=tuple(earlier), linked=tuple(linked))
    results = run_all(target)
    if broken := [each.attack for each in results if each.verdict is Verdict.BROKEN]:
        raise GateRefused("attack-succeeded", attacks=broken)
    return Cleared(protected=protected, spec=spec, preset=preset, site=site, attacks=results, key=_KEY)
