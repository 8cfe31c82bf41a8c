"""Reading a preset's file: every section is checked, nothing is guessed, and its law binds it from the first moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from disclosure.errors import LaxerThanLaw, PresetInvalid
from disclosure.floors import FloorRule
from disclosure.presets import HOUSE_FLOOR, Parameter, Preset, Stricter, UnitKind, Use, check_law, comparable
from disclosure.spec import Presence

EVIDENCE: Final = ("checked", "judgement", "secondary")
"""``checked``: the text was read. ``judgement``: a number of our own. ``secondary``: told by others, text not read."""

HOUSE: Final = "house-"
_LISTS: Final = ("needs", "forbid_fields", "prohibitions", "conditions", "then_apply")


def read_preset(path: Path) -> Preset:
    """Read one file.

    Raises:
        PresetInvalid: if it is incomplete, contradicts itself, or cannot be compared with its law.
        LaxerThanLaw: if it protects less than its law, or releases personal data below the house floor.
    """
    try:
        data = dict(yaml.safe_load(path.read_text(encoding="utf-8")))
        law = data.pop("law")
        data["parameters"] = {name: _parameter(data["id"], name, row, law) for name, row in data["parameters"].items()}
        data["unit_kind"], data["presence"] = UnitKind(data["unit_kind"]), Presence(data["presence"])
        data["release"] = Use(data.get("release", Use.ALLOWED))
        data["floors"] = tuple(FloorRule(**row) for row in data.get("floors", ()))
        data |= {name: tuple(data.get(name, ())) for name in _LISTS}
        preset = Preset(**data)
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        if isinstance(error, PresetInvalid):
            raise
        raise _unreadable(path, type(error).__name__) from error
    if {"min_units", "zero_is_small"} - set(preset.parameters):
        raise _unreadable(path, "parameters")
    _check_use(path, preset)
    check_law(preset.id, preset.parameters)
    _check_floors(preset)
    return preset


def _parameter(preset_id: str, name: str, row: Mapping[str, Any], law: Mapping[str, Any]) -> Parameter:
    if name not in law or "stricter" not in row:
        raise PresetInvalid("preset-not-comparable", preset=preset_id, parameter=name)
    value = comparable(preset_id, name, row["value"], law[name])
    return Parameter(value=value, law=law[name], stricter=Stricter(row["stricter"]), secret=row.get("secret", False))


def _check_use(path: Path, preset: Preset) -> None:
    if preset.evidence not in EVIDENCE:
        raise _unreadable(path, "evidence")
    if preset.release is not Use.ALLOWED:
        if not preset.why_not:
            raise _unreadable(path, "why_not")
        return
    # A number of our own is a rule of the house; somebody else's number must have been read in its own text.
    if preset.evidence != "checked" and not _is_house_rule(preset):
        raise PresetInvalid("preset-evidence-unchecked", preset=preset.id, evidence=preset.evidence)
    count = preset.parameters["min_units"]
    if preset.unit_kind is UnitKind.PERSONAL and min(count.value, count.law) < HOUSE_FLOOR:
        raise LaxerThanLaw("below-house-floor", preset=preset.id, floor=HOUSE_FLOOR)


def _is_house_rule(preset: Preset) -> bool:
    """Whether its number is the house's own: a house preset, or one that is at least as strict as the house floor."""
    least = HOUSE_FLOOR if preset.unit_kind is UnitKind.PERSONAL else 3
    return preset.evidence == "judgement" and (preset.id.startswith(HOUSE) or preset.min_units >= least)


def _check_floors(preset: Preset) -> None:
    """Until the circumstances are stated (`Preset.under`), the highest floor of the table must hold."""
    if not preset.floors:
        return
    highest = max(max(rule.withdrawal, rule.injection) for rule in preset.floors)
    if preset.parameters["min_units"].law != highest:
        raise PresetInvalid("preset-not-comparable", preset=preset.id, parameter="min_units")


def _unreadable(path: Path, problem: str) -> PresetInvalid:
    return PresetInvalid("preset-unreadable", file=path.name, problem=problem)
