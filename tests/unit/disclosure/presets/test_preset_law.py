"""Presets are dated files that can be made stricter, never laxer than the law that they state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from disclosure import LaxerThanLaw, PresetInvalid, UnitKind, load_preset, preset_ids
from disclosure.presets import PRESETS_FOLDER, Parameter, Stricter


def _copy(folder: Path, **changes: object) -> Path:
    """A preset file of our own making, with some sections replaced."""
    data = yaml.safe_load((PRESETS_FOLDER / "house-personal-2026.yaml").read_text(encoding="utf-8"))
    data |= changes
    (folder / "house-personal-2026.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("preset_id", "kind", "min_units", "zero_is_small"),
    [
        ("house-personal", UnitKind.PERSONAL, 10, True),
        ("house-business", UnitKind.BUSINESS, 3, True),
        ("gbfs-free-floating", UnitKind.PERSONAL, 10, True),
        ("gbfs-docked-stations", UnitKind.NONE, 0, False),
    ],
)
def test_shipped_preset_states_its_rule_and_source(preset_id, kind, min_units, zero_is_small):
    preset = load_preset(preset_id)
    assert (preset.unit_kind, preset.min_units, preset.zero_is_small) == (kind, min_units, zero_is_small)
    assert preset.source["title"].keys() == preset.title.keys() == {"sl", "en"}
    assert preset.evidence in {"checked", "judgement"}


def test_all_shipped_files_are_listed():
    assert {path.name.rpartition("-")[0] for path in PRESETS_FOLDER.glob("*.yaml")} == set(preset_ids())
    assert {"house-personal", "house-business", "gbfs-free-floating", "gbfs-docked-stations"} < set(preset_ids())


def test_stricter_is_allowed_and_leaves_the_original_alone():
    preset = load_preset("house-personal")
    assert preset.tightened(min_units=15).min_units == 15
    assert preset.min_units == 10


@pytest.mark.parametrize(
    "values", [{"min_units": 9}, {"zero_is_small": False}, {"min_units": 12, "zero_is_small": False}]
)
def test_laxer_than_law_is_refused(values):
    with pytest.raises(LaxerThanLaw) as refusal:
        load_preset("house-personal").tightened(**values)
    assert refusal.value.code == "laxer-than-law"


@pytest.mark.parametrize("values", [{"min_units": 10.5}, {"min_units": True}, {"zero_is_small": 1}, {"floor": 12}])
def test_values_that_cannot_be_compared_are_refused(values):
    with pytest.raises(PresetInvalid):
        load_preset("house-personal").tightened(**values)


def test_file_laxer_than_its_own_law_is_refused_on_load(tmp_path):
    lax = {"min_units": {"value": 5, "stricter": "higher"}, "zero_is_small": {"value": True, "stricter": "yes"}}
    with pytest.raises(LaxerThanLaw):
        load_preset("house-personal", folder=_copy(tmp_path, parameters=lax))


@pytest.mark.parametrize(
    "parameters",
    [
        {"min_units": {"value": 10}, "zero_is_small": {"value": True, "stricter": "yes"}},
        {"min_units": {"value": 10, "stricter": "higher"}, "zero_is_small": {"value": 1, "stricter": "yes"}},
        {"min_units": {"value": 10, "stricter": "higher"}},
    ],
    ids=["no-direction", "other-type", "zero-rule-missing"],
)
def test_file_that_cannot_be_compared_with_its_law_is_refused(tmp_path, parameters):
    with pytest.raises(PresetInvalid):
        load_preset("house-personal", folder=_copy(tmp_path, parameters=parameters))


def test_preset_is_chosen_by_the_day_it_is_valid_on():
    assert load_preset("house-personal", on=date(2026, 1, 1)).version == "2026-1"
    with pytest.raises(PresetInvalid):
        load_preset("house-personal", on=date(2025, 12, 31))


def test_unknown_preset_is_refused():
    with pytest.raises(PresetInvalid):
        load_preset("house")


def test_lower_can_be_the_stricter_direction():
    share = Parameter(value=85, law=85, stricter=Stricter.LOWER)
    assert not share.is_laxer(80)
    assert share.is_laxer(90)


def test_secret_parameters_are_not_public_and_not_named_in_the_refusal():
    preset = load_preset("house-personal")
    secret = Parameter(value=12, law=10, stricter=Stricter.HIGHER, secret=True)
    preset = replace(preset, parameters={**preset.parameters, "min_units": secret})
    assert "min_units" not in preset.public_parameters()
    with pytest.raises(LaxerThanLaw) as refusal:
        preset.tightened(min_units=9)
    assert not {"value", "law"} & refusal.value.params.keys()
