"""Re-count: the people behind each published row, counted by the attacker."""

from __future__ import annotations

from datetime import timedelta

from attack_world import HOURLY, PRESET, SPEC, START, engine, handmade, load, people, released
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure import Spec, load_preset
from disclosure.attacks import Verdict, run


def test_nine_units_with_thirty_rows_are_nine_units():
    with engine() as con:
        load(con, people("leak", 9, rows_each=30) + people("safe", 10))
        assert run("recount", handmade(con, HOURLY.format(having="count(*) >= 10"))).reason == "too-few-units"
        repaired = released(con)
        assert run("recount", repaired).verdict is Verdict.SURVIVED
        assert repaired.table.column("zone").to_pylist() == ["safe"]


def test_every_privacy_unit_has_to_pass():
    """Ten guests of one host: the second unit is one person."""
    spec = Spec(unit="person", also_units=("host",), zone="zone", time="ts", count_rows_as="rows")
    rows = [(f"g{n}", "h", "leak", START) for n in range(12)] + [(f"s{n}", f"h{n}", "safe", START) for n in range(12)]
    rows *= 2
    with engine() as con:
        load(con, rows, ("person", "host", "zone", "ts"))
        table = HOURLY.replace(", CAST(sum(kwh) AS DECIMAL(18, 1)) AS kwh", "").format(having="units >= 10")
        assert run("recount", handmade(con, table, spec)).broken
        assert run("recount", released(con, spec)).verdict is Verdict.SURVIVED


def test_rotating_vehicles_are_counted_at_once():
    spec = Spec(unit="vehicle", zone="zone", time="ts", presence="simultaneous", count_rows_as="vehicles")
    preset = load_preset("gbfs-free-floating")
    moments = [START.replace(minute=m) for m in range(0, 60, 5)]
    rows = [(f"v{m}-{v}", "leak", at) for m, at in enumerate(moments) for v in range(2)]
    rows += [(f"w{m}-{v}", "safe", at) for m, at in enumerate(moments) for v in range(10)]
    with engine() as con:
        load(con, rows, ("vehicle", "zone", "ts"))
        by_hand = (
            "SELECT zone, date_trunc('hour', ts) AS period_start, count(DISTINCT vehicle) AS units,"
            " CAST(2 AS DECIMAL(18, 1)) AS vehicles FROM input GROUP BY ALL"
        )
        assert run("recount", handmade(con, by_hand, spec, preset)).broken
        assert run("recount", released(con, spec, preset)).verdict is Verdict.SURVIVED


def test_local_days_of_twenty_five_hours_are_counted_whole():
    spec = Spec(unit="person", zone="zone", time="ts", time_bin="P1D", timezone="Europe/Ljubljana", count_rows_as="n")
    night = [START.replace(day=24, hour=22 + h % 2) for h in range(2)]
    rows = [(f"p{n}", "a", night[n % 2]) for n in range(10) for _ in range(2)]
    with engine() as con:
        load(con, rows, ("person", "zone", "ts"))
        assert run("recount", released(con, spec)).verdict is Verdict.SURVIVED


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 3), st.integers(0, 200)), max_size=120))
def test_whatever_the_policy_prints_survives(draws):
    rows = [(None if p == 25 else f"p{p}", f"z{z}", START + timedelta(minutes=m), 1.0) for p, z, m in draws]
    rows += people("z0", PRESET.min_units + 1)
    with engine() as con:
        load(con, rows)
        target = released(con, SPEC)
        assert run("recount", target).verdict is Verdict.SURVIVED
        assert run("missing-value", target).verdict is Verdict.SURVIVED
