"""Every slug has a sentence in both languages, with the right plural and date."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import datastrategy
from datastrategy.legal import LegalReference, LegalStatus
from datastrategy.messages import _TEXTS, SLUGS, both, text

NBSP = "\N{NO-BREAK SPACE}"


def slugs_in_code():
    """String constants of the rule modules that have the shape of a slug."""
    shape = re.compile(r"^[a-z]+(-[a-z]+)+$")
    for path in (Path(datastrategy.__file__).parent / "checks").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and shape.match(node.value):
                yield node.value


def test_every_slug_of_the_rules_has_a_sentence():
    assert set(slugs_in_code()) <= SLUGS


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_both_languages_use_the_same_parameters(slug):
    fields = [sorted(re.findall(r"\{(\w+)", _TEXTS[slug][lang])) for lang in ("sl", "en")]
    assert fields[0] == fields[1]


@pytest.mark.parametrize(
    ("count", "noun"),
    [(1, "datoteka"), (2, "datoteki"), (3, "datoteke"), (4, "datoteke"), (5, "datotek"), (101, "datoteka")],
)
def test_slovene_counts_with_four_forms(count, noun):
    assert f"{count}{NBSP}{noun}." in text("bulk-download", {"downloads": count}, "sl")


def test_dates_are_written_as_the_language_does():
    params = {"modified": "2026-10-03", "fresh_until": "2026-11-19"}
    assert f"3.{NBSP}10.{NBSP}2026" in text("update-overdue", params, "sl")
    assert "3 October 2026" in text("update-overdue", params, "en_GB")


def test_missing_parameter_shows_a_dash_and_unknown_slug_itself():
    assert "–" in text("license-accepted", {}, "en")
    assert both("no-such-slug") == {"sl": "no-such-slug", "en": "no-such-slug"}


def test_legal_reference_binds_only_while_in_force_and_read(today):
    raw = {
        "title": {"sl": "Uredba", "en": "Regulation"},
        "article": "4(3)",
        "valid_from": "2024-06-09",
        "status": "in_force",
        "evidence": "read",
    }
    reference = LegalReference.from_mapping(raw)
    assert reference.is_binding(today)
    assert LegalReference.from_mapping(reference.as_dict()) == reference
    assert not LegalReference.from_mapping({**raw, "evidence": "unverified"}).is_binding(today)
    assert not LegalReference.from_mapping({**raw, "valid_from": "2027-01-01"}).is_binding(today)
    assert LegalReference.from_mapping({**raw, "status": "repealed"}).status is LegalStatus.REPEALED
