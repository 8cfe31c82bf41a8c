"""What trajectory recovery and membership inference gain from our own releases of a synthetic week.

`python tests/support/residuals.py` prints the table of the documentation of limits: for each city and policy the
one-sided 95 % bound of the gain over the guess without linking, over twenty seeds, and the limit above which a release
is held. Same seeds, same table.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from generators.commuters import City, commuters

from disclosure import Spec, load_preset, protect
from disclosure.attacks import Truth, target_of
from disclosure.attacks.trajectory import limits, residuals
from disclosure.engine import connect
from disclosure.policies.base import Policy
from disclosure.policies.cell_key import CellKey
from disclosure.policies.threshold import Threshold
from disclosure.site import SiteRules

SEED = 20_261_124
SITE = SiteRules(key=bytes(range(32)))
SPEC = Spec(unit="person", zone="zone", time="ts")
CITIES = (City(people=150, zones=4), City(people=400, zones=8), City(people=2000, zones=12))
POLICIES: tuple[Policy, ...] = (Threshold(), CellKey())


@dataclass(frozen=True, kw_only=True)
class Residual:
    """One line of the table."""

    city: City
    policy: str
    recovery: float
    membership: float
    limits: dict[str, float]


def measured(cities: tuple[City, ...] = CITIES, days: int = 7) -> Iterator[Residual]:
    """Every city under every policy; `days` days are generated, and the membership attack adds all of them up."""
    preset = load_preset("house-personal")
    for city in cities:
        week = City(people=city.people, zones=city.zones, days=days)
        with tempfile.TemporaryDirectory() as folder, connect(Path(folder), "1GB") as con:
            names = ("person", "zone", "ts")
            table = pa.table(dict(zip(names, map(list, zip(*commuters(week, SEED), strict=True)), strict=True)))
            con.register("rows_in", table)
            con.execute("CREATE TABLE week AS SELECT * FROM rows_in")
            con.unregister("rows_in")
            for policy in POLICIES:
                made = protect(con, "week", SPEC, preset, policy, SITE)
                target = target_of(made, SPEC, preset, site=SITE, truth=Truth(con=con, relation="week"))
                found = residuals(target, SEED, periods=24 * days)
                yield Residual(
                    city=week,
                    policy=policy.name,
                    recovery=found["recovery"],
                    membership=found["membership"],
                    limits=limits(preset),
                )


def as_text(lines: Iterator[Residual]) -> str:
    """The table in Markdown."""
    rows = ["| people | zones | policy | recovery (limit) | membership (limit) |", "|---|---|---|---|---|"]
    for line in lines:
        bound = line.limits
        rows.append(
            f"| {line.city.people} | {line.city.zones} | {line.policy} | {line.recovery:+.3f} ({bound['recovery']:.3f})"
            f" | {line.membership:+.3f} ({bound['membership']:.3f}) |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(as_text(measured()) + "\n")
