"""Guards of areas with full and partial totals."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pyarrow as pa
from attack_world import open_engine

from disclosure import Measure, Spec, load_preset, protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.policies.magnitude import Magnitude
from disclosure.site import SiteRules
from guards import Guard

BUSINESS = load_preset("house-business")
HOUSE = load_preset("house-personal")
SITE = SiteRules(p_percent=15)
SPEC = Spec(unit="company", zone=("region", "area"), measures={"kwh": Measure()})


def target(areas, preset=BUSINESS) -> Target:
    """A release by the policy alone: amounts of companies by area of one region."""
    rows = [(f"{area}{n}", area, Decimal(kwh)) for area, amounts in areas.items() for n, kwh in enumerate(amounts)]
    con = open_engine()
    table = pa.table(
        {
            "company": [row[0] for row in rows],
            "region": ["R"] * len(rows),
            "area": [row[1] for row in rows],
            "kwh": pa.array([row[2] for row in rows], pa.decimal128(18, 2)),
        }
    )
    con.register("rows_in", table)
    con.execute("CREATE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")
    made = protect(con, "input", SPEC, preset, Magnitude(area="area", groups=("region",)), SITE)
    return target_of(made, SPEC, preset, site=SITE, truth=Truth(con=con, relation="input"))


EVEN = (100, 101, 102, 103)
guard = partial(Guard, policy="magnitude")
GUARDS = (
    guard(
        name="a total leaves nothing small open",
        target="disclosure.partial:remainder_rules",
        replacement=lambda spec, preset, rules, column, *, is_unit: ["true"],
        release=lambda: target({"a": EVEN, "b": EVEN, "c": (90, 80)}),
        caught_by=("complementary",),
    ),
    guard(
        name="an area holds enough units",
        target="disclosure.cells:enough_sql",
        replacement=lambda preset: "units >= 1",
        release=lambda: target({"a": (100,) * 12, "b": (100,) * 11, "c": (90,) * 6}, HOUSE),
        caught_by=("recount",),
    ),
    guard(
        name="nobody contributes too much to an area",
        target="disclosure.concentration:broken_free_sql",
        replacement=lambda spec, rules: [],
        release=lambda: target({"a": EVEN, "b": EVEN, "c": (9000, 10, 10, 10), "d": EVEN}),
        caught_by=("singleton",),
    ),
)
