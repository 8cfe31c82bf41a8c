"""A correction is published only where the change itself rests on nobody or on enough units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from disclosure import Measure, Spec, load_preset, safe_correction
from disclosure.changes import Reason
from disclosure.engine import connect

PRESET = load_preset("house-personal")
SPEC = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(decimals=2)})
START = datetime(2026, 10, 1, 6, tzinfo=UTC)


@pytest.fixture
def con(tmp_path):
    with connect(tmp_path, "500MB") as connection:
        yield connection


def rows(meters=24, *, hours=2, changed=(), hour=0):
    """Meters of one zone; those in `changed` differ in one hour."""
    return [
        (f"m{m:02}", "a", START + timedelta(hours=h), 1.0 + (0.5 if m in changed and h == hour else 0.0))
        for m in range(meters)
        for h in range(hours)
    ]


def judge(con, old, new, spec=SPEC, preset=PRESET, columns=("meter", "zone", "ts", "kwh")):
    for name, content in (("old", old), ("new", new)):
        con.register("rows_in", pa.table({column: [row[i] for row in content] for i, column in enumerate(columns)}))
        con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM rows_in")
        con.unregister("rows_in")
    change = safe_correction(con, "old", "new", spec, preset)
    return change.safe, change.reason


def test_same_data_in_another_order_changes_nothing(con):
    assert judge(con, rows(), rows()[::-1]) == (True, Reason.UNCHANGED)


@pytest.mark.parametrize("count", [1, 9])
def test_change_of_fewer_units_than_the_minimum_is_unsafe(con, count):
    assert judge(con, rows(), rows(changed=range(count))) == (False, Reason.TOO_FEW_UNITS_CHANGED)


@pytest.mark.parametrize("count", [10, 24])
def test_change_of_enough_units_is_safe(con, count):
    assert judge(con, rows(), rows(changed=range(count))) == (True, Reason.ENOUGH_UNITS_CHANGED)


def test_every_cell_is_judged_by_itself(con):
    new = rows(changed=range(12))
    new = [(m, z, t, v + 0.25 if m == "m00" and t > START else v) for m, z, t, v in new]
    assert judge(con, rows(), new) == (False, Reason.TOO_FEW_UNITS_CHANGED)


def test_unit_that_leaves_or_joins_is_a_change(con):
    assert judge(con, rows(24), rows(23)) == (False, Reason.TOO_FEW_UNITS_CHANGED)
    assert judge(con, rows(24), rows(36)) == (True, Reason.ENOUGH_UNITS_CHANGED)


def test_cell_that_appears_or_vanishes_makes_the_correction_unsafe(con):
    assert judge(con, rows(10), rows(9)) == (False, Reason.PATTERN_DIFFERS)
    assert judge(con, rows(9), rows(10)) == (False, Reason.PATTERN_DIFFERS)


def test_missing_units_are_one_unit_however_many_rows_change(con):
    old = [*rows(), *((None, "a", START, 1.0) for _ in range(30))]
    new = [*rows(), *((None, "a", START, 2.0) for _ in range(30))]
    assert judge(con, old, new) == (False, Reason.TOO_FEW_UNITS_CHANGED)


def test_data_without_units_may_always_be_corrected(con):
    spec = Spec(unit=None, zone="station", time="ts", presence="none", measures={"bikes": Measure(kind="mean")})
    preset = load_preset("gbfs-docked-stations")
    answer = judge(con, [("s", START, 3)], [("s", START, 4)], spec, preset, ("station", "ts", "bikes"))
    assert answer == (True, Reason.NO_UNIT)


def test_vehicles_are_judged_snapshot_by_snapshot(con):
    """Ten identifiers that change over an hour are not ten vehicles that change at once."""
    spec = Spec(unit="vehicle", zone="zone", time="ts", presence="simultaneous", count_rows_as="vehicles")
    old = [(f"v{s}-{v}", "a", START + timedelta(minutes=5 * s)) for s in range(10) for v in range(20)]
    new = [row for row in old if not row[0].endswith("-0")]
    answer = judge(con, old, new, spec, load_preset("gbfs-free-floating"), ("vehicle", "zone", "ts"))
    assert answer == (False, Reason.TOO_FEW_UNITS_CHANGED)
