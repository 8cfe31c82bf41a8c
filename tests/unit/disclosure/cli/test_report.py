"""Every word of the officer's report has its text in both languages: no slug is left where a sentence should stand."""

from __future__ import annotations

import re

import pytest

from disclosure import Spec, load_preset
from disclosure.attacks import ATTACKS
from disclosure.attacks.core import Result, Verdict
from disclosure.policies.base import Plan, Step
from disclosure.report import build, fragment, page
from disclosure.report.content import Alternative

SPEC = Spec(unit="meter", zone="zone", time="ts", unit_label={"sl": "merilna mesta", "en": "meters"})
RESULTS = [
    Result(attack=slug, verdict=verdict, reason=None, figures={"seeds": 20})
    for slug, verdict in zip(ATTACKS, [*Verdict] * len(ATTACKS), strict=False)
]


@pytest.fixture(scope="module")
def report():
    plan = Plan(policy="threshold", rows=100, steps=(Step(slug="flat", level="PT1H", rows=80, cells=4),))
    tradeoff = (
        Alternative(level="PT1H", rows=80, cells=4, chosen=True),
        Alternative(level="P1D", rows=95, cells=2, chosen=False),
    )
    return build(SPEC, load_preset("house-personal"), plan=plan, attacks=RESULTS, tradeoff=tradeoff)


@pytest.mark.parametrize("lang", ["sl", "en"])
def test_no_slug_stands_where_a_sentence_should(report, lang):
    text = re.sub(r"<(style|svg).*?</\1>|<[^>]*>", " ", page(report, lang), flags=re.DOTALL)
    assert re.findall(r"\b(?:report|attack|risk|policy|parameter|level)-[a-z]+[a-z-]*", text) == []


@pytest.mark.parametrize("lang", ["sl", "en"])
def test_the_picture_is_drawn_here_and_nothing_is_fetched(report, lang):
    html = page(report, lang)
    assert "<svg" in html
    assert not re.search(r"(?:src|href)=", re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL))


def test_the_fragment_has_no_head_of_its_own(report):
    assert "<html" not in fragment(report, "sl")
