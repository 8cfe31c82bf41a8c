"""Rest bins and the remainder of a rolled-up table."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from attack_world import engine
from rollup_world import SPEC, least, load, made, town, trips

from disclosure.attacks import Truth, Verdict, run, target_of

FOUR = least(4)
RIDERS = [f"r{number}" for number in range(60)]
LADDER = (("zone", "PT6H"), ("district", "PT6H"), ("district", "P1D"))


def target(con, rows, policy, table=None):
    result = made(con, rows, policy, FOUR)
    found = target_of(result, SPEC, FOUR, truth=Truth(con=con, relation="input"))
    return found if table is None else replace(found, table=table(found.table))


def test_rest_of_two_open_cells_tells_that_both_are_nonempty():
    """Six riders in two open cells of at most three each: three in either."""
    rows = trips("A0", 1, RIDERS[:3]) + trips("A1", 1, RIDERS[3:6])
    rows += trips("A2", 1, RIDERS[10:20], each=2) + trips("A3", 1, RIDERS[20:30])

    def with_rest(table):
        shown = [row for row in table.to_pylist() if row["level"] == "zone-PT6H"]
        rest = {**shown[0], "level": "district-PT6H", "zone": "A", "units": 6, "trips": 6, "is_rest": True}
        return pa.Table.from_pylist([*shown, {**rest, "subtracted": 2}], schema=table.schema)

    with engine() as con:
        leaking = run("rest-bin", target(con, rows, town(*LADDER), with_rest))
        assert (leaking.broken, leaking.reason) == (True, "open-cell-is-narrow")
        assert run("rest-bin", target(con, rows, town(*LADDER))).verdict is Verdict.SURVIVED


def test_remainder_of_a_few_is_computed_from_the_whole():
    """Three riders are in no bin: whoever knows how many rode that day knows that there were three elsewhere."""
    shown = trips("A0", 1, RIDERS[:20], each=2) + trips("B1", 1, RIDERS[30:50], each=2)
    everybody = shown + trips("B0", 12, RIDERS[20:23])
    with engine() as con:
        few_left_out = target(con, shown, town(*LADDER))
        load(con, everybody)
        leaking = run("rest-bin", few_left_out)
        assert (leaking.broken, leaking.reason) == (True, "remainder-is-small")
        repaired = target(con, everybody, town(*LADDER))
        assert repaired.table.num_rows
        assert run("rest-bin", repaired).verdict is Verdict.SURVIVED


@pytest.mark.parametrize("hour", [1, 9])
def test_members_of_rolled_up_rows_are_read_from_the_finest_bin(hour):
    rows = trips("A0", hour, RIDERS[:8], each=2) + trips("A1", hour, RIDERS[8:10]) + trips("A2", hour, RIDERS[10:16])
    with engine() as con:
        whole = target(con, rows, town())
        assert run("recount", whole).verdict is Verdict.SURVIVED
        raised = replace(whole, preset=least(9))
        assert run("recount", raised).broken
