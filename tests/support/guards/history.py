"""Guards of releases over time: each release is what the house would publish next, beside what it has published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import attack_world as world
import numpy as np
from history_world import PRESET, SPEC, load, meters

from disclosure import DisclosureRefused, Spec, protect, safe_correction
from disclosure.attacks import Target, Truth, target_of
from disclosure.history import PublishedRelease, check_against_history
from disclosure.policies.base import Policy
from disclosure.policies.cell_key import CellKey
from disclosure.policies.threshold import Threshold
from disclosure.site import NO_SITE, SiteRules
from guards import Guard

SITE = SiteRules(key=bytes(range(32)))
OTHER_KEY = SiteRules(key=bytes(range(1, 33)))
DISTRICTS, CITY = replace(SPEC, zone="district"), replace(SPEC, zone="city")
COUNTS = replace(DISTRICTS, measures={})


def released(con: Any, relation: str, site: SiteRules, earlier: Sequence[Target] = ()) -> Target:
    """A release as its attackers will see it."""
    made = protect(con, relation, SPEC, PRESET, site=site)
    return target_of(made, SPEC, PRESET, site=site, truth=Truth(con=con, relation=relation), earlier=tuple(earlier))


def correction(old: list[Any], new: list[Any], site: SiteRules = NO_SITE) -> Target:
    """The corrected table where the house lets it through, otherwise the first one, which stands."""
    con = world.open_engine()
    load(con, "first", old)
    load(con, "second", new)
    first = released(con, "first", site)
    if not safe_correction(con, "first", "second", SPEC, PRESET, Threshold(), site).safe:
        return first
    return released(con, "second", site, [first])


def one_meter_changes() -> Target:
    """A single corrected reading."""
    old = meters("a", 20)
    return correction(old, [*old[:-1], (*old[-1][:3], 9.0)])


def movers_and_one_reading() -> Target:
    """Twelve meters move from a to b, and one reading in b is corrected."""
    movers, stay = meters("a", 12, first=100), meters("a", 20) + meters("b", 20, first=50)
    moved = [(unit, "b", hour, kwh) for unit, _, hour, kwh in movers]
    changed = [(unit, zone, hour, 9.0 if unit == "m050" else kwh) for unit, zone, hour, kwh in stay]
    return correction(stay + movers, changed + moved)


def one_meter_dominates() -> Target:
    """Thirty readings change a little, one of them by a lot."""
    new = [*meters("a", 29, kwh=50.1), *meters("a", 1, first=29, kwh=90.0)]
    return correction(meters("a", 30, kwh=50.0), new, SiteRules(p_percent=10))


def next_release(
    relations: tuple[str, str],
    specs: tuple[Spec, Spec],
    policies: tuple[Policy, Policy],
    sites: tuple[SiteRules, SiteRules] = (NO_SITE, NO_SITE),
) -> Target:
    """The second table where the ledger lets it follow the first, otherwise the first one alone."""
    con = world.open_engine()
    rows = meters(("d0", "c"), 20) + meters(("d1", "c"), 15, first=100) + meters(("d2", "c"), 3, first=200)
    load(con, "data", rows, ("district", "city"))
    con.execute("CREATE TABLE corrected AS SELECT * REPLACE (kwh + 1 AS kwh) FROM data")
    both, entries = [], []
    for place in (0, 1):
        made = protect(con, relations[place], specs[place], PRESET, policies[place], sites[place])
        truth = Truth(con=con, relation=relations[place])
        both.append(target_of(made, specs[place], PRESET, site=sites[place], truth=truth, earlier=tuple(both)))
        entries.append(
            PublishedRelease.of(made, specs[place], PRESET, release_id=f"r{place}", subject="kwh", period="2026-10")
        )
    try:
        check_against_history(con, relations[1], entries[1], entries[:1], specs[1], PRESET, sites[1])
    except DisclosureRefused:
        return both[0]
    return both[1]


guard = partial(Guard, policy="history")
GUARDS = (
    guard(
        name="a change rests on nobody or on k units",
        target="disclosure.history.unions:enough_units",
        replacement=lambda units, rule: True,
        release=one_meter_changes,
        caught_by=("differencing",),
    ),
    guard(
        name="cells between which units moved are judged together",
        target="disclosure.history.unions:clusters_of",
        replacement=lambda data, component, one_to_one, nets: np.arange(len(one_to_one)),
        release=movers_and_one_reading,
        caught_by=("differencing",),
    ),
    guard(
        name="nobody dominates a change",
        target="disclosure.history.unions:protected_amounts",
        replacement=lambda amounts, rule: True,
        release=one_meter_dominates,
        caught_by=("differencing",),
    ),
    guard(
        name="another level is compared with what is published",
        target="disclosure.history.check:difference_fault",
        replacement=lambda *_: None,
        release=partial(next_release, ("data", "data"), (DISTRICTS, CITY), (Threshold(), Threshold())),
        caught_by=("differencing",),
    ),
    guard(
        name="without the input only printed cells are added up",
        target="disclosure.history.check:check_purged",
        replacement=lambda *_: None,
        release=partial(next_release, ("data", "corrected"), (DISTRICTS, CITY), (Threshold(), Threshold())),
        caught_by=("differencing",),
    ),
    guard(
        name="noise is chosen before the first release",
        target="disclosure.history.check:check_method",
        replacement=lambda *_: None,
        release=partial(
            next_release,
            ("data", "data"),
            (COUNTS, COUNTS),
            (Threshold(), CellKey()),
            (NO_SITE, SITE),
        ),
        caught_by=("differencing",),
    ),
    guard(
        name="the key of a subject stays the same",
        target="disclosure.history.method:check_continuity",
        replacement=lambda *_: None,
        release=partial(
            next_release,
            ("data", "data"),
            (COUNTS, COUNTS),
            (CellKey(), CellKey()),
            (SITE, OTHER_KEY),
        ),
        caught_by=("averaging",),
    ),
)
