"""Disclosure presets: dated files with a legal source, parameters, and for each parameter the stricter direction.

A preset can be made stricter, never laxer than its law: neither by a call (`Preset.tightened`) nor by the file itself,
which is compared with its own ``law`` section each time it is loaded. A parameter that cannot be compared with the
law is refused. Parameters marked ``secret`` never appear in anything published.

A preset whose evidence was read and which counts people, meters or companies may release; one that counts trips or
rows, or whose text was not read, is there for reference; one whose law forbids publication says so (`check_release`).
Boundary: values and comparisons; reading of the files is ``disclosure.preset_files``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from disclosure.errors import DisclosureRefused, LaxerThanLaw, PresetInvalid
from disclosure.floors import Circumstances, FloorRule, floor_of
from disclosure.spec import Presence

PRESETS_FOLDER = Path(str(files("disclosure"))) / "presets"
ANYWHERE = ""
"""Jurisdiction of a preset that binds nobody to a country."""

UNION = "EU"
HOUSE_FLOOR = 10
"""No preset releases personal data below this number of units, whatever its law allows."""


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


class Use(StrEnum):
    """What a preset may be used for."""

    ALLOWED = "allowed"
    REFERENCE = "reference"
    FORBIDDEN = "forbidden"


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
    """One dated version of a rule; `parameters` are compared with the law when it is loaded and when tightened.

    Attributes:
        counts: what the law's number counts (``person``, ``meter``, ``trip`` …).
        release: whether it may release, is for reference, or forbids publication; `why_not` says why as a slug.
        jurisdiction: country code, ``EU``, or `ANYWHERE`.
        needs: rules that a policy must apply beside the count, such as ``p-percent``.
        forbid_fields: columns that must not be published under it.
        prohibitions: slugs of further prohibitions, see ``disclosure.prohibitions``.
        conditions: what the law asks for and no table shows; somebody must confirm it (`confirming`).
        floors: rows of a least number of units that depends on interval, period and direction (`under`).
        then_apply: presets that the law of this one leaves the numbers to.
        facts: what else the source says, for people only.
    """

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
    counts: str = "unit"
    release: Use = Use.ALLOWED
    why_not: str | None = None
    jurisdiction: str = ANYWHERE
    needs: tuple[str, ...] = ()
    why_no_unit: Mapping[str, str] | None = None
    forbid_fields: tuple[str, ...] = ()
    prohibitions: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    floors: tuple[FloorRule, ...] = ()
    finest_interval_min: int | None = None
    circumstances: Circumstances | None = None
    then_apply: tuple[str, ...] = ()
    facts: Mapping[str, Any] | None = None

    @property
    def min_units(self) -> int:
        """The least number of units in a published cell."""
        return int(self.parameters["min_units"].value)

    @property
    def zero_is_small(self) -> bool:
        """Whether a zero is withheld like any other small figure."""
        return bool(self.parameters["zero_is_small"].value)

    @property
    def max_share_percent(self) -> int | None:
        """The most that one contributor may hold of a cell's total, in percent; None where the law sets none."""
        share = self.parameters.get("max_share_percent")
        return None if share is None else int(share.value)

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
            changed[name] = replace(changed[name], value=comparable(self.id, name, value, changed[name].law))
        check_law(self.id, changed)
        return replace(self, parameters=changed)

    def under(self, case: Circumstances) -> Self:
        """Return the preset as it stands in `case`; one without a table of floors stays as it is.

        Raises:
            DisclosureRefused: codes ``interval-too-fine`` and ``no-floor``.
        """
        if not self.floors:
            return self
        floor = floor_of(self.floors, case, finest_interval_min=self.finest_interval_min)
        floor = max(floor, HOUSE_FLOOR) if self.unit_kind is UnitKind.PERSONAL else floor
        count = replace(self.parameters["min_units"], value=floor, law=floor)
        return replace(self, parameters={**self.parameters, "min_units": count}, circumstances=case)

    def confirming(self, *conditions: str) -> Self:
        """Return a copy in which somebody answers for `conditions`.

        Raises:
            PresetInvalid: if the preset has no such condition.
        """
        if unknown := set(conditions) - set(self.conditions):
            raise PresetInvalid("preset-condition-unknown", preset=self.id, conditions=sorted(unknown))
        return replace(self, confirmed=tuple(name for name in self.conditions if name in conditions))

    def applies_in(self, jurisdiction: str) -> bool:
        """Whether the preset's law can be chosen for data of `jurisdiction`; Union law is law in every member."""
        return self.jurisdiction in (ANYWHERE, UNION, jurisdiction)


def check_release(preset: Preset) -> None:
    """Refuse a preset under which nothing may be released.

    Raises:
        DisclosureRefused: codes ``preset-publication-forbidden``, ``preset-reference-only`` and
            ``preset-condition-unconfirmed``.
    """
    if preset.release is Use.FORBIDDEN:
        raise DisclosureRefused("preset-publication-forbidden", preset=preset.id)
    if preset.release is Use.REFERENCE:
        raise DisclosureRefused("preset-reference-only", preset=preset.id, why=preset.why_not)
    open_ones = [name for name in preset.conditions if name not in preset.confirmed]
    if open_ones:
        raise DisclosureRefused("preset-condition-unconfirmed", preset=preset.id, conditions=open_ones)


def load_preset(preset_id: str, *, on: date | None = None, folder: Path = PRESETS_FOLDER) -> Preset:
    """Load the version of a preset that is valid on a day, or the newest one.

    Raises:
        PresetInvalid: if no version fits or the file is incomplete.
        LaxerThanLaw: if the file's parameters are laxer than its own law.
    """
    from disclosure.preset_files import read_preset

    versions = [read_preset(path) for path in sorted(folder.glob(f"{preset_id}-*.yaml"))]
    fitting = [preset for preset in versions if preset.id == preset_id and _valid(preset, on)]
    if not fitting:
        raise PresetInvalid("preset-unknown", preset=preset_id, on=on.isoformat() if on else None)
    return max(fitting, key=lambda preset: preset.valid_from)


def preset_ids(folder: Path = PRESETS_FOLDER) -> tuple[str, ...]:
    """The ids of all presets that are shipped."""
    from disclosure.preset_files import read_preset

    return tuple(sorted({read_preset(path).id for path in folder.glob("*.yaml")}))


def _valid(preset: Preset, on: date | None) -> bool:
    return on is None or (preset.valid_from <= on and (preset.valid_to is None or on <= preset.valid_to))


def comparable(preset_id: str, name: str, value: object, law: object) -> int | bool:
    """Return `value` when it can be compared with `law`.

    Raises:
        PresetInvalid: code ``preset-not-comparable``.
    """
    # bool is an int in Python: "true" must not pass for the number 1, nor 10.5 for 10.
    if type(value) is not type(law) or not isinstance(value, int):
        raise PresetInvalid("preset-not-comparable", preset=preset_id, parameter=name)
    return value


def check_law(preset_id: str, parameters: Mapping[str, Parameter]) -> None:
    """Refuse parameters that protect less than the law. Raises ``LaxerThanLaw``; a secret value is not named."""
    for name, parameter in parameters.items():
        if parameter.is_laxer(parameter.value):
            shown = {} if parameter.secret else {"value": parameter.value, "law": parameter.law}
            raise LaxerThanLaw("laxer-than-law", preset=preset_id, parameter=name, **shown)
