"""A commitment binds the house to its secret parameters and tells nobody what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclosure import DisclosureRefused
from disclosure.canonical import canonical_json
from disclosure.commitment import Opening

SECRETS = st.dictionaries(
    st.sampled_from(["p_percent", "dominance_n", "dominance_percent", "prior_percent", "key_id"]),
    st.one_of(st.integers(1, 100), st.text(max_size=5), st.none(), st.booleans()),
)
NONCES = st.binary(min_size=16, max_size=16)


@given(secrets=SECRETS, nonce=NONCES)
def test_the_same_values_and_nonce_open_it_after_a_round_trip(secrets, nonce):
    opening = Opening(nonce=nonce, parameters=secrets)
    assert Opening.from_mapping(opening.as_dict()).opens(opening.commitment())


@given(first=SECRETS, second=SECRETS, nonce=NONCES)
def test_other_values_do_not_open_it(first, second, nonce):
    same = canonical_json(first) == canonical_json(second)
    committed = Opening(nonce=nonce, parameters=first).commitment()
    assert Opening(nonce=nonce, parameters=second).opens(committed) is same


@given(secrets=SECRETS, first=NONCES, second=NONCES)
def test_another_nonce_does_not_open_it(secrets, first, second):
    committed = Opening(nonce=first, parameters=secrets).commitment()
    assert Opening(nonce=second, parameters=secrets).opens(committed) is (first == second)


def test_two_commitments_to_the_same_values_cannot_be_told_to_be_the_same():
    values = {"p_percent": 10}
    assert len({Opening.fresh(values).commitment() for _ in range(50)}) == 50


def test_guessing_the_sensible_values_without_the_nonce_finds_nothing():
    committed = Opening.fresh({"p_percent": 10}).commitment()
    guesses = (Opening(nonce=bytes(16), parameters={"p_percent": p}) for p in range(1, 101))
    assert not any(guess.opens(committed) for guess in guesses)


def test_order_of_names_does_not_matter_and_type_does():
    def value(parameters):
        return Opening(nonce=bytes(16), parameters=parameters).commitment()

    assert value({"a": 1, "b": 2}) == value({"b": 2, "a": 1})
    assert value({"a": 1}) != value({"a": "1"})
    assert value({"a": True}) != value({"a": 1})


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_a_nonce_of_another_length_is_refused(length):
    with pytest.raises(DisclosureRefused):
        Opening(nonce=bytes(length), parameters={})


def test_an_opening_shows_nothing_of_itself():
    opening = Opening(nonce=b"\x17" * 16, parameters={"p_percent": 17})
    assert "17" not in repr(opening)
