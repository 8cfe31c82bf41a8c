"""The adversary of differential privacy, who knows all but one unit: the stated loss is what he gets, and no more."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from guards import dp as world

from disclosure import attacks
from disclosure.attacks import Verdict, neighbors
from disclosure.privacy_budget import bounds, mechanism, sqlite_store
from disclosure.privacy_budget.mechanism import Kind


@pytest.fixture
def target():
    made = world.target()
    yield made
    made.truth.con.close()


def test_declared_noise_and_bounds_give_no_more_than_the_stated_loss(target):
    assert attacks.run("differencing", target).verdict is Verdict.SURVIVED
    assert attacks.run("averaging", target).verdict is Verdict.SURVIVED


def test_noise_of_half_the_size_is_noticed(target, monkeypatch):
    drawn = mechanism.noisy
    monkeypatch.setattr(mechanism, "noisy", lambda kind, values, scale: drawn(kind, values, scale / 2))
    assert attacks.run("differencing", target).reason == "presence-shows-in-noise"


def test_unbounded_contributions_are_noticed(target, monkeypatch):
    monkeypatch.setattr(bounds, "between_sql", lambda value, low, high: value)
    assert attacks.run("differencing", target).reason == "presence-shows-in-noise"


def test_budget_that_gives_more_than_it_has_is_noticed(target, monkeypatch):
    monkeypatch.setattr(sqlite_store, "check_affordable", lambda con, account, request: None)
    assert attacks.run("averaging", target).reason == "budget-overdrawn"


def test_limits_are_those_of_the_definitions(target):
    """Gaussian: Φ(√(2·0.5)/2) = Φ(0.5) = 0.6915; Laplace with one column: ε = 1, e/(1+e) = 0.7311."""
    assert neighbors.most_right(target.policy, 3) == pytest.approx(0.6915, abs=1e-4)
    laplace = replace(target.policy, kind=Kind.LAPLACE, rho=Decimal("0.5"))
    assert neighbors.most_right(laplace, 1) == pytest.approx(0.7311, abs=1e-4)
