"""Linkage: who is known from one to four points."""

from __future__ import annotations

from attack_world import START, engine, handmade, load, released

from disclosure import Spec
from disclosure.attacks import Verdict, run

HOME_WORK = Spec(unit="person", zone=("home", "work"), time="ts", time_bin="P1D", count_rows_as="trips")


def commuters():
    common = [(f"c{n}-{home}", home, "center", START) for home in "abc" for n in range(12) for _ in range(2)]
    return [*common, ("rare", "a", "hill", START)]


def test_raw_pair_of_home_and_work_is_a_person():
    by_hand = (
        "SELECT home, work, date_trunc('day', ts) AS period_start, count(DISTINCT person) AS units,"
        " count(*) AS trips FROM input GROUP BY ALL"
    )
    with engine() as con:
        load(con, commuters(), ("person", "home", "work", "ts"))
        leaking = run("linkage", handmade(con, by_hand, HOME_WORK))
        assert (leaking.broken, leaking.reason, leaking.findings) == (True, "match-above-one-in-k", ("RARE",))
        repaired = run("linkage", released(con, HOME_WORK))
        assert repaired.verdict is Verdict.SURVIVED
        assert repaired.figures["seeds"] == 20
