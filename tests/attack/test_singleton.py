"""Singleton insiders: two contributors who are alone in their cells."""

from __future__ import annotations

from attack_world import engine, handmade, load

from disclosure import Measure, Spec
from disclosure.attacks import Verdict, run
from disclosure.policies.suppression import Suppression

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


def suppression():
    return Suppression()
