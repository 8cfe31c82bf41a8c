"""The library gives the answers that papers, handbooks and specifications print."""

from __future__ import annotations

import pytest
from known_answers import known_answers


@pytest.mark.parametrize("answer", known_answers(), ids=lambda each: each.name)
def test_answer_is_the_one_of_the_source(answer):
    assert answer.holds, f"expected {answer.expected}, got {answer.got} ({answer.source})"
