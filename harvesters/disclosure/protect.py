"""Turn rows into a table that may be published, by a policy and under a preset.

Boundary: refuses what no policy may touch, then hands over to the policy; writes no file. What makes the result safe
is argued in each module of ``disclosure.policies``.
"""

from __future__ import annotations

import duckdb

from disclosure.errors import DisclosureRefused
from disclosure.policies.base import Plan, Policy
from disclosure.policies.threshold import Threshold
from disclosure.presets import Preset, UnitKind, check_release
from disclosure.prohibitions import check_prohibitions
from disclosure.protected import Protected
from disclosure.relation import check_columns
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Spec

THRESHOLD = Threshold()


def protect(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    spec: Spec,
    preset: Preset,
    policy: Policy = THRESHOLD,
    site: SiteRules = NO_SITE,
) -> Protected:
    """Make a candidate for release.

    Args:
        con: a connection from `engine.connect`.
        relation: name of a table or view with the columns that `spec` names.
        spec: roles and shape.
        preset: the rule.
        policy: the way; a flat table with a threshold when left out.
        site: secret settings of the house.

    Returns:
        The candidate, its table in the order of its keys, with the same bytes for the same rows in any order.

    Raises:
        DisclosureRefused: if the specification does not fit the preset, the policy or the data.
    """
    _check(con, relation, spec, preset, policy, site)
    return policy.protect(con, relation, spec, preset, site)


def explain(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    spec: Spec,
    preset: Preset,
    policy: Policy = THRESHOLD,
    site: SiteRules = NO_SITE,
) -> Plan:
    """What `protect` would publish, at which level; confidential.

    Raises:
        DisclosureRefused: as `protect` does.
    """
    _check(con, relation, spec, preset, policy, site)
    return policy.explain(con, relation, spec, preset, site)


def _check(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, policy: Policy, site: SiteRules
) -> None:
    check_preset(spec, preset, site)
    policy.check(spec, preset, site)
    check_columns(con, relation, spec)
    check_prohibitions(con, relation, spec, preset, policy.shape(spec).names)


def check_preset(spec: Spec, preset: Preset, site: SiteRules = NO_SITE) -> None:
    """Refuse a specification that the preset cannot protect.

    Raises:
        DisclosureRefused: codes ``preset-publication-forbidden``, ``preset-reference-only``,
            ``preset-condition-unconfirmed``, ``preset-of-another-jurisdiction``, ``site-rule-missing``,
            ``unit-missing``, ``unit-not-expected``, ``presence-mismatch``.
    """
    check_release(preset)
    if not preset.applies_in(spec.jurisdiction):
        raise DisclosureRefused(
            "preset-of-another-jurisdiction", preset=preset.id, jurisdiction=preset.jurisdiction, data=spec.jurisdiction
        )
    if "p-percent" in preset.needs and site.p_percent is None:
        raise DisclosureRefused("site-rule-missing", preset=preset.id, rule="p_percent")
    if preset.unit_kind is not UnitKind.NONE and spec.unit is None:
        raise DisclosureRefused("unit-missing", preset=preset.id)
    if preset.unit_kind is UnitKind.NONE and spec.units:
        raise DisclosureRefused("unit-not-expected", preset=preset.id, column=spec.units[0])
    if spec.presence is not preset.presence:
        raise DisclosureRefused("presence-mismatch", preset=preset.id, expected=str(preset.presence))
