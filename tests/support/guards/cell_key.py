"""Guards of the cell-key policy."""

from __future__ import annotations

import os
import random
from functools import partial

import attack_world as world

from disclosure import Measure, Spec, protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.policies.cell_key import CellKey
from disclosure.site import SiteRules
from guards import Guard

SITE = SiteRules(key=b"a key of thirty-two bytes for test")
SPEC = Spec(unit="person", zone="zone", time="ts", measures={"kwh": Measure(decimals=2)})


def target(rows, spec=SPEC) -> Target:
    """A release by the policy alone, without the gate."""
    con = world.open_engine()
    world.load(con, rows)
    made = protect(con, "input", spec, world.PRESET, CellKey(), SITE)
    return target_of(made, spec, world.PRESET, site=SITE, truth=Truth(con=con, relation="input"))


def town(zones=60, people=30):
    """Zones of equal size with readings that differ."""
    chance = random.Random(5)
    rows = [row for zone in range(zones) for row in world.people(f"z{zone:02}", people, rows_each=2)]
    return [(*row[:3], round(1 + 20 * chance.random(), 2)) for row in rows]


def villages():
    """A third of the zones has fewer people than the minimum."""
    return [row for zone in range(30) for row in world.people(f"z{zone:02}", 6 + 3 * (zone % 9), rows_each=2)]


def row_ids():
    """Trips numbered instead of people, five of them in each zone."""
    return [(f"{zone}-{n}", f"z{zone}", world.START, 2.0) for zone in range(3) for n in range(40)]


guard = partial(Guard, policy="cell-key")
GUARDS = (
    guard(
        name="the floor keeps off the deviation",
        target="disclosure.policies.cell_key:least_shown",
        replacement=lambda min_units, deviation: 1,
        release=lambda: target(villages()),
        caught_by=("recount",),
    ),
    guard(
        name="the same units have the same noise",
        target="disclosure.cellkey.cells:record_digest",
        replacement=lambda key, unit: os.urandom(32),
        release=lambda: target(town()),
        caught_by=("averaging",),
    ),
    guard(
        name="counts carry noise",
        target="disclosure.cellkey.cells:count_noise_sql",
        replacement=lambda count, key, table: "0",
        release=lambda: target(town()),
        caught_by=("differencing",),
    ),
    guard(
        name="totals carry noise",
        target="disclosure.cellkey.cells:draw_sql",
        replacement=lambda key, row: "0",
        release=lambda: target(town()),
        caught_by=("differencing", "joiner-leaver"),
    ),
    guard(
        name="a changed total draws anew",
        target="disclosure.cellkey.cells:total_digest",
        replacement=lambda key, total: bytes(32),
        release=lambda: target(town()),
        caught_by=("differencing",),
    ),
    guard(
        name="a number of the row is no unit",
        target="disclosure.policies.cell_key:check_unit",
        replacement=lambda con, relation, spec: None,
        release=lambda: target(row_ids()),
        caught_by=("pseudo-unit",),
    ),
)
