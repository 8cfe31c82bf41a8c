"""Singleton insiders: two contributors who are alone in their cells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from attack_world import HOURLY, SPEC, START, engine, handmade, load, people, released
from attack_world import NAMES as NAMES_OF_METERS

from disclosure import Measure, Spec
from disclosure.attacks import Verdict, run
from disclosure.policies.suppression import Suppression
from disclosure.site import SiteRules

COMPANIES = Spec(unit="company", zone=("zone", "branch"), measures={"kwh": Measure(decimals=0)})
NAMES = ("company", "zone", "branch", "kwh")
CELLS = {"ax": 1, "ay": 12, "bx": 11, "by": 1, "cx": 15, "cy": 14}


def companies():
    return [(f"{cell}{n}", cell[0], cell[1], 40.0 + 7 * n) for cell, number in CELLS.items() for n in range(number)]


def with_totals(withheld):
    """The table with totals; the named cells are withheld."""
    hidden = ", ".join(f"'{cell}'" for cell in withheld)
    return (
        "SELECT coalesce(zone, 'Total') AS zone, coalesce(branch, 'Total') AS branch,"
        f" CASE WHEN coalesce(zone || branch, '') IN ({hidden}) THEN NULL ELSE CAST(sum(kwh) AS DECIMAL(18, 0)) END"
        " AS kwh FROM input GROUP BY CUBE (zone, branch) ORDER BY ALL"
    )


def test_two_cells_of_one_contributor_protect_each_other_only_from_others():
    """Withheld ax and by are alone; ay is hidden with them. Whoever is alone in ax computes what is left."""
    with engine() as con:
        load(con, companies(), NAMES)
        leaking = handmade(con, with_totals(["ax", "ay", "bx", "by"]), COMPANIES, policy=suppression())
        assert run("complementary", leaking).verdict is Verdict.SURVIVED
        assert run("singleton", leaking).broken


def test_third_zone_leaves_the_insider_unsure():
    with engine() as con:
        load(con, companies(), NAMES)
        repaired = handmade(con, with_totals(["ax", "ay", "bx", "by", "cx", "cy"]), COMPANIES, policy=suppression())
        assert run("singleton", repaired).verdict is Verdict.SURVIVED


SITE = SiteRules(p_percent=20, dominance_n=2, dominance_percent=80)


def hourly(large):
    """Ten meters of which one uses a lot, beside ten of a kind."""
    rows = [(f"m{n}", "mill", START, large if n == 0 else 1.0) for n in range(10) for _ in range(2)]
    return rows + people("homes", 10, rows_each=2)


@pytest.mark.parametrize("site", [SITE, SiteRules(dominance_n=1, dominance_percent=60), SiteRules(p_percent=20)])
def test_second_largest_estimates_the_largest_of_a_printed_cell(site):
    with engine() as con:
        load(con, hourly(900.0))
        leaking = handmade(con, HOURLY.format(having="units >= 10"), site=site)
        assert run("singleton", leaking).broken
        repaired = released(con, site=site)
        assert repaired.table.column("zone").to_pylist() == ["homes"]
        assert run("singleton", repaired).verdict is Verdict.SURVIVED
        assert run("singleton", released(con)).reason == "no-rule-of-shares"


def test_holding_is_judged_with_all_its_parts():
    """Ten meters of which six belong to one holding."""
    spec = replace(SPEC, contributor="holding")
    rows = [(f"m{n}", "mill", START, 10.0, "big" if n < 6 else f"h{n}") for n in range(10) for _ in range(2)]
    rows += [(*row, row[0]) for row in people("homes", 10, rows_each=2)]
    with engine() as con:
        load(con, rows, (*NAMES_OF_METERS, "holding"))
        site = SiteRules(dominance_n=1, dominance_percent=50)
        leaking = handmade(con, HOURLY.format(having="units >= 10"), spec=spec, site=site)
        assert run("singleton", leaking).broken
        assert run("singleton", replace(leaking, spec=SPEC)).verdict is Verdict.SURVIVED
        assert run("singleton", released(con, spec, site=site)).verdict is Verdict.SURVIVED


def suppression():
    return Suppression()
