"""Disclosure presets: dated files with a legal source, parameters, and for each parameter the stricter direction.

A preset can be made stricter, never laxer than its law: neither by a call (`Preset.tightened`) nor by the file itself,
which is compared with its own ``law`` section each time it is loaded. A parameter that cannot be compared with the
law is refused. Parameters marked ``secret`` never appear in anything published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import yaml

from disclosure.errors import LaxerThanLaw, PresetInvalid
from disclosure.spec import Presence

PRESETS_FOLDER = Path(str(files("disclosure"))) / "presets"


class UnitKind(StrEnum):
    """Whose privacy a preset protects."""

    PERSONAL = "personal"
    BUSINESS = "business"
    NONE = "none"


class Stricter(StrEnum):
    """The direction in which a parameter protects more."""

    HIGHER = "higher"
    LOWER = "lower"
    YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value, the law's value, and the direction that is stricter."""

    value: int | bool
    law: int | bool
    stricter: Stricter
    secret: bool = False

    def is_laxer(self, value: int | bool) -> bool:
        """Whether `value` protects less than the law's."""
        if self.stricter is Stricter.LOWER:
            return value > self.law
        return value < self.law


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One dated version of a rule; `parameters` are compared with the law when it is loaded and when tightened."""

    id: str
    version: str
    title: Mapping[str, str]
    unit_kind: UnitKind
    presence: Presence
    source: Mapping[str, Any]
    evidence: str
    evidence_note: str
    valid_from: date
    valid_to: date | None
    parameters: Mapping[str, Parameter]
    needs: tuple[str, ...] = ()
    why_no_unit: Mapping[str, str] | None = None

    @property
    def min_units(self) -> int:
        """The least number of units in a published cell."""
        return int(self.parameters["min_units"].value)

    @property
    def zero_is_small(self) -> bool:
        """Whether a zero is withheld like any other small figure."""
        return bool(self.parameters["zero_is_small"].value)

    def public_parameters(self) -> dict[str, int | bool]:
        """The parameters that may be printed beside a release."""
        return {name: parameter.value for name, parameter in self.parameters.items() if not parameter.secret}

    def tightened(self, **values: int | bool) -> Self:
        """Return a stricter copy.

        Raises:
            LaxerThanLaw: if a value protects less than the law of the preset.
            PresetInvalid: if the preset has no such parameter or the value is of another type.
        """
        changed = dict(self.parameters)
        for name, value in values.items():
            if name not in changed:
                raise PresetInvalid("preset-parameter-unknown", preset=self.id, parameter=name)
            changed[name] = replace(changed[name], value=_comparable(self.id, name, value, changed[name].law))
        _check_law(self.id, changed)
        return replace(self, parameters=changed)


def load_preset(preset_id: str, *, on: date | None = None, folder: Path = PRESETS_FOLDER) -> Preset:
    """Load the version of a preset that is valid on a day, or the newest one.

    Raises:
        PresetInvalid: if no version fits or the file is incomplete.
        LaxerThanLaw: if the file's parameters are laxer than its own law.
    """
    versions = [_from_file(path) for path in sorted(folder.glob(f"{preset_id}-*.yaml"))]
    fitting = [preset for preset in versions if preset.id == preset_id and _valid(preset, on)]
    if not fitting:
        raise PresetInvalid("preset-unknown", preset=preset_id, on=on.isoformat() if on else None)
    return max(fitting, key=lambda preset: preset.valid_from)


def preset_ids(folder: Path = PRESETS_FOLDER) -> tuple[str, ...]:
    """The ids of all presets that are shipped."""
    return tuple(sorted({_from_file(path).id for path in folder.glob("*.yaml")}))


def _valid(preset: Preset, on: date | None) -> bool:
    return on is None or (preset.valid_from <= on and (preset.valid_to is None or on <= preset.valid_to))


def _from_file(path: Path) -> Preset:
    try:
        data = dict(yaml.safe_load(path.read_text(encoding="utf-8")))
        law = data.pop("law")
        data["parameters"] = {name: _parameter(data["id"], name, row, law) for name, row in data["parameters"].items()}
        data["unit_kind"], data["presence"] = UnitKind(data["unit_kind"]), Presence(data["presence"])
        data["needs"] = tuple(data.get("needs", ()))
        preset = Preset(**data)
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise PresetInvalid("preset-unreadable", file=path.name, problem=type(error).__name__) from error
    if {"min_units", "zero_is_small"} - set(preset.parameters):
        raise PresetInvalid("preset-unreadable", file=path.name, problem="parameters")
    _check_law(preset.id, preset.parameters)
    return preset


def _parameter(preset_id: str, name: str, row: Mapping[str, Any], law: Mapping[str, Any]) -> Parameter:
    if name not in law or "stricter" not in row:
        raise PresetInvalid("preset-not-comparable", preset=preset_id, parameter=name)
    value = _comparable(preset_id, name, row["value"], law[name])
    return Parameter(value=value, law=law[name], stricter=Stricter(row["stricter"]), secret=row.get("secret", False))


def _comparable(preset_id: str, name: str, value: object, law: object) -> int | bool:
    # bool is an int in Python: "true" must not pass for the number 1, nor 10.5 for 10.
    if type(value) is not type(law) or not isinstance(value, int):
        raise PresetInvalid("preset-not-comparable", preset=preset_id, parameter=name)
    return value


def _check_law(preset_id: str, parameters: Mapping[str, Parameter]) -> None:
    for name, parameter in parameters.items():
        if parameter.is_laxer(parameter.value):
            shown = {} if parameter.secret else {"value": parameter.value, "law": parameter.law}
            raise LaxerThanLaw("laxer-than-law", preset=preset_id, parameter=name, **shown)
