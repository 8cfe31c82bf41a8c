"""What a command works on: the YAML file of ``--spec`` and the secret file of ``--site``, read and checked.

The YAML has the fields of `Spec` by their names, and beside them ``preset``, ``parameters`` (only stricter ones),
``policy`` (``name`` and ``parameters``), and ``local_time``: the time zone that times without an offset are meant in.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import duckdb
import yaml

from disclosure import source
from disclosure.assess import Questions
from disclosure.concentration import rules_for
from disclosure.errors import SpecInvalid
from disclosure.policies import policy_from
from disclosure.policies.base import Policy
from disclosure.presets import Preset, load_preset
from disclosure.recoding.hierarchy import with_files
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Measure, Spec

if TYPE_CHECKING:
    from disclosure.policies.dp import DifferentialPrivacy
    from disclosure.privacy_budget.account import BudgetStore

_OF_JOB = ("preset", "parameters", "policy", "local_time")
_LISTS = ("also_units", "identifiers", "quasi", "sensitive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A specification with the rule and the policy it is to be protected by."""

    spec: Spec
    preset: Preset | None
    policy: Policy
    site: SiteRules
    local_time: str | None

    def required_preset(self) -> Preset:
        """The preset.

        Raises:
            SpecInvalid: code ``preset-not-named``.
        """
        if self.preset is None:
            raise SpecInvalid("preset-not-named")
        return self.preset

    def with_budget(self, path: Path | None) -> Self:
        """The same job, with the store of privacy budgets where its policy spends one."""
        store = budget_store(path) if self.policy.name == "dp" else None
        return replace(self, policy=cast("DifferentialPrivacy", self.policy).with_store(store)) if store else self

    @contextmanager
    def opened(self, path: Path, memory: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """Open the input so that codes stay text and times have an offset."""
        spec = self.spec
        text = [*spec.zones, *spec.units, *spec.identifiers, *spec.quasi, *spec.sensitive]
        local = (spec.time, self.local_time) if self.local_time and spec.time else None
        with source.opened(path, memory=memory, text=text, local_time=local) as (con, relation):
            yield con, relation


def budget_store(path: Path | None) -> BudgetStore | None:
    """The store of privacy budgets in a file."""
    # Imported here: most calls do not need it.
    from disclosure.privacy_budget.sqlite_store import SqliteStore

    return SqliteStore(path) if path is not None else None


def load(path: Path, site: Path | None = None) -> Job:
    """Read a job.

    Raises:
        SpecInvalid, PresetInvalid, LaxerThanLaw: with what is wrong in the file.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecInvalid("spec-unreadable", file=path.name) from error
    if not isinstance(data, Mapping):
        raise SpecInvalid("spec-unreadable", file=path.name)
    return from_mapping(_with_files(data, path.parent), SiteRules.from_file(site) if site else NO_SITE)


def _with_files(data: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The job with the hierarchy files of a recoding read; they lie beside the specification."""
    policy = data.get("policy")
    if not isinstance(policy, Mapping) or policy.get("name") != "recode":
        return data
    return {**data, "policy": {**policy, "parameters": with_files(policy.get("parameters") or {}, folder)}}


def from_mapping(data: Mapping[str, Any], site: SiteRules) -> Job:
    """Build a job from what the file holds."""
    known = [each.name for each in fields(Spec)]
    for key in data:
        if key not in known and key not in _OF_JOB:
            near = difflib.get_close_matches(str(key), [*known, *_OF_JOB], 1)
            raise SpecInvalid("spec-key-unknown", key=key, meant=near)
    preset = load_preset(str(data["preset"])) if data.get("preset") else None
    if preset is not None:
        preset = preset.tightened(**data.get("parameters", {}))
    policy = policy_from(data.get("policy", {"name": "threshold"}))
    return Job(spec=_spec(data, preset), preset=preset, policy=policy, site=site, local_time=data.get("local_time"))


def _spec(data: Mapping[str, Any], preset: Preset | None) -> Spec:
    values = {key: value for key, value in data.items() if key not in _OF_JOB}
    values.setdefault("unit", None)
    for name in _LISTS:
        if isinstance(values.get(name), str):
            values[name] = (values[name],)
    if isinstance(values.get("zone"), list):
        values["zone"] = tuple(values["zone"])
    if preset is not None:
        values.setdefault("presence", preset.presence)
    try:
        values["measures"] = {name: Measure(**(row or {})) for name, row in values.get("measures", {}).items()}
        return Spec(**values)
    except (TypeError, AttributeError) as error:
        raise SpecInvalid("spec-unreadable", file="spec") from error


def questions(job: Job, population: int | None = None) -> Questions:
    """What `assess` is asked: the least number of the preset, and the rules of preset and house."""
    if job.preset is None:
        return Questions(population=population)
    return Questions(
        min_units=max(job.preset.min_units, 1), rules=rules_for(job.preset, job.site), population=population
    )
