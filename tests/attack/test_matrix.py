"""Every attack against a real release of every policy: nothing is broken, nothing is left out."""

from __future__ import annotations

import attack_matrix
import pytest

from disclosure import messages
from disclosure.attacks import ATTACKS, Verdict
from disclosure.policies import POLICIES

NAMES = [entry.name for entry in attack_matrix.ENTRIES]


@pytest.mark.parametrize("policy", NAMES)
def test_release_of_the_policy_survives_every_attack(policy):
    assert [each.attack for each in attack_matrix.matrix()[policy] if each.broken] == []


@pytest.mark.parametrize("policy", NAMES)
def test_every_attack_has_an_entry_and_every_exception_a_reason_in_both_languages(policy):
    row = attack_matrix.matrix()[policy]
    assert [each.attack for each in row] == list(ATTACKS)
    for each in row:
        assert (each.verdict is Verdict.NOT_APPLICABLE) == (each.reason is not None)
        if each.reason is not None:
            assert messages.table()[each.reason].keys() == {"sl", "en"}


@pytest.mark.parametrize("slug", ATTACKS)
def test_every_attack_has_a_name_and_runs_against_some_policy(slug):
    assert messages.table()[f"attack-{slug}"].keys() == {"sl", "en"}
    assert any(name == slug and result.reason is None for _, name, result in attack_matrix.entries())


def test_every_policy_is_attacked():
    attacked = {entry.policy().name for entry in attack_matrix.ENTRIES}
    assert attacked == set(POLICIES)


@pytest.mark.parametrize("lang", ["sl", "en"])
def test_table_names_every_attack_and_policy(lang):
    text = attack_matrix.matrix_text(lang)
    assert all(slug in text for slug in ATTACKS)
    assert "{" not in text
