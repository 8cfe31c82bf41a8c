"""Guards of the flat table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from attack_world import SPEC, START, load, open_engine, people

from disclosure import load_preset, protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.policies.threshold import Threshold
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Measure
from guards import Guard

HOUSE = load_preset("house-personal")
NAMES = ("person", "home", "zone", "ts", "kwh")


def target(rows, spec=SPEC, site: SiteRules = NO_SITE, names=NAMES) -> Target:
    """A release by the policy alone, without the gate."""
    con = open_engine()
    load(con, rows, names)
    made = protect(con, "input", spec, HOUSE, Threshold(), site)
    return target_of(made, spec, HOUSE, site=site, truth=Truth(con=con, relation="input"))


def living(rows, homes: int = 1000):
    """The same rows with the home of each person, so many homes at most."""
    return [(who, f"h{hash_of(who) % homes}", zone, ts, kwh) for who, zone, ts, kwh in rows]


def hash_of(name: str) -> int:
    """A number for a name that is the same in every process."""
    return sum(ord(letter) * 31**place for place, letter in enumerate(name))


def crowd() -> list:
    """A cell that can be shown by itself."""
    return people("busy", 14)


guard = partial(Guard, policy="threshold")
GUARDS = (
    guard(
        name="a cell holds enough units",
        target="disclosure.cells:enough_sql",
        replacement=lambda preset: "units >= 1",
        release=lambda: target(living(people("small", 9) + crowd())),
        caught_by=("recount",),
    ),
    guard(
        name="a further unit is counted as well",
        target="disclosure.concentration:judged_columns",
        replacement=lambda spec: spec.units[:1],
        release=lambda: target(
            [(who, f"{zone}-{int(who[4:]) % 3}", zone, ts, kwh) for who, zone, ts, kwh in people("dorm", 14)]
            + living(crowd()),
            replace(SPEC, also_units=("home",)),
        ),
        caught_by=("recount",),
    ),
    guard(
        name="nobody contributes too much",
        target="disclosure.concentration:broken_free_sql",
        replacement=lambda spec, rules: [],
        release=lambda: target(
            living([*people("big", 11), ("giant", "big", START, 9000.0), *crowd()]),
            replace(SPEC, measures={"kwh": Measure(decimals=1)}),
            SiteRules(p_percent=15),
        ),
        caught_by=("singleton",),
    ),
    guard(
        name="spellings of one unit count once",
        target="disclosure.concentration:unit_sql",
        replacement=lambda column: f'"{column}"',
        release=lambda: target(
            living(
                [
                    (f"{' ' * spaces}{name}", "spelt", START, 1.0)
                    for name in ("ana", "Ana", "ANA")
                    for spaces in range(4)
                    for _ in range(3)
                ]
                + crowd()
            )
        ),
        caught_by=("recount", "pseudo-unit"),
    ),
    guard(
        name="a number of the row is no unit",
        target="disclosure.policies.threshold:_check_unit",
        replacement=lambda *arguments: None,
        release=lambda: target(living(people("numbered", 60, rows_each=1))),
        caught_by=("pseudo-unit",),
    ),
    guard(
        name="a figure rests on units that have a value",
        target="disclosure.concentration:members_sql",
        replacement=lambda spec: "count(*)",
        release=lambda: target(
            living([(who, zone, ts, kwh if int(who[4:]) < 3 else None) for who, zone, ts, kwh in people("half", 14)])
            + living(crowd())
        ),
        caught_by=("missing-value", "recount"),
    ),
)
