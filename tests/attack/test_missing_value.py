"""Missing values: who has none, and who has no name."""

from __future__ import annotations

import pytest
from attack_world import HOURLY, START, engine, handmade, load, people, released

from disclosure.attacks import Verdict, run


@pytest.mark.parametrize("blank", [None, "", "  ", "\u00a0"])
def test_one_nameless_unit_is_not_counted_for_each_row(blank):
    """Eight people and five nameless rows: nine units, however the nameless are written."""
    rows = people("leak", 8) + [(blank if n else None, "leak", START, 1.0) for n in range(5)] + people("safe", 10)
    with engine() as con:
        load(con, rows)
        leaking = HOURLY.format(having="count(DISTINCT person) + count(*) FILTER (person IS NULL) >= 1")
        assert run("missing-value", handmade(con, leaking)).broken
        assert run("missing-value", released(con)).verdict is Verdict.SURVIVED


def test_one_missing_value_counted_in_n():
    """Ten units, one of which has no reading: the sum is the sum of nine."""
    rows = [*people("leak", 9), ("silent", "leak", START, None), *people("safe", 10)]
    with engine() as con:
        load(con, rows)
        leaking = run("missing-value", handmade(con, HOURLY.format(having="units >= 10")))
        assert (leaking.broken, leaking.reason) == (True, "too-few-with-value")
        assert run("missing-value", released(con)).verdict is Verdict.SURVIVED


def test_people_without_a_place_are_no_row():
    rows = [(f"p{n}", None, START, 1.0) for n in range(12)] + people("safe", 10)
    with engine() as con:
        load(con, rows)
        assert (
            run("missing-value", handmade(con, HOURLY.format(having="units >= 10"))).reason == "missing-key-published"
        )
        assert run("missing-value", released(con)).verdict is Verdict.SURVIVED
