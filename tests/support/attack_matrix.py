"""Every attack against a real release of every policy, as a table that has no empty entry.

Each release is made from a small synthetic input by the package, let through by its gate, written as a folder, and
read from there as its attackers find it; the input is given to the attacks as well, so that they run in full.
`python tests/support/attack_matrix.py` prints the table; tests and the evidence use the same functions.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from attack_world import load, open_engine

from disclosure import Measure, Spec, gate, load_preset, messages, protect, release
from disclosure.attacks import ATTACKS, Result, Target, Truth, Verdict, from_folder, run_all
from disclosure.policies import policy_class
from disclosure.policies.base import Policy
from disclosure.policies.threshold import Threshold
from disclosure.site import SiteRules

SEED = 20260101
START = datetime(2026, 9, 30, 22, tzinfo=UTC)
SITE = SiteRules(p_percent=10, dominance_n=2, dominance_percent=85, key=b"a key of a site that is for tests")
ZONES = {f"{district}{number}": district for district in ("north", "south") for number in range(4)}
NAMES = ("person", "zone", "district", "ts", "kwh")
TRIPS = Spec(
    unit="person",
    zone="zone",
    time="ts",
    timezone="Europe/Ljubljana",
    measures={"kwh": Measure(decimals=0, unit="kWh")},
    count_rows_as="trips",
)


def trips() -> list[tuple[Any, ...]]:
    """Two days of a town: zones of unlike size, habits and odd hours, one person without a name."""
    choice = random.Random(SEED)
    places, rows = list(ZONES), []
    for person in range(260):
        home = places[min(person // 28, 7) if person < 224 else choice.randrange(8)]
        for day in range(2):
            for _ in range(choice.randrange(1, 5)):
                zone = home if choice.random() < 0.8 else choice.choice(places)
                hour = choice.choice((7, 8, 8, 12, 17, 17, 18, 22))
                at = START + timedelta(days=day, hours=hour, minutes=choice.randrange(60))
                rows.append((None if person == 7 else f"p{person}", zone, ZONES[zone], at, choice.uniform(1, 20)))
    return rows


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A policy under attack: how it is called in the table, and what its release is made from."""

    name: str
    spec: Spec
    policy: Callable[[], Policy]
    preset: str = "house-personal"
    rows: Callable[[], list[tuple[Any, ...]]] = trips
    names: tuple[str, ...] = NAMES
    linked: Spec | None = None
    """What else is published of the same input, by the same policy."""


def vehicles() -> list[tuple[Any, ...]]:
    """Snapshots of vehicles whose identifiers rotate with each snapshot."""
    choice = random.Random(SEED)
    return [
        (f"v{choice.getrandbits(60):x}", zone, START + timedelta(minutes=10 * snapshot))
        for snapshot in range(18)
        for zone, number in (("center", 14), ("hill", 3), ("station", 22))
        for _ in range(number + choice.randrange(4))
    ]


def docks() -> list[tuple[Any, ...]]:
    """Bikes at docks, behind which there is nobody."""
    choice = random.Random(SEED)
    return [
        (dock, START + timedelta(minutes=10 * snapshot), float(choice.randrange(1, 12)))
        for snapshot in range(18)
        for dock in ("d1", "d2", "d3")
    ]


def companies() -> list[tuple[Any, ...]]:
    """Companies by district and branch: some cells of one company, some that one company dominates."""
    choice = random.Random(SEED)
    sizes = {"A": (9, 6, 1, 7), "B": (8, 2, 6, 9), "C": (7, 8, 9, 1), "D": (1, 9, 8, 6)}
    return [
        (f"{district}{branch}{each}", district, branch, float(choice.randrange(50, 400)))
        for district, numbers in sizes.items()
        for branch, number in zip(("wood", "food", "metal", "trade"), numbers, strict=True)
        for each in range(number)
    ]


def areas() -> list[tuple[Any, ...]]:
    """Companies by area within a region."""
    return [(company, f"{district}-{branch}", district, kwh) for company, district, branch, kwh in companies()]


def survey() -> list[tuple[Any, ...]]:
    """One record for each person, with missing answers."""
    choice = random.Random(SEED)
    return [
        (
            f"p{person}",
            None if person % 40 == 0 else str(choice.randrange(18, 90)),
            choice.choice(("north", "south", "east")),
            choice.choices(("none", "mild", "strong"), (5, 3, 2))[0],
        )
        for person in range(240)
    ]


def _recode() -> Policy:
    from disclosure.policies.recode import Recode
    from disclosure.recoding.hierarchy import Hierarchy

    ages = Hierarchy.of_intervals("age", 0, 99, (10, 50))
    towns = Hierarchy("town", tuple((town, "*") for town in ("east", "north", "south")))
    return Recode(hierarchies={"age": ages, "town": towns}, distinct_l=2, t=Decimal("0.3"), one_record_per_unit=True)


def _rollup() -> Policy:
    from disclosure.policies.rollup import Rollup, ladder
    from disclosure.rollup.calendar import Covers
    from disclosure.space import Zones

    parents = {zone: (district,) for zone, district in ZONES.items()}
    steps = (("zone", "PT1H"), ("zone", "PT6H"), ("district", "PT6H"), ("district", "P1D"), ("all", "P1D"))
    return Rollup(
        space=Zones(of=("zone",), levels=("zone", "district"), parents=parents),
        levels=ladder(*steps),
        covers=Covers(first=date(2026, 10, 1), last=date(2026, 10, 2)),
    )


