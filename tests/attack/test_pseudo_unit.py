"""Pseudo-units: a row number, a number for each day, spellings."""

from __future__ import annotations

from datetime import timedelta

from attack_world import HOURLY, START, engine, handmade, load, people, released

from disclosure.attacks import Verdict, run


def by_days(name):
    return [
        (name(person, day), "a", START + timedelta(days=day, minutes=person + 5 * n), 1.0)
        for day in range(4)
        for person in range(15)
        for n in range(3)
    ]


def test_row_number_is_no_unit():
    trips = [(f"trip-{n}", "a", START + timedelta(seconds=n), 1.0) for n in range(60)]
    riders = [(f"rider-{n % 20}", "a", START + timedelta(seconds=n), 1.0) for n in range(60)]
    with engine() as con:
        load(con, trips)
        assert run("pseudo-unit", handmade(con, HOURLY.format(having="units >= 10"))).reason == "unit-is-a-row-number"
        load(con, riders)
        assert run("pseudo-unit", released(con)).verdict is Verdict.SURVIVED


def test_number_that_is_drawn_anew_each_day_is_no_unit():
    with engine() as con:
        load(con, by_days(lambda person, day: f"{day}-{person}"))
        leaking = run("pseudo-unit", handmade(con, HOURLY.format(having="units >= 10")))
        assert leaking.reason == "unit-is-drawn-anew-each-day"
        load(con, by_days(lambda person, day: f"{person}"))
        assert run("pseudo-unit", released(con)).verdict is Verdict.SURVIVED


def test_spellings_of_one_unit_are_one_unit():
    spelled = [(text, "leak", START, 1.0) for text in ("leak0", "LEAK0", " leak0", "Leak0 ")]
    rows = people("leak", 9) + spelled + people("safe", 10)
    with engine() as con:
        load(con, rows)
        leaking = run("pseudo-unit", handmade(con, HOURLY.format(having="units >= 10")))
        assert leaking.reason == "unit-is-spelled-differently"
        assert run("pseudo-unit", released(con)).verdict is Verdict.SURVIVED
