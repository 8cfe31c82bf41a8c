"""A small town for roll-ups: eight zones in two districts, a day of hours, and rules with a small least number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from disclosure.policies.rollup import Rollup, ladder
from disclosure.presets import Preset, load_preset
from disclosure.protect import protect
from disclosure.protected import Protected
from disclosure.rollup.calendar import Covers
from disclosure.site import NO_SITE, SiteRules
from disclosure.space import Zones
from disclosure.spec import Measure, Spec

MIDNIGHT = datetime(2026, 9, 30, 22, tzinfo=UTC)  # 1 October 2026 in Ljubljana
TREE = {f"{district}{number}": (district,) for district in "AB" for number in range(4)}
SPEC = Spec(unit="rider", zone="zone", time="start", timezone="Europe/Ljubljana", count_rows_as="trips")
WITH_KM = replace(SPEC, measures={"km": Measure(decimals=1, unit="km")})
DAY = Covers(first=date(2026, 10, 1), last=date(2026, 10, 1))
Row = tuple[Any, Any, Any, Any]


def town(*levels: Sequence[str], **parameters: Any) -> Rollup:
    """The policy over the town; the whole day when no levels are given."""
    chosen = levels or (("zone", "PT1H"), ("zone", "PT6H"), ("district", "PT6H"), ("district", "P1D"), ("all", "all"))
    space = Zones(
        of=("zone",), levels=("zone", "district"), parents=TREE, impossible=parameters.pop("impossible", frozenset())
    )
    return Rollup(space=space, levels=ladder(*chosen), **{"covers": DAY, "max_share_percent": 100, **parameters})


def least(units: int) -> Preset:
    """The house rule with a small number, which no real preset may have."""
    house = load_preset("house-personal")
    small = replace(house.parameters["min_units"], value=units, law=units)
    return replace(house, parameters={**house.parameters, "min_units": small})


def at(hour: float) -> datetime:
    """A moment of the day, on the local clock."""
    return MIDNIGHT + timedelta(hours=hour)


def trips(zone: str | None, hour: float, riders: Iterable[Any], each: int = 1, km: float | None = 1.0) -> list[Row]:
    """Trips of some riders in one zone and hour."""
    return [(rider, zone, at(hour) + timedelta(minutes=n % 60), km) for rider in riders for n in range(each)]


def load(con: duckdb.DuckDBPyConnection, rows: Sequence[Row], name: str = "input") -> None:
    """Put rows into a table."""
    kinds = (pa.string(), pa.string(), pa.timestamp("us", "UTC"), pa.float64())
    names = ("rider", "zone", "start", "km")
    con.register(
        "rows_in", pa.table({each: pa.array([row[i] for row in rows], kinds[i]) for i, each in enumerate(names)})
    )
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM rows_in")
    con.unregister("rows_in")


def made(
    con: duckdb.DuckDBPyConnection,
    rows: Sequence[Row],
    policy: Rollup,
    preset: Preset,
    spec: Spec = SPEC,
    site: SiteRules = NO_SITE,
) -> Protected:
    """Protect, and let the gate's recount look at every result that a test looks at."""
    load(con, rows)
    result = protect(con, "input", spec, preset, policy, site)
    policy.recount(con, "input", result, spec, preset, site)
    return result


def short(result: Protected) -> list[tuple[Any, ...]]:
    """Level, zone, local hour of the start, units, trips, parts subtracted: what most tests compare."""
    return [
        (
            row["level"],
            row["zone"],
            int((row["period_start"] - MIDNIGHT) / timedelta(hours=1)),
            row["units"],
            row["trips"],
            row["subtracted"],
        )
        for row in result.table.to_pylist()
    ]
