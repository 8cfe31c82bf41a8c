"""Guards of tables with exact totals. The audit that follows is off where it would refuse what a guard let through."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pyarrow as pa
from attack_world import open_engine

from disclosure import Measure, Spec, load_preset, protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.policies.suppression import Suppression
from disclosure.rules import Rules
from disclosure.site import SiteRules
from disclosure.suppression import audit
from guards import Guard

BUSINESS = load_preset("house-business")
HOUSE = load_preset("house-personal")
BOTH = Suppression()
SITE = SiteRules(p_percent=15)
SPEC = Spec(unit="company", zone=("activity", "place"), measures={"turnover": Measure()})


def target(counts, amounts=None, preset=BUSINESS, policy=BOTH) -> Target:
    """A release by the policy alone: ``counts[activity][place]`` companies, of 100 unless `amounts` says otherwise."""
    rows = [
        (f"c{a}-{p}-{n}", f"a{a}", f"p{p}", Decimal((amounts or {}).get((a, p, n), 100 + n)))
        for a, line in enumerate(counts)
        for p, count in enumerate(line)
        for n in range(count)
    ]
    con = open_engine()
    table = pa.table(
        {
            "company": [row[0] for row in rows],
            "activity": [row[1] for row in rows],
            "place": [row[2] for row in rows],
            "turnover": pa.array([row[3] for row in rows], pa.decimal128(18, 2)),
        }
    )
    con.register("rows_in", table)
    con.execute("CREATE TABLE input AS SELECT * FROM rows_in")
    con.unregister("rows_in")
    made = protect(con, "input", SPEC, preset, policy, SITE)
    return target_of(made, SPEC, preset, site=SITE, truth=Truth(con=con, relation="input"))


def primary_only(request, allowed, costs, frozen, progress=None):
    """Withhold what is unsafe by itself and nothing else, unaudited."""
    return audit.Audited(request=request, withheld=request.primary | frozen, key=audit._KEY)


FULL = (20, 20, 20, 20)
guard = partial(Guard, policy="suppression")
GUARDS = (
    guard(
        name="what would give a cell away is withheld too, and audited",
        target="disclosure.policies.suppression:suppress",
        replacement=primary_only,
        release=lambda: target([(2, 20, 20, 20), FULL, FULL]),
        caught_by=("complementary",),
    ),
    guard(
        name="who is alone in a cell knows it",
        target="disclosure.suppression.primary:_insiders",
        replacement=lambda judged, quantity, main: (),
        release=lambda: target([(1, 1, 20, 20), FULL, (1, 1, 20, 20), FULL], policy=Suppression(counts=False)),
        caught_by=("singleton",),
    ),
    guard(
        name="a cell holds enough units",
        target="disclosure.suppression.primary:_small",
        replacement=lambda counts, least: [],
        release=lambda: target([(6, 20, 20, 20), FULL, FULL], preset=HOUSE),
        caught_by=("recount",),
    ),
    guard(
        name="nobody contributes too much",
        target="disclosure.policies.suppression:rules_for",
        replacement=lambda preset, site: Rules(),
        release=lambda: target([(5, 20, 20, 20), FULL, FULL], {(0, 0, 0): 90000}),
        caught_by=("singleton",),
    ),
)
