"""Reconstruction: a census block from its printed margins."""

from __future__ import annotations

from dataclasses import replace

from attack_world import engine, handmade, load

from disclosure import Spec
from disclosure.attacks import Verdict, run

NAMES = ("person", "sex", "age", "origin")
PAIRS = (("sex", "age"), ("age", "origin"), ("sex", "origin"))


def block():
    """Seven people of whom the three two-way tables leave one possibility."""
    cells = {("f", "young", "a"): 2, ("m", "young", "b"): 3, ("m", "old", "a"): 1, ("m", "young", "a"): 1}
    return [(f"{sex}{age}{origin}{n}", sex, age, origin) for (sex, age, origin), c in cells.items() for n in range(c)]


def crowd():
    """Every combination holds many: the same margins come from many tables."""
    cells = [(sex, age, origin) for sex in "fm" for age in ("young", "old", "mid") for origin in "abc"]
    return [(f"{i}-{n}", *cell) for i, cell in enumerate(cells) for n in range(10 + i)]


def two_way(con, pair):
    spec = Spec(unit="person", zone=pair, count_rows_as="people")
    one, two = pair
    # A statistical office prints zeros as well.
    sql = (
        f"WITH labels AS (SELECT * FROM (SELECT DISTINCT {one} FROM input), (SELECT DISTINCT {two} FROM input)),"
        f" counts AS (SELECT {one}, {two}, count(*) AS n FROM input GROUP BY ALL) SELECT {one}, {two},"
        f" coalesce(n, 0) AS units, coalesce(n, 0) AS people FROM labels LEFT JOIN counts USING ({one}, {two})"
    )
    return handmade(con, sql, spec)


def published(con):
    first, *others = (two_way(con, pair) for pair in PAIRS)
    return replace(first, linked=tuple(others))


def test_census_block_is_put_together_from_its_margins():
    with engine() as con:
        load(con, block(), NAMES)
        leaking = run("reconstruction", published(con))
        assert (leaking.broken, leaking.reason) == (True, "only-one-table-fits")


def test_margins_of_many_people_fit_many_tables():
    with engine() as con:
        load(con, crowd(), NAMES)
        repaired = run("reconstruction", published(con))
        assert repaired.verdict is Verdict.SURVIVED
        assert repaired.figures["seeds"] == 20
