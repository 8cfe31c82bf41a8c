"""The message catalogs: complete in both languages, four Slovene forms, compiled, placeholders kept."""

from __future__ import annotations

import gettext
import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

GLUE = Path(__file__).resolve().parents[2] / "ckanext-cityopen" / "ckanext" / "cityopen"
_STRING = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"""(?:\b_|\bungettext)\(\s*{_STRING}""")
_PLACE = re.compile(r"%\([a-z_]+\)[sd]|%[sdr]|\{[a-z_]*(?:![rs])?\}")


def catalog(lang):
    with (GLUE / "i18n" / lang / "LC_MESSAGES" / "ckanext-cityopen.po").open("rb") as stream:
        return read_po(stream, locale=lang)


def texts(message):
    return [message.string] if isinstance(message.string, str) else list(message.string)


def msgids():
    for path in [*GLUE.rglob("*.html"), *GLUE.rglob("*.py")]:
        for literal in _CALL.findall(path.read_text(encoding="utf-8")):
            yield re.sub(r"\\(.)", r"\1", literal[1:-1])


@pytest.fixture(scope="module", params=["sl", "en"])
def lang(request):
    return request.param


def test_there_is_something_to_translate():
    assert len(set(msgids())) > 150


def test_every_text_of_a_template_or_view_is_in_the_catalog(lang):
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in catalog(lang) if message.id}
    assert set(msgids()) - known == set()


def test_no_text_is_empty_or_marked_as_uncertain(lang):
    for message in catalog(lang):
        if message.id:
            assert all(texts(message)), message.id
            assert not message.fuzzy, message.id


def test_slovene_has_four_forms_everywhere():
    slovene = catalog("sl")
    assert slovene.num_plurals == 4
    assert all(len(message.string) == 4 for message in slovene if message.id and not isinstance(message.id, str))


def test_placeholders_survive_translation(lang):
    for message in catalog(lang):
        if message.id:
            source = message.id if isinstance(message.id, str) else message.id[1]
            for text in texts(message):
                assert Counter(_PLACE.findall(text)) == Counter(_PLACE.findall(source)), message.id


def test_the_compiled_catalog_says_what_the_source_says(lang):
    compiled = gettext.GNUTranslations(
        (GLUE / "i18n" / lang / "LC_MESSAGES" / "ckanext-cityopen.mo").open("rb"),
    )
    for message in catalog(lang):
        if isinstance(message.id, str) and message.id:
            assert compiled.gettext(message.id) == message.string


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "najdena zbirka podatkov"), (2, "najdeni zbirki podatkov"), (3, "najdene zbirke podatkov"),
     (5, "najdenih zbirk podatkov"), (102, "najdeni zbirki podatkov")],
)  # fmt: skip
def test_ckan_s_own_counts_follow_our_plural_rule(count, expected):
    path = GLUE / "i18n" / "sl" / "LC_MESSAGES" / "ckanext-cityopen.mo"
    with path.open("rb") as stream:
        translations = gettext.GNUTranslations(stream)
    text = translations.ngettext("{number} dataset found", "{number} datasets found", count)
    assert text.format(number=count) == f"{count} {expected}"
