"""The attacker's conclusions from additive figures, against enumeration and hand-solved tables."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.attacks.system import ContradictionError, Interval, LinearSystem


def table_system(rows, columns, *, names=None, integer=True):
    """Unknown inner cells of a table with both margins published."""
    system = LinearSystem(integer=integer)
    for i, j in itertools.product(range(len(rows)), range(len(columns))):
        system.unknown((i, j))
    for i, total in enumerate(rows):
        system.equal({(i, j): 1 for j in range(len(columns))}, total)
    for j, total in enumerate(columns):
        system.equal({(i, j): 1 for i in range(len(rows))}, total)
    return system


def test_one_gap_in_a_row_is_a_subtraction():
    system = LinearSystem()
    for name, value in (("a", 40), ("b", 17)):
        system.unknown(name, value, value)
    system.unknown("gap")
    system.equal({"a": 1, "b": 1, "gap": 1}, 61)
    assert system.substituted()["gap"] == 4
    assert system.intervals(["gap"]) == {"gap": Interval(4, 4)}


def test_substitution_goes_on_while_anything_new_follows():
    system = LinearSystem()
    for name in "xyz":
        system.unknown(name)
    system.equal({"x": 1}, 3)
    system.equal({"x": 1, "y": 1}, 5)
    system.equal({"y": 1, "z": 2}, 10)
    assert system.substituted() == {"x": 3, "y": 2, "z": 4}


@given(cells=st.lists(st.integers(0, 6), min_size=4, max_size=4))
def test_interval_of_a_two_by_two_table_is_the_one_of_frechet(cells):
    a, b, c, d = cells
    found = table_system([a + b, c + d], [a + c, b + d]).intervals([(0, 0)])[0, 0]
    assert found == Interval(max(0, (a + b) - (b + d)), min(a + b, a + c))


@settings(max_examples=25, deadline=None)
@given(cells=st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_narrow_finds_what_enumeration_finds(cells):
    rows = [sum(cells[:3]), sum(cells[3:])]
    columns = [cells[j] + cells[j + 3] for j in range(3)]
    solutions = [
        first
        for first in itertools.product(range(rows[0] + 1), repeat=3)
        if sum(first) == rows[0] and all(columns[j] - first[j] >= 0 for j in range(3))
    ]
    needed = {(0, j): (0, 2) for j in range(3)}
    narrow = table_system(rows, columns).narrow(needed)
    for j in range(3):
        low, high = min(s[j] for s in solutions), max(s[j] for s in solutions)
        assert ((0, j) in narrow) == (low > 0 or high < 2)
        if (0, j) in narrow:
            assert narrow[0, j] == Interval(low, high)


def test_whole_numbers_narrow_what_fractions_leave_open():
    system = LinearSystem()
    system.unknown("x")
    system.unknown("y")
    system.equal({"x": 2, "y": 2}, 6)
    system.equal({"x": 1}, 1.5, slack=0.6)
    assert system.intervals(["x"])["x"] == Interval(1, 2)


def test_nothing_known_bounds_nothing_from_above():
    system = LinearSystem()
    system.unknown("x")
    system.unknown("y")
    system.equal({"x": 1, "y": -1}, 0)
    assert system.intervals(["x"])["x"] == Interval(0, float("inf"))


def test_figures_that_contradict_each_other_are_no_knowledge():
    system = LinearSystem()
    system.unknown("x", 0, 3)
    system.equal({"x": 1}, 7)
    with pytest.raises(ContradictionError):
        system.narrow({"x": (0, 1)})
