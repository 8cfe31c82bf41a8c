"""A correction through the whole way: inputs in, verdict out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from history_world import PRESET, SPEC, load, meters

from disclosure import Measure, safe_correction
from disclosure.changes import Reason
from disclosure.site import SiteRules


def judge(con, old, new, spec=SPEC, **options):
    zones = spec.zones
    return safe_correction(con, load(con, "old", old, zones), load(con, "new", new, zones), spec, PRESET, **options)


def test_movers_do_not_hide_a_corrected_reading(con):
    """Twelve meters move from a to b, one reading in b is corrected: in a ∪ b it stands alone."""
    movers = meters("a", 12, first=100)
    moved = [(unit, "b", hour, kwh) for unit, _, hour, kwh in movers]
    stay = meters("a", 20) + meters("b", 20, first=50)
    assert judge(con, stay + movers, stay + moved).safe
    corrected = [(unit, zone, hour, 9.0 if unit == "m050" and hour == 0 else kwh) for unit, zone, hour, kwh in stay]
    assert judge(con, stay + movers, corrected + moved).reason is Reason.TOO_FEW_UNITS_CHANGED


def test_each_figure_is_judged_by_itself(con):
    """All rows double, the kWh of one meter change: the number of readings does not hide the kWh."""
    spec = replace(SPEC, count_rows_as="readings")
    old = meters("a", 20, kwh=2.0)
    new = meters("a", 20) + meters("a", 20)
    assert judge(con, old, new, spec).safe
    assert judge(con, old, [*new[:-1], ("m019", "a", 1, 2.0)], spec).reason is Reason.TOO_FEW_UNITS_CHANGED


def test_change_that_one_unit_dominates_is_unsafe_under_the_rules_of_the_house(con):
    """The cells themselves are mixed well enough; of what changed, one meter holds nearly all."""
    old = meters("a", 30, kwh=50.0)
    new = [*meters("a", 29, kwh=50.1), *meters("a", 1, first=29, kwh=90.0)]
    assert judge(con, old, new).safe
    assert judge(con, old, new, site=SiteRules(p_percent=10)).reason is Reason.CHANGE_DOMINATED


def test_every_privacy_unit_must_pass(con):
    """Twenty meters change, but they belong to four customers."""
    for name, kwh in (("old", 1), ("new", 2)):
        con.execute(
            f"CREATE OR REPLACE TABLE {name} AS SELECT 'm' || i AS meter, 'a' AS zone,"
            " 'c' || (i % 4 + 20 * (i // 20)) AS customer,"
            " TIMESTAMPTZ '2026-10-01 06:00:00+00' + INTERVAL (h) HOURS AS ts,"
            f" CASE WHEN i < 20 THEN {kwh} ELSE 1 END AS kwh FROM range(200) t(i), range(2) u(h)"
        )
    assert safe_correction(con, "old", "new", SPEC, PRESET).safe
    both = replace(SPEC, also_units=("customer",))
    assert safe_correction(con, "old", "new", both, PRESET).reason is Reason.TOO_FEW_UNITS_CHANGED


def test_a_mean_that_changes_by_one_more_value_is_unsafe(con):
    spec = replace(SPEC, measures={"kwh": Measure(kind="mean", decimals=3)})
    old = [*meters("a", 20, kwh=2.0), ("m000", "a", 0, None)]
    new = [*meters("a", 20, kwh=2.0), ("m000", "a", 0, 0.0)]
    assert judge(con, old, new, spec).reason is Reason.TOO_FEW_UNITS_CHANGED


def test_a_cell_that_vanishes_through_many_changes_is_judged_by_them(con):
    stay = meters("b", 20, first=500)
    assert judge(con, meters("a", 30) + stay, meters("a", 3) + stay).safe
    assert judge(con, meters("a", 12) + stay, meters("a", 9) + stay).reason is Reason.PATTERN_DIFFERS


@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_stays_in_the_database(con, threads):
    judge(con, meters("a", 20), meters("a", 20, kwh=2.0))
    left = con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    assert left == []
    assert con.execute("SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal").fetchall() == []