def _dp() -> Policy:
    from disclosure.policies.dp import DifferentialPrivacy
    from disclosure.privacy_budget.bounds import Bounds
    from disclosure.privacy_budget.sqlite_store import SqliteStore

    return DifferentialPrivacy(
        delivery="matrix",
        rho=Decimal("0.5"),
        rho_total=Decimal(1),
        bounds=Bounds(
            zones=tuple((zone,) for zone in ZONES),
            start=START,
            end=START + timedelta(days=2),
            max_cells=6,
            max_rows=2,
            measures={"kwh": (Decimal(0), Decimal(20))},
        ),
        window_start=datetime(2026, 1, 1, tzinfo=UTC),
        window_end=datetime(2027, 1, 1, tzinfo=UTC),
    ).with_store(SqliteStore(Path(tempfile.mkdtemp(prefix="attack-budget-")) / "budget.sqlite"))


def _of(slug: str, **parameters: Any) -> Callable[[], Policy]:
    return lambda: policy_class(slug)(**parameters)


BIKES = {"bikes": Measure(kind="mean", decimals=1)}
DOCKS = Spec(unit=None, zone="dock", time="ts", presence="none", measures=BIKES)
COMPANIES = Spec(unit="company", zone=("district", "branch"), measures={"kwh": Measure(decimals=0, unit="kWh")})
SURVEY = Spec(unit="person", quasi=("age", "town"), sensitive=("illness",))
ENTRIES: tuple[Entry, ...] = (
    Entry(name="threshold", spec=TRIPS, policy=Threshold),
    Entry(
        name="threshold, at once",
        spec=Spec(unit="vehicle", zone="zone", time="ts", presence="simultaneous", count_rows_as="vehicles"),
        policy=Threshold,
        preset="gbfs-free-floating",
        rows=vehicles,
        names=("vehicle", "zone", "ts"),
    ),
    Entry(
        name="threshold, no unit",
        spec=Spec(
            unit=None, zone="dock", time="ts", presence="none", measures={"bikes": Measure(kind="mean", decimals=1)}
        ),
        policy=Threshold,
        preset="gbfs-docked-stations",
        rows=docks,
        names=("dock", "ts", "bikes"),
    ),
    Entry(name="rollup", spec=TRIPS, policy=_rollup),
    Entry(
        name="magnitude",
        spec=Spec(unit="company", zone=("area", "region"), measures={"kwh": Measure(decimals=0, unit="kWh")}),
        policy=_of("magnitude", area="area", groups=("region",)),
        preset="house-business",
        rows=areas,
        names=("company", "area", "region", "kwh"),
    ),
    Entry(
        name="suppression",
        spec=COMPANIES,
        policy=_of("suppression"),
        preset="house-business",
        rows=companies,
        names=("company", "district", "branch", "kwh"),
        linked=replace(COMPANIES, zone=("district",)),
    ),
    Entry(name="cell-key", spec=TRIPS, policy=_of("cell-key")),
    Entry(name="dp", spec=TRIPS, policy=_dp),
    Entry(name="recode", spec=SURVEY, policy=_recode, rows=survey, names=("person", "age", "town", "illness")),
)


def target_of_entry(entry: Entry) -> Target:
    """The release of an entry, through protect, gate and folder."""
    con = open_engine()
    load(con, entry.rows(), entry.names)
    linked = (_published(con, entry, entry.linked),) if entry.linked else ()
    return _published(con, entry, entry.spec, linked)


def _published(con: duckdb.DuckDBPyConnection, entry: Entry, spec: Spec, linked: tuple[Target, ...] = ()) -> Target:
    preset, policy = load_preset(entry.preset), entry.policy()
    made = protect(con, "input", spec, preset, policy, SITE)
    cleared = gate(con, "input", made, spec, preset, SITE, linked=linked)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "release"
        release.write(path, cleared, spec, preset, release_id=entry.name, input_hmac="0" * 64, extra={})
        found = from_folder(path, site=SITE, truth=Truth(con=con, relation="input"))
    # What is no public parameter (the store of a budget) is not in the folder, and other releases are in their own.
    return replace(found, policy=policy, linked=linked)


@cache
def matrix() -> Mapping[str, tuple[Result, ...]]:
    """All results, one row for each policy."""
    return {entry.name: run_all(target_of_entry(entry), seed=SEED) for entry in ENTRIES}


_SIGNS = {Verdict.SURVIVED: "+", Verdict.BROKEN: "BROKEN", Verdict.NOT_APPLICABLE: "."}


def matrix_text(lang: str = "en") -> str:
    """The table: one line for each attack, one column for each policy; below it why an attack does not apply."""
    results = matrix()
    width = max(map(len, ATTACKS)) + 1
    columns = [name.replace("threshold, ", "thr. ") for name in results]
    lines = ["".ljust(width) + "  ".join(columns)]
    notes: dict[str, int] = {}
    for place, slug in enumerate(ATTACKS):
        cells = [_cell(row[place], notes) for row in results.values()]
        padded = "  ".join(cell.ljust(len(name)) for cell, name in zip(cells, columns, strict=True))
        lines.append(slug.ljust(width) + padded.rstrip())
    lines += ["", "+ survived   BROKEN the attack succeeded   (n) not applicable, because"]
    lines += [f"({number}) {reason}: {messages.text(reason, {}, lang)}" for reason, number in notes.items()]
    return "\n".join(lines)


def _cell(result: Result, notes: dict[str, int]) -> str:
    if result.verdict is not Verdict.NOT_APPLICABLE:
        return _SIGNS[result.verdict]
    return f"({notes.setdefault(str(result.reason), len(notes) + 1)})"


def entries() -> Iterator[tuple[str, str, Result]]:
    """Every entry of the table: policy, attack, result."""
    for policy, row in matrix().items():
        for result in row:
            yield policy, result.attack, result


if __name__ == "__main__":
    print(matrix_text())
    sys.exit(any(result.broken for _, _, result in entries()))
