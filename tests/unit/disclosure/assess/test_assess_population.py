"""Uniques of the population: the estimators find what a known process made, and a table of it is counted."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from assess_tables import relation
from hypothesis import given
from hypothesis import strategies as st

from disclosure.assess import Questions, assess
from disclosure.assess.histogram import Histogram
from disclosure.assess.population import digamma, estimate
from disclosure.spec import Spec

PEOPLE = 10_000


def _pitman_population(theta, alpha, seed):
    """Labels of classes drawn one after another by Pitman's process, classes weighted by their size less α."""
    random = np.random.default_rng(seed)
    labels, sizes = np.empty(PEOPLE, dtype=np.int64), []
    for person in range(PEOPLE):
        if not person or random.random() < (theta + len(sizes) * alpha) / (theta + person):
            labels[person] = len(sizes)
            sizes.append(1)
            continue
        while True:
            label = labels[random.integers(person)]
            if random.random() < (sizes[label] - alpha) / sizes[label]:
                break
        labels[person] = label
        sizes[label] += 1
    return labels


def _histogram(labels):
    sizes = np.bincount(labels)
    return Histogram.of_sizes(sizes[sizes > 0].astype(np.int64))


@pytest.mark.parametrize(("theta", "alpha"), [(100, 0.2), (20, 0.7)])
def test_small_sample_is_extrapolated_by_pitman(theta, alpha):
    labels = _pitman_population(theta, alpha, seed=7)
    sample = np.random.default_rng(8).permutation(labels)[: PEOPLE // 10]
    found = estimate(_histogram(sample), PEOPLE)
    assert found.method == "pitman"
    assert found.uniques == pytest.approx(_histogram(labels).uniques, rel=0.25)


def test_large_sample_is_extrapolated_by_zayatz():
    labels = _pitman_population(20, 0.7, seed=7)
    sample = np.random.default_rng(8).permutation(labels)[: PEOPLE // 2]
    found = estimate(_histogram(sample), PEOPLE)
    assert found.method == "zayatz"
    assert found.uniques == pytest.approx(_histogram(labels).uniques, rel=0.25)


def test_zayatz_by_hand():
    # Two classes of one and one of two among 4 of 8 people: P(one of four drawn | size 2) = 2·C(6,3)/C(8,4) = 4/7.
    found = estimate(Histogram(((1, 2), (2, 1))), 8)
    chance = Fraction(2, 3) * Fraction(1, 2) + Fraction(1, 3) * Fraction(4, 7)
    expected = 2 * (Fraction(2, 3) * Fraction(1, 2) / chance) / Fraction(1, 2)
    assert (found.method, found.uniques) == ("zayatz", round(expected))


def test_whole_population_needs_no_estimate():
    found = estimate(Histogram(((1, 3), (5, 2))), 13)
    assert (found.method, found.uniques) == ("census", 3)


@given(x=st.floats(0.001, 1e9))
def test_digamma_is_the_slope_of_log_gamma(x):
    assert math.isclose(digamma(x + 1) - digamma(x), 1 / x, rel_tol=1e-7, abs_tol=1e-12)


def test_digamma_at_one_is_minus_eulers_constant():
    assert math.isclose(digamma(1.0), -0.5772156649015329, rel_tol=1e-12)


SCHEMA = pa.schema([("a", pa.string()), ("who", pa.string())])


def _people(counts):
    return [{"a": value, "who": f"{value}{number}"} for value, many in counts for number in range(many)]


def _journalist(sample, population):
    with relation(_people(sample), SCHEMA) as con:
        con.register("everybody", pa.Table.from_pylist(_people(population), schema=SCHEMA))
        unit = assess(con, "data", Spec(unit="who", quasi=("a",)), Questions(population="everybody")).units[0]
    return unit.journalist, unit.population


def test_journalist_risk_is_counted_in_a_table_of_the_population():
    journalist, people = _journalist([("x", 2), ("y", 1), (None, 1)], [("x", 10), ("y", 1), (None, 4), ("z", 1)])
    assert journalist.highest == Fraction(1)
    # Σ f/F over the classes of the data, by the number of its members.
    assert journalist.marketer == (Fraction(2, 10) + Fraction(1, 1) + Fraction(1, 4)) / 4
    assert (people.method, people.population, people.sample_uniques, people.uniques) == ("counted", 16, 2, 1)


def test_class_that_the_population_lacks_is_taken_as_it_stands():
    journalist, _ = _journalist([("x", 2)], [("y", 5)])
    assert (journalist.highest, journalist.missing_classes) == (Fraction(1, 2), 1)


def test_sample_weights_give_the_population():
    rows = [{"a": "x", "who": str(number), "w": 25} for number in range(4)]
    with relation(rows, pa.schema([*SCHEMA, ("w", pa.int64())])) as con:
        unit = assess(con, "data", Spec(unit="who", quasi=("a",), weight="w")).units[0]
    assert unit.population.population == 100
    assert unit.journalist.highest == Fraction(1, 100)
