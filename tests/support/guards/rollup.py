"""Guards of the roll-up."""

from __future__ import annotations

from functools import partial

import numpy as np
import rollup_world as town
from attack_world import open_engine

from disclosure import protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.policies.rollup import Rollup
from disclosure.presets import load_preset
from disclosure.site import NO_SITE, SiteRules
from disclosure.space import axis
from disclosure.space.axis import Flags, Numbers
from guards import Guard

HOUSE = load_preset("house-personal")
BY_DAY = (("zone", "PT6H"), ("district", "PT6H"), ("district", "P1D"))


def target(rows, policy: Rollup, spec=town.SPEC, site: SiteRules = NO_SITE) -> Target:
    """A release by the policy alone, without the gate."""
    con = open_engine()
    town.load(con, rows)
    made = protect(con, "input", spec, HOUSE, policy, site)
    return target_of(made, spec, HOUSE, site=site, truth=Truth(con=con, relation="input"))


def riders(first: int, count: int) -> list[str]:
    """Names of so many riders."""
    return [f"r{number}" for number in range(first, first + count)]


def busy(zone: str, first: int) -> list[town.Row]:
    """A cell that can be shown by itself."""
    return town.trips(zone, 1, riders(first, 14), each=2)


def two_open_cells() -> list[town.Row]:
    """Eight riders in each of two open zones, beside two zones that are shown: both are known to be nonempty."""
    return [
        *town.trips("A0", 1, riders(0, 8), each=2),
        *town.trips("A1", 1, riders(8, 8), each=2),
        *busy("A2", 100),
        *busy("A3", 200),
        *busy("B0", 300),
    ]


def lake_beside() -> list[town.Row]:
    """Eight riders in each of two zones, beside two lakes."""
    return [*town.trips("B0", 1, riders(0, 8), each=2), *town.trips("B1", 1, riders(8, 8), each=2), *busy("A0", 300)]


def night() -> list[town.Row]:
    """Twenty riders in three open hours of at most nine each; the other three hours are closed."""
    rows = [*town.trips("A0", 4, riders(0, 9), each=2), *town.trips("A0", 5, riders(9, 9), each=2)]
    return [*rows, *town.trips("A0", 1, riders(18, 2), each=2), *busy("B0", 300)]


def lonely_rest() -> list[town.Row]:
    """Three riders are left over where nothing else is."""
    return [*busy("A0", 100), *busy("A1", 200), *town.trips("B0", 20, riders(0, 3), each=2)]


def one_name_spelt_often() -> list[town.Row]:
    """Three riders in twelve spellings."""
    spelt = [f"{' ' * spaces}{name}" for name in ("ana", "Ana", "ANA") for spaces in range(4)]
    return [*town.trips("A0", 1, spelt, each=3), *busy("A1", 200), *busy("A2", 300)]


def trip_numbers() -> list[town.Row]:
    """A number for each trip instead of a rider."""
    return [(f"trip{n}", "A0", town.at(1 + n % 3), 1.0) for n in range(120)]


def all_possible(possible: Flags, parents, sizes) -> tuple[Numbers, ...]:
    """Room for every cell, the declared ones too."""
    return axis.capacities(np.ones_like(possible), parents, sizes)


def one_rides_for_all() -> list[town.Row]:
    """Fourteen riders, of whom one makes nine trips in ten."""
    return [
        *town.trips("A0", 1, riders(0, 14)),
        *town.trips("A0", 1, riders(0, 1), each=120),
        *busy("A1", 200),
        *busy("A2", 300),
        *busy("B0", 400),
    ]


def one_drives_far() -> list[town.Row]:
    """Fourteen riders, of whom one has nearly all the kilometers."""
    return [
        *town.trips("A0", 1, riders(0, 1), each=2, km=400.0),
        *town.trips("A0", 1, riders(1, 13), each=2),
        *(row for zone, first in (("A1", 200), ("A2", 300), ("B0", 400)) for row in busy(zone, first)),
    ]


