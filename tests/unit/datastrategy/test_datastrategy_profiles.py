"""Profiles are dated files that keep their schema and speak both languages."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from datastrategy.checks import CHECKS
from datastrategy.frequencies import code_of
from datastrategy.profiles import (
    ProfileBrokenError,
    ProfileNotFoundError,
    load_profile,
    profile_ids,
    read_profile,
)


@pytest.fixture
def core(today):
    return load_profile("cityopen-core", today)


def test_core_profile_has_twenty_four_scored_requirements(core):
    scored = [item for item in core.requirements if not item.optional]
    assert len(scored) == 24
    assert "cityopen-core" in profile_ids()


def test_every_requirement_speaks_both_languages(core):
    for item in core.requirements:
        texts = [item.title, item.consequence, *(step.text for step in item.steps)]
        for text in texts:
            assert len(text.sl) > 3, item.id
            assert len(text.en) > 3, item.id
        assert all(text.sl != text.en for text in texts), item.id


def test_steps_of_a_case_are_in_order_of_time(core):
    for item in core.requirements:
        days = [step.days for step in item.steps]
        assert days == sorted(set(days)), item.id


def test_every_frequency_and_check_is_known(core):
    for item in core.requirements:
        assert code_of(item.frequency) == item.frequency
        assert set(item.levels) <= set(CHECKS)


def test_no_version_before_the_first_one(today):
    with pytest.raises(ProfileNotFoundError):
        load_profile("cityopen-core", date(2025, 12, 31))
    assert load_profile("cityopen-core", date(2026, 1, 1)).valid_from == date(2026, 1, 1)


MINIMAL = {
    "profile": {
        "id": "p",
        "version": "1",
        "title": {"sl": "Profil", "en": "Profile"},
        "valid_from": "2026-01-01",
        "binding": "benchmark",
        "source": {"title": {"sl": "Vir", "en": "Source"}, "status": "not_law", "evidence": "judgement"},
    },
    "defaults": {
        "license_rule": "open",
        "formats": ["CSV"],
        "levels": {"license": "must"},
        "tolerance": 1,
        "first_step_days": 1,
    },
    "steps": [{"id": "publish", "days": 2, "text": {"sl": "Objavite.", "en": "Publish."}}],
    "items": [
        {
            "id": "waste",
            "title": {"sl": "Odpadki", "en": "Waste"},
            "consequence": {"sl": "Posledica", "en": "Consequence"},
            "first_step": {"sl": "Prosite.", "en": "Ask."},
            "theme": "ENVI",
            "frequency": "MONTHLY",
        }
    ],
}


def write(folder, name, **head):
    path = folder / name
    path.write_text(yaml.safe_dump({**MINIMAL, "profile": {**MINIMAL["profile"], **head}}), encoding="utf-8")
    return path


def test_of_two_valid_versions_the_later_one_applies(tmp_path):
    write(tmp_path, "a.yaml", version="1")
    write(tmp_path, "b.yaml", version="2", valid_from="2026-06-01")
    assert load_profile("p", date(2026, 5, 31), tmp_path).version == "1"
    assert load_profile("p", date(2026, 6, 1), tmp_path).version == "2"


def test_version_ends_on_its_last_day(tmp_path):
    write(tmp_path, "a.yaml", valid_to="2026-06-30")
    assert load_profile("p", date(2026, 6, 30), tmp_path).id == "p"
    with pytest.raises(ProfileNotFoundError):
        load_profile("p", date(2026, 7, 1), tmp_path)


@pytest.mark.parametrize(
    ("label", "change"),
    [
        ("text in one language only", {"title": {"sl": "Profil"}}),
        ("no date", {"valid_from": "soon"}),
        ("unknown binding", {"binding": "wish"}),
    ],
)
def test_file_that_breaks_the_schema_is_refused(tmp_path, label, change):
    with pytest.raises(ProfileBrokenError):
        read_profile(write(tmp_path, "a.yaml", **change))


def test_requirement_named_twice_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, "items": MINIMAL["items"] * 2}), encoding="utf-8")
    with pytest.raises(ProfileBrokenError, match="twice"):
        read_profile(path)


def test_text_that_is_no_yaml_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("profile: [", encoding="utf-8")
    with pytest.raises(ProfileBrokenError):
        read_profile(path)
