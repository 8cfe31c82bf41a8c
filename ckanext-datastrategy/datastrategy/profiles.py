"""Profiles from dated data files: one file per version, checked against a JSON schema when read.

A changed list is a new file with its own ``valid_from``; the old one gets a ``valid_to`` and stays.
Boundary: reads only its own folder, or one it is given; never an address.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from datastrategy.kinds import DataKind, Level
from datastrategy.legal import LegalReference
from datastrategy.licenses import LicenseRule
from datastrategy.localized import Localized
from datastrategy.requirements import Profile, Requirement, Step

__all__ = [
    "DEFAULT_PROFILE",
    "ProfileBrokenError",
    "ProfileNotFoundError",
    "load_profile",
    "profile_ids",
    "read_profile",
]

DEFAULT_PROFILE = "cityopen-core"
_FOLDER = Path(__file__).with_name("profiles")


class ProfileNotFoundError(LookupError):
    """No version of a profile is valid on the day asked for."""

    code = "profile-not-found"

    def __init__(self, profile_id: str, on: date) -> None:
        super().__init__(f"no version of profile {profile_id!r} is valid on {on.isoformat()}")
        self.profile_id = profile_id
        self.on = on


class ProfileBrokenError(ValueError):
    """A profile file does not keep its schema, or names an id twice."""

    code = "profile-broken"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path.name}: {problem}")
        self.path = path
        self.problem = problem


def load_profile(profile_id: str, on: date, folder: Path = _FOLDER) -> Profile:
    """Return the version of a profile that applies on a day; of several the one that began last.

    Raises:
        ProfileNotFoundError: No version is valid on that day.
        ProfileBrokenError: A file of the profile cannot be read as one.
    """
    versions = [item for item in _all(folder) if item.id == profile_id and item.is_valid(on)]
    if not versions:
        raise ProfileNotFoundError(profile_id, on)
    return max(versions, key=lambda item: item.valid_from)


def profile_ids(folder: Path = _FOLDER) -> tuple[str, ...]:
    """Return the ids of all profiles of the folder in alphabetical order, each once."""
    return tuple(sorted({item.id for item in _all(folder)}))


def read_profile(path: Path) -> Profile:
    """Return the profile of one file.

    Raises:
        ProfileBrokenError: The file is no YAML, breaks the schema or names a requirement twice.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        jsonschema.validate(_plain(raw), _schema())
    except yaml.YAMLError as exc:
        raise ProfileBrokenError(path, "is not YAML") from exc
    except jsonschema.ValidationError as exc:
        raise ProfileBrokenError(path, f"{exc.json_path}: {exc.message}") from exc
    profile = _profile(raw)
    ids = [item.id for item in profile.requirements]
    if len(set(ids)) != len(ids):
        raise ProfileBrokenError(path, "a requirement is named twice")
    return profile


@lru_cache(maxsize=8)
def _all(folder: Path) -> tuple[Profile, ...]:
    return tuple(read_profile(path) for path in sorted(folder.glob("*.yaml")))


@lru_cache(maxsize=1)
def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads((_FOLDER / "profile.schema.json").read_text(encoding="utf-8"))
    return schema


def _plain(raw: Any) -> Any:
    """Return what YAML read with its dates as ISO text, which is what JSON schema knows."""
    return json.loads(json.dumps(raw, default=lambda value: value.isoformat()))


def _day(value: Any) -> date | None:
    return value if value is None or isinstance(value, date) else date.fromisoformat(str(value))


def _profile(raw: Mapping[str, Any]) -> Profile:
    head = raw["profile"]
    shared_steps = tuple(_steps(raw["steps"]))
    valid_from = _day(head["valid_from"])
    if valid_from is None:  # unreachable behind the schema; keeps the type honest
        raise KeyError("valid_from")
    return Profile(
        id=head["id"],
        version=str(head["version"]),
        title=Localized.from_mapping(head["title"]),
        valid_from=valid_from,
        valid_to=_day(head.get("valid_to")),
        binding=head["binding"],
        source=LegalReference.from_mapping(head["source"]),
        requirements=tuple(
            _requirement(item, raw["defaults"], shared_steps, optional=optional)
            for key, optional in (("items", False), ("optional", True))
            for item in raw.get(key, ())
        ),
    )


def _requirement(
    raw: Mapping[str, Any], defaults: Mapping[str, Any], shared_steps: tuple[Step, ...], *, optional: bool
) -> Requirement:
    levels = {**defaults["levels"], **raw.get("levels", {})}
    first = Step(id="prepare", days=defaults["first_step_days"], text=Localized.from_mapping(raw["first_step"]))
    return Requirement(
        id=raw["id"],
        title=Localized.from_mapping(raw["title"]),
        consequence=Localized.from_mapping(raw["consequence"]),
        theme=raw["theme"],
        frequency=raw["frequency"],
        formats_any=tuple(raw.get("formats", defaults["formats"])),
        steps=(first, *shared_steps),
        data_kind=DataKind(raw.get("data_kind", DataKind.CITY)),
        license_rule=LicenseRule(raw.get("license_rule", defaults["license_rule"])),
        levels={name: Level(level) for name, level in levels.items()},
        tolerance=float(raw.get("tolerance", defaults["tolerance"])),
        optional=optional,
        also=tuple(raw.get("also", ())),
    )


def _steps(raw: list[Mapping[str, Any]]) -> Iterator[Step]:
    for item in raw:
        yield Step(id=item["id"], days=item["days"], text=Localized.from_mapping(item["text"]))