def nobody_moved() -> list[town.Row]:
    """Fourteen riders without a single kilometer."""
    shown = [row for zone, first in (("A1", 200), ("A2", 300), ("B0", 400)) for row in busy(zone, first)]
    return [*town.trips("A0", 1, riders(0, 14), each=2, km=0.0), *shown]


def without_own_value() -> list[town.Row]:
    """Fourteen riders of whom three have a distance."""
    return [
        *town.trips("A0", 1, riders(0, 3), each=2, km=4.0),
        *town.trips("A0", 1, riders(3, 11), each=2, km=None),
        *busy("A1", 200),
        *busy("A2", 300),
    ]


guard = partial(Guard, policy="rollup")
GUARDS = (
    guard(
        name="a bin holds enough units",
        target="disclosure.rollup.judge:enough_sql",
        replacement=lambda count, least: f"{count} >= 1",
        release=lambda: target(two_open_cells(), town.town()),
        caught_by=("recount",),
    ),
    guard(
        name="open cells of a rest keep 0 … k−1",
        target="disclosure.rollup.rest:audit_sql",
        replacement=lambda most, open_cells, least: "true",
        release=lambda: target(two_open_cells(), town.town(*BY_DAY)),
        caught_by=("rest-bin",),
    ),
    guard(
        name="cells that are known to be empty hide nobody",
        target="disclosure.space.zones:capacities",
        replacement=all_possible,
        release=lambda: target(
            lake_beside(), town.town(("zone", "PT1H"), ("district", "PT1H"), impossible=frozenset({"B2", "B3"}))
        ),
        caught_by=("rest-bin",),
    ),
    guard(
        name="hours that are known to be closed hide nobody",
        target="disclosure.rollup.calendar:capacities",
        replacement=all_possible,
        release=lambda: target(
            night(), town.town(("zone", "PT1H"), ("zone", "PT6H"), closed_hours=frozenset({0, 2, 3}))
        ),
        caught_by=("rest-bin",),
    ),
    guard(
        name="the remainder is empty or holds enough units",
        target="disclosure.rollup.remainder:is_safe",
        replacement=lambda con, judge: True,
        release=lambda: target(lonely_rest(), town.town(("zone", "PT1H"), ("zone", "PT6H"))),
        caught_by=("rest-bin",),
    ),
    guard(
        name="spellings of one unit count once",
        target="disclosure.rollup.climb:member_sql",
        replacement=lambda column, type_name: f'"{column}"',
        release=lambda: target(one_name_spelt_often(), town.town()),
        caught_by=("recount", "pseudo-unit"),
    ),
    guard(
        name="nobody makes most of the trips of a bin",
        target="disclosure.rollup.judge:keeps_sql",
        replacement=lambda spec, rules, rows_name: "true",
        release=lambda: target(one_rides_for_all(), town.town(max_share_percent=50)),
        caught_by=("singleton",),
    ),
    guard(
        name="nobody's figure can be told by the second largest",
        target="disclosure.rollup.judge:keeps_sql",
        replacement=lambda spec, rules, rows_name: "true",
        release=lambda: target(one_drives_far(), town.town(), town.WITH_KM, SiteRules(p_percent=10)),
        caught_by=("singleton",),
    ),
    guard(
        name="a figure of zero would tell about everybody",
        target="disclosure.rollup.judge:not_zero_sql",
        replacement=lambda spec, preset: [],
        release=lambda: target(nobody_moved(), town.town(), town.WITH_KM),
        caught_by=("homogeneity",),
    ),
    guard(
        name="a number of the row is no unit",
        target="disclosure.rollup.summary:row_id_reason",
        replacement=lambda evidence: None,
        release=lambda: target(trip_numbers(), town.town()),
        caught_by=("pseudo-unit",),
    ),
    guard(
        name="a figure rests on units that have a value",
        target="disclosure.concentration:members_sql",
        replacement=lambda spec: "count(*)",
        release=lambda: target(without_own_value(), town.town(), town.WITH_KM),
        caught_by=("missing-value",),
    ),
)
