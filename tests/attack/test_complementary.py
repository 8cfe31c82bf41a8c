"""Complementary cells: what totals give away."""

from __future__ import annotations

from attack_world import printed

from disclosure import Spec
from disclosure.attacks import Verdict, run

TABLE = Spec(unit="person", zone=("zone", "kind"))
NAMES = ("zone", "kind", "units")


def table(**cells):
    """Two zones by three kinds with totals; the named cells are withheld."""
    counts = {"ax": 40, "ay": 3, "az": 25, "bx": 31, "by": 22, "bz": 5, "cx": 4, "cy": 18, "cz": 2}
    rows = [(key[0], key[1], None if key in cells["withheld"] else n) for key, n in counts.items()]
    rows += [(zone, "Total", sum(n for key, n in counts.items() if key[0] == zone)) for zone in "abc"]
    rows += [("Total", kind, sum(n for key, n in counts.items() if key[1] == kind)) for kind in "xyz"]
    return printed([*rows, ("Total", "Total", sum(counts.values()))], NAMES, TABLE)


def test_one_withheld_cell_in_a_row_is_a_subtraction():
    leaking = run("complementary", table(withheld=("ay",)))
    assert (leaking.broken, leaking.reason) == (True, "withheld-can-be-computed")


def test_small_cells_that_only_hide_one_another_are_computed_to_a_few():
    """Each row and column has two gaps, but small ones: the intervals are narrower than 0 to k-1."""
    assert run("complementary", table(withheld=("ay", "az", "cy", "cz", "bz", "by"))).verdict is Verdict.SURVIVED
    counts = {"ax": 40, "ay": 3, "bx": 2, "by": 5}
    rows = [(key[0], key[1], None) for key in counts]
    rows += [("a", "Total", 43), ("b", "Total", 7), ("Total", "x", 42), ("Total", "y", 8), ("Total", "Total", 50)]
    narrow = run("complementary", printed(rows, NAMES, TABLE))
    assert narrow.broken


def test_table_whose_figures_do_not_add_up_gives_no_equations():
    rows = [("a", "x", None), ("a", "y", 30), ("a", "Total", 25)]
    assert run("complementary", printed(rows, NAMES, TABLE)).reason == "figures-do-not-add-up"


def test_table_without_totals_is_not_attacked():
    assert run("complementary", printed([("a", "x", 30)], NAMES, TABLE)).reason == "table-without-totals"
