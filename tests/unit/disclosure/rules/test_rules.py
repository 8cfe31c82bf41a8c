"""Concentration rules: known answers of the Handbook, equality, negative values, and what protection means."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclosure.rules import (
    Concentration,
    Rules,
    count_protection,
    dominance_protection,
    dominates,
    judge,
    largest_share,
    p_percent_protection,
    p_percent_unsafe,
    rule_15_15_unsafe,
    share_above,
)

contributions = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=12)


def cell(*values: int | Decimal, keep: int = 4) -> Concentration:
    return Concentration.of(values, keep=keep)


def test_example_1_of_the_handbook_is_safe_under_1_90_and_unsafe_under_p_percent():
    """Chapter 4.2, example 1: X = 100,000, x₁ = 50,000, x₂ = 49,000; the estimate is 2 % too large only."""
    example = cell(50_000, 49_000, 1_000)
    assert not dominates(example, 1, 90)
    assert p_percent_unsafe(example, 3)
    assert not p_percent_unsafe(example, 2)


def test_dominance_at_equality_is_safe():
    assert not dominates(cell(85, 15), 1, 85)
    assert dominates(cell(Decimal("85.000001"), Decimal("14.999999")), 1, 85)


def test_p_percent_at_equality_is_safe():
    assert not p_percent_unsafe(cell(100, 50, 15), 15)
    assert p_percent_unsafe(cell(100, 50, Decimal("14.999999")), 15)


def test_a_share_of_exactly_the_law_is_allowed():
    assert not share_above(cell(15, *[5] * 17), 15)
    assert share_above(cell(16, *[5] * 17), 15)


def test_15_15_asks_for_both_conditions():
    assert rule_15_15_unsafe(cell(*[1] * 14))
    assert not rule_15_15_unsafe(cell(*[1] * 15))
    assert rule_15_15_unsafe(cell(100, *[1] * 20))


def test_one_contributor_breaks_p_percent_whatever_p_is():
    assert p_percent_unsafe(cell(7), 1)


def test_zeros_have_no_largest_contributor():
    assert judge([0, 0, 0], Rules(p_percent=15, dominance=(1, 85), max_share_percent=85)) == ()
    assert largest_share(cell(0, 0)) == Fraction(0)


def test_negative_contributions_are_judged_by_their_size():
    """Net zero hides a prosumer of 90; the size does not."""
    assert judge([90, -90], Rules(p_percent=10)) == ("p-percent",)
    assert judge([-90, 5, 5], Rules(max_share_percent=85)) == ("max-share",)


def test_a_rule_for_more_contributors_than_were_kept_is_an_error():
    with pytest.raises(ValueError, match="fewer sizes"):
        dominates(Concentration.of([4, 3, 2, 1], keep=2), 3, 80)


def test_required_protection_of_the_three_rules():
    example = cell(60, 30, 5)
    assert p_percent_protection(example, 20) == Decimal(7)  # 12 − 5
    assert dominance_protection(example, 1, 50) == Decimal(25)  # 120 − 95
    assert count_protection(2, 5) == (2, 3)
    assert Rules(p_percent=20, dominance=(1, 50)).protection(example) == Decimal(25)


@given(contributions, st.integers(1, 100))
def test_protection_is_asked_exactly_where_p_percent_is_broken(values: list[int], p: int):
    example = cell(*values)
    assert (p_percent_protection(example, p) > 0) == p_percent_unsafe(example, p)


@given(contributions, st.integers(1, 3), st.integers(1, 100))
def test_protection_is_asked_exactly_where_dominance_is_broken(values: list[int], n: int, k: int):
    example = cell(*values)
    assert (dominance_protection(example, n, k) > 0) == dominates(example, n, k)


@given(contributions, st.integers(1, 100))
def test_a_total_raised_by_the_protection_is_safe(values: list[int], p: int):
    example = cell(*values)
    raised = Concentration(
        total=example.total + p_percent_protection(example, p), top=example.top, contributors=example.contributors
    )
    assert not p_percent_unsafe(raised, p)


@given(contributions)
def test_order_and_sign_do_not_matter(values: list[int]):
    rules = Rules(p_percent=15, dominance=(2, 80), max_share_percent=50)
    assert judge(values, rules) == judge([-each for each in reversed(values)], rules)


@given(contributions)
def test_the_share_agrees_with_the_predicate(values: list[int]):
    example = cell(*values)
    assert share_above(example, 50) == (largest_share(example) > Fraction(1, 2))
