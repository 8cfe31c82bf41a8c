"""Switching off each guard of each policy turns at least one attack red."""

from __future__ import annotations

import guard_mutations
import pytest

from disclosure.attacks import ATTACKS
from disclosure.policies import POLICIES

GUARDS = guard_mutations.all_guards()


@pytest.mark.parametrize("place", range(len(GUARDS)), ids=[f"{each.policy}: {each.name}" for each in GUARDS])
def test_release_without_the_guard_is_broken_and_with_it_survives(place):
    result = guard_mutations.mutations()[place]
    assert result.without, f"no attack of {result.guard.caught_by} notices that {result.guard.target} is off"
    assert result.with_guard == ()


def test_every_policy_has_guards_and_names_attacks_that_exist():
    assert {guard.policy for guard in GUARDS} >= set(POLICIES)
    assert all(set(guard.caught_by) <= set(ATTACKS) for guard in GUARDS)


def test_names_of_guards_tell_them_apart():
    names = [(guard.policy, guard.name) for guard in GUARDS]
    assert len(set(names)) == len(names)
