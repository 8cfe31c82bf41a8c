"""Every code, claim, band and reason has a text in both languages, and none is left over."""

from __future__ import annotations

import ast
import re
import string
from collections import Counter
from pathlib import Path

import pytest
import yaml

import disclosure
from disclosure import messages
from disclosure.changes import Reason
from disclosure.identifiers import Kind
from disclosure.proof import NOT_CLAIMED
from disclosure.verify import NOT_RECOMPUTABLE, Status

PACKAGE = Path(disclosure.__file__).parent
RAISED = {"SpecInvalid", "PresetInvalid", "LaxerThanLaw", "DisclosureRefused", "GateRefused", "ReleaseExists"}


def codes_in_source() -> set[str]:
    """First arguments of raised errors, read from the source so that a new one cannot be forgotten."""
    found = {"time-bin-unknown", "presence-unknown"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED and node.args:
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    found.add(code.value)
    fault = re.findall(r'return "([a-z-]+)"', (PACKAGE / "recounts" / "threshold.py").read_text(encoding="utf-8"))
    return found | set(fault) | {"cell-below-minimum"}


SLUGS = {
    *codes_in_source(),
    *NOT_CLAIMED,
    *NOT_RECOMPUTABLE,
    *(str(each) for kind in (Reason, Kind, Status) for each in kind),
    *("not-stated", "fewer-than-min-units", "missing-units-count-as-one", "independent-recount-passed"),
}


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_slug_has_a_text_in_both_languages(slug):
    assert messages.table()[slug].keys() == {"sl", "en"}
    assert all(text.strip() for text in messages.table()[slug].values())


def test_no_slug_stands_in_two_files():
    slugs = Counter(slug for path in messages.text_files() for slug in yaml.safe_load(path.read_text("utf-8")))
    assert [slug for slug, times in slugs.items() if times > 1] == []


def test_both_languages_name_the_same_parameters():
    for slug, texts in messages.table().items():
        places = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts.values()]
        assert places[0] == places[1], slug


def test_parameters_are_put_in_and_a_missing_one_shows_its_name():
    assert "merilo" in messages.text("column-missing", {"columns": ["merilo", "čas"]}, "sl")
    assert messages.text("column-missing", {}, "en").endswith("{columns}.")
    assert messages.text("no-such-slug") == "no-such-slug"
