"""Unions of cells of two tables, against brute force over every union."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.history.amounts import Rule
from disclosure.history.contributions import Contributions
from disclosure.history.unions import Fault, fault

RULE = Rule(min_units=3)
HOUSE = Rule(min_units=3, p_percent=20, dominance_n=1, dominance_percent=60)


def contributions(rows, *, counted=True):
    """Rows of (old cell, new cell, unit, before, after); a value of None means that the unit is not there."""
    old, new, unit = (np.array([row[i] for row in rows], dtype=np.int64).reshape(-1) for i in range(3))
    values = [np.array([[row[i] or 0] for row in rows], dtype=np.int64).reshape(-1, 1) for i in (3, 4)]
    here = [np.array([row[i] is not None for row in rows], dtype=np.bool_) for i in (3, 4)]
    return Contributions(
        old=old, new=new, unit=unit, before=values[0], after=values[1], here_before=here[0], here_after=here[1],
        counted=counted, amounts=(True,),
    )  # fmt: skip


def safe_by_hand(left, rule):
    """The rule as the law would write it, with fractions."""
    units = [abs(value) for value in left.values() if value]
    if units and len(units) < rule.min_units:
        return False
    if rule.p_percent is None or not units:
        return True
    units = sorted(units, reverse=True)
    total = sum(units)
    remainder = total - sum(units[:2])
    return 100 * remainder >= rule.p_percent * units[0] and 100 * units[0] <= rule.dominance_percent * total


def brute_force(rows, rule, *, counted=True):
    """Every set of cells with cells of both tables in each component, or none; straight from the definition."""
    cells = sorted({("old", row[0]) for row in rows} | {("new", row[1]) for row in rows})
    pieces = overlapping(rows)
    for size in range(1, len(cells) + 1):
        for chosen in map(set, combinations(cells, size)):
            sides = [{side for side, _ in piece & chosen} for piece in pieces]
            if all(len(side) in (0, 2) for side in sides) and not choice_is_safe(rows, chosen, rule, counted):
                return False
    return True


def overlapping(rows):
    pieces = []
    for row in rows:
        pair = {("old", row[0]), ("new", row[1])}
        touching = [piece for piece in pieces if piece & pair]
        pieces = [piece for piece in pieces if not piece & pair] + [pair.union(*touching)]
    return pieces


def choice_is_safe(rows, chosen, rule, counted):
    amount, seen = {}, set()
    for old, new, unit, before, after in rows:
        if ("old", old) in chosen:
            amount[unit] = amount.get(unit, 0) - (before or 0)
            seen |= {(unit, "old", old)} if before is not None else set()
        if ("new", new) in chosen:
            amount[unit] = amount.get(unit, 0) + (after or 0)
            seen |= {(unit, "new", new)} if after is not None else set()
    presence = {}
    for unit, side, _ in seen:
        presence[unit] = presence.get(unit, 0) + (1 if side == "new" else -1)
    return safe_by_hand(amount, rule) and (not counted or safe_by_hand(presence, Rule(min_units=rule.min_units)))


def test_twelve_movers_do_not_hide_one_changed_reading():
    """In A and in B alone enough units changed; in A ∪ B only the one whose reading was corrected."""
    rows = [(0, 0, unit, 5, None) for unit in range(12)] + [(1, 1, unit, None, 5) for unit in range(12)]
    assert fault(contributions(rows), Rule(min_units=10)) is None
    assert fault(contributions([*rows, (1, 1, 99, 7, 8)]), Rule(min_units=10)) is Fault.FEW_UNITS


def test_merged_bin_tells_what_it_took_in():
    """Bin 0 (20 units) becomes bin 0 ∪ rest; the rest has two units, who stand alone in the difference."""
    same = [(0, 0, unit, 4, 4) for unit in range(20)]
    few = [(1, 0, 100 + unit, 4, 4) for unit in range(2)]
    many = [(1, 0, 100 + unit, 4, 4) for unit in range(12)]
    assert fault(contributions(same + few), Rule(min_units=10)) is Fault.FEW_UNITS
    assert fault(contributions(same + many), Rule(min_units=10)) is None


def test_change_that_one_unit_dominates_is_refused():
    rows = [(0, 0, unit, 5, 6) for unit in range(12)]
    giant = [(0, 0, 99, 5, 1000)]
    house = Rule(min_units=10, p_percent=10)
    assert fault(contributions(rows), house) is None
    assert fault(contributions(rows + giant), house) is Fault.AMOUNTS
    assert fault(contributions(rows + giant), Rule(min_units=10)) is None


def test_figures_are_judged_each_by_itself():
    """Eleven meters join with zero consumption: their number does not hide the only consumption that changed."""
    rows = [(0, 0, unit, None, 0) for unit in range(11)]
    assert fault(contributions(rows), Rule(min_units=10)) is None
    assert fault(contributions([*rows, (0, 0, 50, 3, 4)]), Rule(min_units=10)) is Fault.FEW_UNITS


UNITS = st.integers(0, 7)
VALUES = st.one_of(st.none(), st.integers(0, 3))


@st.composite
def corrections(draw):
    """One to four cells, the same in both versions."""
    cells = draw(st.integers(1, 4))
    keys = draw(st.lists(st.tuples(st.integers(0, cells - 1), UNITS), min_size=1, max_size=24, unique=True))
    return [(cell, cell, unit, draw(VALUES), draw(VALUES)) for cell, unit in keys]


@st.composite
def overlaps(draw):
    """Up to three cells of each table that share rows anyhow."""
    keys = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), UNITS), min_size=1, max_size=24, unique=True))
    return [(old, new, unit, draw(VALUES), draw(VALUES)) for old, new, unit in keys]


@settings(max_examples=80, deadline=None)
@given(corrections(), st.sampled_from([RULE, HOUSE]), st.booleans())
def test_correction_with_the_same_cells_is_judged_as_by_brute_force(rows, rule, counted):
    """All unions of all cells, also those of cells that the clusters keep apart."""
    assert (fault(contributions(rows, counted=counted), rule) is None) == brute_force(rows, rule, counted=counted)


@settings(max_examples=80, deadline=None)
@given(overlaps(), st.sampled_from([RULE, HOUSE]), st.booleans())
def test_what_brute_force_forbids_in_one_component_is_forbidden(rows, rule, counted):
    if len(overlapping(rows)) == 1:
        assert (fault(contributions(rows, counted=counted), rule) is None) == brute_force(rows, rule, counted=counted)


@st.composite
def crowded(draw):
    """Many units that do the same in each atom, and a few that do as they like: often safe, not always."""
    atoms = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=5, unique=True))
    rows = []
    for number, (old, new) in enumerate(atoms):
        before, after = draw(st.sampled_from([(2, 2), (2, 3), (1, 1), (None, 2)]))
        rows += [(old, new, 10 * number + unit, before, after) for unit in range(draw(st.integers(2, 5)))]
    keys = draw(st.lists(st.tuples(st.sampled_from(atoms), st.integers(900, 902)), max_size=3, unique=True))
    return rows + [(*atom, unit, draw(VALUES), draw(VALUES)) for atom, unit in keys]


@settings(max_examples=150, deadline=None)
@given(st.one_of(crowded(), corrections(), overlaps()), st.sampled_from([RULE, HOUSE]), st.booleans())
def test_sufficient_condition_for_large_clusters_never_passes_what_brute_force_forbids(rows, rule, counted):
    data = contributions(rows, counted=counted)
    comparable = len(overlapping(rows)) == 1 or all(old == new for old, new, *_ in rows)
    if comparable and fault(data, rule, exact_cells=0) is None:
        assert brute_force(rows, rule, counted=counted)


def test_sufficient_condition_passes_a_city_cut_into_many_districts():
    """Twenty districts of twelve meters each against the whole city: more cells than are judged one by one."""
    rows = [(district, 0, 100 * district + unit, 5, 5) for district, unit in product(range(20), range(12))]
    assert fault(contributions(rows), Rule(min_units=10, p_percent=10)) is None
    assert fault(contributions([*rows, (20, 0, 9999, 5, 5)]), Rule(min_units=10)) is Fault.TOO_MANY_UNIONS


@pytest.mark.parametrize("order", range(3))
def test_the_answer_does_not_depend_on_the_order_of_rows(order):
    rows = [(cell, cell, unit, unit, unit + (cell + unit) % 2) for cell, unit in product(range(4), range(8))]
    shuffled = list(np.random.default_rng(order).permutation(np.array(rows)).tolist())
    assert fault(contributions(shuffled), RULE) == fault(contributions(rows), RULE)
