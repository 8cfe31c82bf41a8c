"""Engine drift: the same rows in another order, on other threads, around the doubled hour and the equator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa
from attack_world import SPEC, START, engine, load, people, released

from disclosure import Spec
from disclosure.attacks import Verdict, run
from disclosure.policies.threshold import Threshold


@dataclass(frozen=True)
class FirstComesFirst(Threshold):
    """Keeps of each cell the first value that the engine meets."""

    def protect(self, con, relation, spec, preset, site):
        made = super().protect(con, relation, spec, preset, site)
        (first,) = con.execute(f"SELECT first(kwh) FROM {relation}").fetchall()[0]
        column = pa.array([first] * made.table.num_rows, pa.float64())
        return replace(made, table=made.table.append_column("first", column))


def test_value_of_whichever_row_comes_first_depends_on_the_engine():
    rows = [(person, zone, at, float(n)) for n, (person, zone, at, _) in enumerate(people("a", 12) + people("b", 15))]
    with engine() as con:
        load(con, rows)
        repaired = released(con)
        assert run("engine-drift", repaired).verdict is Verdict.SURVIVED
        leaking = run("engine-drift", replace(repaired, policy=FirstComesFirst()))
        assert (leaking.broken, leaking.reason) == (True, "depends-on-engine")


def test_negative_coordinates_are_floored_the_same_everywhere():
    spec = Spec(unit="person", zone=("x", "y"), time="ts", timezone="Europe/Ljubljana", count_rows_as="n")
    rows = [(f"p{n}", float(n % 3 - 1), -14.5, START) for n in range(45) for _ in range(2)]
    with engine() as con:
        load(con, rows, ("person", "x", "y", "ts"))
        assert run("engine-drift", released(con, spec)).verdict is Verdict.SURVIVED


def test_large_inputs_are_sampled_and_the_figures_say_so():
    with engine() as con:
        con.execute(
            "CREATE TABLE input AS SELECT 'p' || (i % 300) AS person, 'z' || (i % 3) AS zone, CAST(i % 7 AS DOUBLE)"
            " AS kwh, TIMESTAMPTZ '2026-10-01 06:00:00+00' + to_seconds(i) AS ts FROM range(30000) AS t(i)"
        )
        result = run("engine-drift", released(con, SPEC))
        assert result.verdict is Verdict.SURVIVED
        assert result.figures["most_rows"] == 20_000
