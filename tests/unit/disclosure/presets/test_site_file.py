"""Secret settings of the house come from a private file and show themselves nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from disclosure import SiteRules, SpecInvalid

CONTENT = f"p_percent: 17\ndominance_n: 2\ndominance_percent: 83\nprior_percent: 41\nkey: {'ab' * 32}\n"


def _file(folder: Path, content: str = CONTENT, mode: int = 0o600) -> Path:
    path = folder / "disclosure.yaml"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    return path


def test_all_settings_are_read(tmp_path):
    rules = SiteRules.from_file(_file(tmp_path))
    wanted = SiteRules(p_percent=17, dominance_n=2, dominance_percent=83, prior_percent=41, key=b"\xab" * 32)
    assert rules == wanted


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    with pytest.raises(SpecInvalid) as refusal:
        SiteRules.from_file(_file(tmp_path, mode=mode))
    assert refusal.value.code == "site-file-lax"


def test_no_value_is_shown():
    rules = SiteRules(p_percent=17, dominance_n=2, dominance_percent=83, key=b"\xab" * 32)
    assert repr(rules) == str(rules) == "SiteRules(…)"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("p_percent: [17", "site-file-unreadable"),
        ("- 17\n", "site-file-unreadable"),
        ("p: 17\n", "site-rule-unknown"),
        ("p_percent: 17.5\n", "site-rule-out-of-range"),
        ("p_percent: true\n", "site-rule-out-of-range"),
        ("p_percent: 0\n", "site-rule-out-of-range"),
        ("dominance_n: 2\n", "site-dominance-incomplete"),
        ("key: abcd\n", "site-key-short"),
        ("key: 17171717-not-hex\n", "site-key-short"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_without_quoting_it(tmp_path, content, code):
    with pytest.raises(SpecInvalid) as refusal:
        SiteRules.from_file(_file(tmp_path, content))
    assert refusal.value.code == code
    assert "17" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SpecInvalid):
        SiteRules.from_file(tmp_path / "nowhere.yaml")


def test_keys_of_different_purposes_differ_and_need_the_key_of_the_site():
    rules = SiteRules().with_key(b"k" * 32)
    assert rules.derived("input") != rules.derived("record")
    assert rules.derived("input") == SiteRules(key=b"k" * 32).derived("input")
    with pytest.raises(SpecInvalid):
        SiteRules().derived("input")


def test_a_key_in_the_file_is_kept():
    assert SiteRules(key=b"a" * 32).with_key(b"b" * 32).key == b"a" * 32
