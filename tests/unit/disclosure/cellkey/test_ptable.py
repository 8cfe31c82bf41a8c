"""Perturbation tables: what they promise holds exactly in their weights, and they are the ones of the literature."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure.cellkey.entropy import maximum_entropy, variance_limits
from disclosure.cellkey.ptable import KEY_SPACE, PTable, Row, exact_rows
from disclosure.errors import SpecInvalid


def shares(row: Row) -> dict[int, float]:
    whole = sum(row.weights)
    return {v: w / whole for v, w in zip(row.values, row.weights, strict=True)}


@st.composite
def feasible(draw):
    deviation = draw(st.integers(2, 8))
    no_small = draw(st.integers(0, min(2, deviation - 1)))
    least = max(
        variance_limits([v for v in range(-i, deviation + 1) if i + v == 0 or i + v > no_small])[0]
        for i in range(1, deviation + no_small + 2)
    )
    hundredths = draw(st.integers(100 * least + 5, 100 * deviation - 5))
    return Decimal(hundredths) / 100, deviation, no_small


@settings(max_examples=15, deadline=None)
@given(feasible())
def test_bias_is_zero_and_the_variance_fixed_exactly_for_every_count(parameters):
    variance, deviation, no_small = parameters
    table = PTable.build(variance=variance, deviation=deviation, no_small=no_small)
    whole = sum(table.rows[0].weights)
    for count, row in enumerate(table.rows, start=1):
        assert sum(row.weights) == whole
        assert all(weight >= 0 for weight in row.weights)
        assert sum(v * w for v, w in zip(row.values, row.weights, strict=True)) == 0
        assert Fraction(sum(v * v * w for v, w in zip(row.values, row.weights, strict=True)), whole) == variance
        assert all(abs(v) <= deviation for v in row.values)
        assert all(count + v == 0 or count + v > no_small for v in row.values)


@settings(max_examples=15, deadline=None)
@given(feasible())
def test_keys_are_dealt_out_as_the_weights_say_to_one_key_in_two_to_the_64(parameters):
    variance, deviation, no_small = parameters
    for row in PTable.build(variance=variance, deviation=deviation, no_small=no_small).rows:
        ends = (-1, *row.last_keys())
        assert ends[-1] == KEY_SPACE - 1
        for before, end, weight in zip(ends, ends[1:], row.weights, strict=False):
            assert abs((end - before) - Fraction(weight * KEY_SPACE, sum(row.weights))) < 1


@pytest.mark.parametrize(
    ("variance", "deviation", "no_small", "count", "published"),
    [
        # sdcTools/tauargus, data/cellkey/Magnitude/ptab_freq.txt: row 2 of D = 5, V = 3, no 1, no 2
        (
            "3",
            5,
            2,
            2,
            {-2: 0.40880704, 1: 0.40664356, 2: 0.14762399, 3: 0.03231882, 4: 0.00426687, 5: 0.00033972},
        ),
        # sdcTools/ptable, vignette: "i = 1 changes with probability 0.5133 to 0, 0.46 to 2, 0.0267 to 3"
        ("1.08", 2, 1, 1, {-1: 0.5133, 1: 0.46, 2: 0.0267}),
    ],
)
def test_table_equals_the_published_one(variance, deviation, no_small, count, published):
    row = PTable.build(variance=Decimal(variance), deviation=deviation, no_small=no_small).row(count)
    assert shares(row) == pytest.approx(published, abs=5e-5 if deviation == 2 else 1.1e-8)


def test_noise_of_magnitudes_equals_the_published_table_of_half_steps():
    """sdcTools/tauargus, data/cellkey/Magnitude/ptab_savings_all.txt, i = 5: D = 5, V = 1, step 0.5."""
    published = {0: 0.19947079, 1: 0.17603246, 2: 0.12098542, 4: 0.02699563, 6: 0.00221595, 8: 6.691e-05, 10: 7.4e-07}
    (row,) = exact_rows([tuple(range(-10, 11))], Fraction(4))
    ours = shares(row)
    assert {v: ours[v] for v in published} == pytest.approx(published, abs=5e-8)


def test_maximum_entropy_beats_every_other_table_with_the_same_constraints():
    """Moving along the one direction that keeps sum, mean and variance lowers the entropy on both sides."""
    values = (-2, -1, 0, 1, 2, 3)
    best = maximum_entropy(values, Fraction(3, 2))
    direction = (1, -3, 3, -1, 0, 0)

    def entropy(step):
        moved = [float(w) + step * d for w, d in zip(best, direction, strict=True)]
        return -sum(w * math.log(w) for w in moved)

    assert entropy(0) > entropy(1e-4)
    assert entropy(0) > entropy(-1e-4)
    assert abs(sum(w * v for v, w in zip(values, best, strict=True))) < Decimal("1e-24")
    assert abs(sum(w * v * v for v, w in zip(values, best, strict=True)) - Decimal("1.5")) < Decimal("1e-24")


@pytest.mark.parametrize(
    ("variance", "deviation", "no_small", "above", "below"),
    [("1.5", 5, 2, 2, 5), ("2", 5, 2, 2, 5), ("5", 5, 0, 0, 5), ("7", 5, 0, 0, 5)],
)
def test_table_that_cannot_exist_is_refused_with_the_limits(variance, deviation, no_small, above, below):
    with pytest.raises(SpecInvalid) as refusal:
        PTable.build(variance=Decimal(variance), deviation=deviation, no_small=no_small)
    assert refusal.value.code == "cell-key-variance-infeasible"
    assert (refusal.value.params["above"], refusal.value.params["below"]) == (above, below)


@pytest.mark.parametrize(("variance", "deviation", "no_small"), [("0", 5, 0), ("-1", 5, 0), ("1", 0, 0), ("1", 3, 3)])
def test_parameters_that_make_no_sense_are_refused(variance, deviation, no_small):
    with pytest.raises(SpecInvalid, match="cell-key-parameters"):
        PTable.build(variance=Decimal(variance), deviation=deviation, no_small=no_small)


def test_table_is_the_same_on_every_machine():
    """Its id is a constant, because it is computed in decimal arithmetic."""
    table = PTable.build(variance=Decimal("2.25"), deviation=5, no_small=2)
    assert table.id == "0b78eb09dc186a32118bd6d347c0bd2508539eb840c46b9ce953440a1a1bdb03"


def test_a_table_with_a_changed_weight_does_not_pass_its_own_check():
    table = PTable.build(variance=Decimal("2.25"), deviation=5, no_small=2)
    row = table.rows[-1]
    tilted = Row(row.values, (row.weights[0] + 1, *row.weights[1:-1], row.weights[-1] - 1))
    with pytest.raises(ArithmeticError):
        PTable((*table.rows[:-1], tilted), table.variance, table.deviation, table.no_small).check()
