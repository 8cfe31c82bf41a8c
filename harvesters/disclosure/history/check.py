"""May a candidate be published beside everything that has been published before?

Overlapping zones, shifted hours, another area level, a correction, a neighbor's table: whoever holds two tables can
subtract unions of cells of one from unions of the other, and what is left must rest on nobody or on k units. With the
inputs at hand this is computed exactly (``history.unions``). Without them nothing can be computed, and the candidate
is refused unless it only repeats or adds up what was printed (``history.purged``).

Boundary: decides and raises; keeps nothing. The caller says which releases concern the same people: those of the
subject and period, of the neighboring areas, of other levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from disclosure.errors import DisclosureError, DisclosureRefused
from disclosure.history.compare import difference_fault
from disclosure.history.ledger import PublishedRelease
from disclosure.history.method import NOISY, check_method
from disclosure.history.purged import Zones, check_purged
from disclosure.history.rows import Side
from disclosure.history.tilings import printed, tiling_of
from disclosure.history.unions import Fault
from disclosure.policies import policy_from
from disclosure.presets import Preset, load_preset
from disclosure.protect import protect
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Spec

_CODES = {
    Fault.FEW_UNITS: "difference-rests-on-few-units",
    Fault.AMOUNTS: "difference-is-dominated",
    Fault.TOO_MANY_UNIONS: "difference-undecidable",
}


def check_against_history(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    candidate: PublishedRelease,
    earlier: Sequence[PublishedRelease],
    spec: Spec,
    preset: Preset,
    site: SiteRules = NO_SITE,
    *,
    inputs: Mapping[str, str] | None = None,
    zones: Zones | None = None,
) -> None:
    """Refuse a candidate that would reveal somebody to a reader who has the earlier releases.

    Args:
        con: a connection that holds the inputs.
        relation: the input of the candidate.
        candidate: the table as it would be published.
        earlier: every release that is about the same people, in the order of publication.
        spec: how the candidate's input is described.
        preset: the candidate's rule, which differences must satisfy as well.
        site: secret settings of the house.
        inputs: relations that hold the inputs of earlier releases, by release id. Where it is missing, `relation` is
            taken for the input of an earlier release exactly when it gives the table that was printed.
        zones: for a larger zone all the smaller zones that make it up, for when an input is gone.

    Raises:
        DisclosureRefused: codes ``method-chosen-late``, ``method-changed``, ``cell-key-rotated``, ``raw-purged``,
            ``difference-rests-on-few-units``, ``difference-is-dominated``, ``difference-undecidable``,
            ``history-not-comparable``, each with the id of the earlier release where there is one.
    """
    check_method(candidate, earlier)
    if not spec.units:
        return
    candidate_side = (relation, candidate)
    for release in earlier:
        if release.table.equals(candidate.table) or NOISY & {release.method, candidate.method}:
            continue
        source = (inputs or {}).get(release.release_id) or _reproduced(con, relation, release, site)
        if source is None:
            check_purged(candidate, [release], zones)
        elif (found := _fault(con, (source, release), candidate_side, preset, site)) is not None:
            raise DisclosureRefused(_CODES[found], release=release.release_id)


def _reproduced(
    con: duckdb.DuckDBPyConnection, relation: str, release: PublishedRelease, site: SiteRules
) -> str | None:
    """The relation, if it is what the earlier release was made from: then it gives the same table."""
    try:
        made = protect(
            con, relation, Spec.from_mapping(release.spec), preset_of(release), policy_from(release.policy), site
        )
    except DisclosureError:
        return None
    return relation if made.table.equals(release.table) else None


def preset_of(release: PublishedRelease) -> Preset:
    """The rule of an earlier release, as it was then.

    Raises:
        PresetInvalid: if no preset of this id is shipped.
        LaxerThanLaw: if today's law is stricter than the rule was.
    """
    preset = load_preset(str(release.preset["id"]))
    changed = {
        name: value
        for name, value in release.preset["parameters"].items()
        if name in preset.parameters and preset.parameters[name].value != value
    }
    return preset.tightened(**changed) if changed else preset


def _fault(
    con: duckdb.DuckDBPyConnection,
    old: tuple[str, PublishedRelease],
    new: tuple[str, PublishedRelease],
    preset: Preset,
    site: SiteRules,
) -> Fault | None:
    sides = [_side(relation, release, preset) for relation, release in (old, new)]
    return difference_fault(con, sides[0], sides[1], preset, site)


def _side(relation: str, release: PublishedRelease, preset: Preset) -> Side:
    policy, spec = policy_from(release.policy), Spec.from_mapping(release.spec)
    return Side(relation=relation, tiling=tiling_of(policy, spec, preset, release.table), spec=printed(policy, spec))
