"""Guards of the policy of differential privacy."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import attack_world as world

from disclosure import Measure, Spec, protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.policies.dp import DifferentialPrivacy
from disclosure.privacy_budget.account import Stored
from disclosure.privacy_budget.bounds import Bounds
from disclosure.privacy_budget.sqlite_store import SqliteStore
from disclosure.site import SiteRules
from guards import Guard

SITE = SiteRules(key=b"a key of thirty-two bytes for test")
SPEC = Spec(unit="person", zone="zone", time="ts", measures={"kwh": Measure(decimals=1)}, count_rows_as="trips")
ZONES = tuple(f"z{number}" for number in range(6))
HOURS = 4
POLICY = DifferentialPrivacy(
    delivery="october",
    rho=Decimal("0.5"),
    bounds=Bounds(
        zones=tuple((zone,) for zone in ZONES),
        start=world.START,
        end=world.START + timedelta(hours=HOURS),
        max_cells=2,
        max_rows=2,
        measures={"kwh": (Decimal(0), Decimal(5))},
    ),
    rho_total=Decimal(1),
    window_start=world.START - timedelta(days=30),
    window_end=world.START + timedelta(days=30),
)


def town():
    """Forty people in each zone and hour, and one courier who is everywhere, often, with large amounts."""
    people = [
        row
        for zone in ZONES
        for hour in range(HOURS)
        for row in world.people(zone, 40, rows_each=1, start=world.START + timedelta(hours=hour), prefix=f"h{hour}")
    ]
    courier = [
        ("courier", zone, world.START + timedelta(hours=hour, minutes=minute), 60.0)
        for zone in ZONES
        for hour in range(HOURS)
        for minute in range(0, 60, 5)
    ]
    return people + courier


def target() -> Target:
    """A release by the policy alone, without the gate."""
    con = world.open_engine()
    world.load(con, town())
    folder = Path(tempfile.mkdtemp(prefix="budget-"))
    policy = POLICY.with_store(SqliteStore(folder / "budget.sqlite"))
    made = protect(con, "input", SPEC, world.PRESET, policy, SITE)
    return target_of(made, SPEC, world.PRESET, site=SITE, truth=Truth(con=con, relation="input"))


guard = partial(Guard, policy="dp", release=target)
GUARDS = (
    guard(
        name="noise is drawn",
        target="disclosure.privacy_budget.mechanism:noisy",
        replacement=lambda kind, values, scale: list(values),
        caught_by=("differencing",),
    ),
    guard(
        name="a unit adds to few cells",
        target="disclosure.privacy_budget.bounds:few_cells_sql",
        replacement=lambda order, max_cells: "",
        caught_by=("differencing",),
    ),
    guard(
        name="amounts are clipped",
        target="disclosure.privacy_budget.bounds:between_sql",
        replacement=lambda value, low, high: value,
        caught_by=("differencing",),
    ),
    guard(
        name="a retry is answered from the store",
        target="disclosure.policies.dp:settled",
        replacement=lambda store, account, request, draw: Stored(output=draw(), query=request.query, rho=request.rho),
        caught_by=("averaging",),
    ),
    guard(
        name="a budget that is used up gives nothing",
        target="disclosure.privacy_budget.sqlite_store:check_affordable",
        replacement=lambda con, account, request: None,
        caught_by=("averaging",),
    ),
)
