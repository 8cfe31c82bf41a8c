"""Linked tables: city and district, hour and day."""

from __future__ import annotations

from attack_world import HOURLY, START, engine, handmade, load, people, released

from disclosure import Spec
from disclosure.attacks import Verdict, run
from disclosure.policies import policy_class

DISTRICTS = Spec(unit="person", zone="district", time="ts", count_rows_as="rows")
CITIES = Spec(unit="person", zone="city", time="ts", count_rows_as="rows")
NAMES = ("person", "district", "ts", "city")


def residents(small):
    sizes = {"d1": 40, "d2": 30, "d3": small, "e1": 20, "e2": 35}
    cities = {"d": "north", "e": "south"}
    return [(f"{d}-{n}", d, START, cities[d[0]]) for d, size in sizes.items() for n in range(size) for _ in range(2)]


def test_city_less_its_districts_is_the_withheld_district():
    with engine() as con:
        load(con, residents(4), NAMES)
        districts = released(con, DISTRICTS)
        assert districts.table.num_rows == 4
        together = released(con, CITIES, linked=(districts,))
        leaking = run("linked", together)
        assert (leaking.broken, leaking.reason) == (True, "linked-tables-give-away")


def test_city_of_which_every_district_is_shown_tells_nothing_new():
    with engine() as con:
        load(con, residents(14), NAMES)
        districts = released(con, DISTRICTS)
        assert run("linked", released(con, CITIES, linked=(districts,))).verdict is Verdict.SURVIVED


def test_rolled_up_table_shows_both_levels_in_one_release():
    """The repaired twin of the leaking pair: one table whose coarse bins cover what the fine ones leave out."""
    zones = {"d1": "north", "d2": "north", "d3": "north", "e1": "south", "e2": "south"}
    policy = policy_class("rollup").from_public(
        {
            "space": {
                "kind": "zones",
                "of": ["district"],
                "levels": ["district", "city"],
                "parents": {zone: [city] for zone, city in zones.items()},
            },
            "levels": [["district", "PT1H"], ["city", "PT1H"], ["city", "P1D"]],
        }
    )
    with engine() as con:
        load(con, residents(4), NAMES)
        table = released(con, DISTRICTS, policy=policy)
        assert run("rest-bin", table).verdict is Verdict.SURVIVED
        assert run("recount", table).verdict is Verdict.SURVIVED


def test_hours_and_their_day_are_linked():
    rows = people("a", 30) + people("a", 4, start=START.replace(hour=9), prefix="late")
    with engine() as con:
        load(con, rows)
        hours = handmade(con, HOURLY.format(having="units >= 10"))
        day = Spec(**{**_fields(hours.spec), "time_bin": "P1D"})
        leaking = released(con, day, linked=(hours,))
        assert run("linked", leaking).broken
        assert run("linked", released(con, day)).reason == "no-linked-table"


def _fields(spec):
    return {name: getattr(spec, name) for name in spec.__dataclass_fields__}
