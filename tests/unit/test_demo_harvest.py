from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

from demo import harvest

PERIOD = "2026-10"


class Ledger:
    """Stands for portal and commands: each run moves the delivery along a list of states."""

    def __init__(self, *states, reason="first-release"):
        self.states = list(states)
        self.reason = reason
        self.words = []
        self.decisions = []

    def call(self, action, **values):
        if action == "datastrategy_delivery_decide":
            self.decisions.append(values["decision"])
            self.states.pop(0)
            return {}
        later = {"period": "2026-11", "sequence": 1, "state": "due"}
        now = {"id": "d", "period": PERIOD, "sequence": 1, "state": self.states[0], "held_reason": self.reason}
        return [later, now]

    def harvest(self, *words):
        self.words.append(words)
        self.states.pop(0)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(harvest, "PAUSE_S", 0)


def test_the_dpo_approves_a_first_release_and_it_is_then_published():
    ledger = Ledger("due", "received", "held", "cleared", "published")
    harvest.bring_in_consumption(ledger, ledger, ledger, PERIOD)
    assert ledger.decisions == ["approve"]
    assert ledger.states == ["published"]


def test_what_is_published_is_left_alone():
    ledger = Ledger("published")
    harvest.bring_in_consumption(ledger, ledger, ledger, PERIOD)
    harvest.bring_in_stations(ledger, ledger, PERIOD)
    assert (ledger.words, ledger.decisions) == ([], [])


def test_a_day_that_waits_for_the_dpo_is_not_collected_again():
    ledger = Ledger("held")
    harvest.bring_in_stations(ledger, ledger, PERIOD)
    assert ledger.words == []


def test_a_day_is_followed_for_its_own_period_only():
    ledger = Ledger("due", "held")
    harvest.bring_in_stations(ledger, ledger, PERIOD)
    assert ledger.words == [("postaje-izposoje-koles", "--period", PERIOD, "--follow")]


@pytest.mark.parametrize(("states", "reason"), [(("due", "rejected"), None), (("due", "held"), "disclosure")])
def test_a_rejected_or_otherwise_held_delivery_is_never_approved(states, reason):
    ledger = Ledger(*states, reason=reason)
    with pytest.raises(harvest.StuckError):
        harvest.bring_in_consumption(ledger, ledger, ledger, PERIOD)
    assert ledger.decisions == []


def test_patience_ends(monkeypatch):
    monkeypatch.setattr(harvest, "PATIENCE_S", -1)
    with pytest.raises(harvest.StuckError, match="is due"):
        harvest.bring_in_consumption(Ledger("due"), Ledger("due"), Ledger("due"), PERIOD)
