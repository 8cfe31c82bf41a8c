"""Bounds of chance against published tables and exact binomial sums."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclosure.attacks import statistics


@pytest.mark.parametrize(("degrees", "quantile"), [(19, 1.729133), (24, 1.710882), (29, 1.699127), (99, 1.660391)])
def test_quantile_of_t_is_the_printed_one(degrees, quantile):
    """NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2."""
    assert statistics.t_quantile(0.95, degrees) == pytest.approx(quantile, abs=2e-6)


@given(trials=st.integers(1, 60), data=st.data())
def test_bounds_of_a_proportion_are_where_the_binomial_tail_is_five_percent(trials, data):
    hits = data.draw(st.integers(0, trials))
    upper, lower = statistics.proportion_upper(hits, trials), statistics.proportion_lower(hits, trials)

    def tail(share, first, last):
        return sum(math.comb(trials, n) * share**n * (1 - share) ** (trials - n) for n in range(first, last + 1))

    assert lower <= hits / trials <= upper
    if hits < trials:
        assert tail(upper, 0, hits) == pytest.approx(0.05, abs=1e-9)
    if hits > 0:
        assert tail(lower, hits, trials) == pytest.approx(0.05, abs=1e-9)


def test_gain_that_is_always_the_same_is_its_own_bound():
    assert statistics.uplift_upper([0.3] * 20, [0.25] * 20) == pytest.approx(0.05)


def test_fewer_than_twenty_seeds_prove_nothing():
    with pytest.raises(ValueError, match="fewer"):
        statistics.mean_upper([0.0] * 19)
