"""Rule: every code that can reach a person has a natural sentence in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from cityharvest import errors, messages
from cityharvest.ledger import decisions, leases
from cityharvest.states import DeliveryState
from datastrategy.audit import AuditSlug

PACKAGE = Path(errors.__file__).parent
RAISED = re.compile(r"(?:\b[A-Z]\w+|\bproblem)\(\s*\"([a-z0-9]+(?:-[a-z0-9]+)+)\"")
CODED = re.compile(r"\bcode = (?:\"([a-z-]+)\" if .* else )?\"([a-z]+(?:-[a-z]+)+)\"")
TREE = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.HarvestError)]
CORE = [
    *PACKAGE.glob("*.py"),
    *(PACKAGE / "ledger").glob("*.py"),
    *(PACKAGE / "migrations").glob("*.py"),
]


def codes_in(text: str) -> set[str]:
    found = set(RAISED.findall(text))
    for groups in CODED.findall(text):
        found.update(group for group in groups if group)
    return found


@pytest.mark.parametrize("error", TREE, ids=lambda one: one.__name__)
def test_every_branch_of_the_error_tree_has_a_sentence(error: type[errors.HarvestError]) -> None:
    assert error.default_code in messages.table()


@pytest.mark.parametrize("file", CORE, ids=lambda one: one.name)
def test_every_code_written_in_the_source_has_a_sentence(file: Path) -> None:
    missing = codes_in(file.read_text(encoding="utf-8")) - set(messages.table())
    assert not missing


def test_the_search_for_codes_finds_them() -> None:
    found = codes_in((PACKAGE / "ledger" / "intake.py").read_text(encoding="utf-8"))
    assert {"checksum-mismatch", "delivery-empty", "delivery-withdrawn", "delivery-in-progress"} <= found


def test_reasons_states_and_audit_findings_have_a_sentence() -> None:
    codes = {decisions.FIRST_RELEASE, leases.POISON_REASON, *AuditSlug, *(f"state-{one}" for one in DeliveryState)}
    assert codes <= set(messages.table())


def test_both_languages_of_a_sentence_have_the_same_places() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    unequal = [code for code, row in messages.table().items() if places(row["sl"]) != places(row["en"])]
    assert not unequal


def test_params_fill_the_places() -> None:
    assert messages.text("slug-taken", {"slug": "voda"}, "en") == "The short name “voda” is already taken."
    assert "»voda«" in messages.text("slug-taken", {"slug": "voda"}, "sl")


def test_a_missing_param_or_unknown_code_never_loses_the_sentence() -> None:
    assert "{slug}" in messages.text("slug-taken", {}, "en")
    assert "no-such-code" in messages.text("no-such-code", {}, "sl")


def test_another_language_falls_back_to_english() -> None:
    assert messages.text("lease-lost", lang="de") == messages.text("lease-lost", lang="en")


def test_a_code_in_two_tables_or_without_a_language_is_refused() -> None:
    row = {"sl": "a", "en": "b"}
    with pytest.raises(ValueError, match="two message tables"):
        messages._merge({"one": row}, "x.yaml", {"one": row})
    with pytest.raises(ValueError, match="lacks a language"):
        messages._merge({}, "x.yaml", {"one": {"sl": "a"}})


def test_exit_codes_follow_the_category() -> None:
    assert errors.FetchRefused().exit_code == 1
    assert errors.StorageUnavailable().exit_code == 75
    assert errors.FetchGone().exit_code == 0
    assert errors.SchemaOutdated().exit_code == 2
