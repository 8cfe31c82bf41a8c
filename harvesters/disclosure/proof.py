"""The public statement beside a release, ``proof.json``, and its published JSON Schema.

Boundary: says what was done and what is claimed; never more than the table itself reveals. So it carries no exact
number of withheld cells or units, no secret parameter, no achieved share, and the input only as an HMAC under a key
that stays with the site (a plain hash would let anybody test guesses about one unknown row).
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, Final

from disclosure.gate import Cleared
from disclosure.policies import policy_dict
from disclosure.presets import UnitKind

SCHEMA_VERSION: Final = 1
PROOF_NAME: Final = "proof.json"
NOT_CLAIMED: Final = ("dominance", "differencing-with-other-tables", "repeated-observation", "truth-of-the-input")
"""Slugs of what a release under a least number of units does not promise; texts in ``disclosure.messages``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One published file by its hash and size."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The content of ``proof.json``; `as_dict` is what is written."""

    release_id: str
    outputs: Mapping[str, Output]
    document: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return dict(self.document)

    def to_json(self) -> bytes:
        """Canonical text: sorted keys, two spaces, UTF-8, one line feed at the end."""
        return (json.dumps(self.document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode("utf-8")


def make_proof(
    cleared: Cleared, *, release_id: str, input_hmac: str, outputs: Mapping[str, Output], extra: Mapping[str, Any]
) -> Proof:
    """Put the proof together. ``extra["audit_head"]`` becomes its own field, the rest stands under ``context``."""
    context = dict(extra)
    audit_head = context.pop("audit_head", None)
    document = {
        "schema_version": SCHEMA_VERSION,
        "release_id": release_id,
        "outputs": {name: {"sha256": output.sha256, "bytes": output.size} for name, output in outputs.items()},
        "rows": cleared.protected.table.num_rows,
        "input": {"hmac_sha256": input_hmac},
        "unit": _unit(cleared),
        "preset": _preset(cleared),
        "achieved": {"min_units": cleared.protected.achieved_min},
        "withheld": {
            "cells": cleared.protected.withheld.cells_band,
            "units": cleared.protected.withheld.units_band,
            "reason": None if cleared.preset.unit_kind is UnitKind.NONE else "fewer-than-min-units",
        },
        "missing_values": "missing-units-count-as-one",
        "totals": "none",
        "spec": cleared.spec.as_dict(),
        "policy": {**policy_dict(cleared.protected.policy), "facts": dict(cleared.protected.public_facts)},
        "gate": "independent-recount-passed",
        "audit_head": audit_head,
        "context": context,
        "versions": versions(),
        "not_claimed": list(NOT_CLAIMED),
    }
    return Proof(release_id=release_id, outputs=dict(outputs), document=document)


@cache
def proof_schema() -> dict[str, Any]:
    """The JSON Schema that every ``proof.json`` of this version satisfies."""
    text = (files("disclosure") / "schemas" / f"proof-{SCHEMA_VERSION}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def versions() -> dict[str, str]:
    """Versions of what computed the release."""
    found = {"python": platform.python_version()}
    for name in ("cityopen", "duckdb", "pyarrow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _unit(cleared: Cleared) -> dict[str, Any]:
    preset, spec = cleared.preset, cleared.spec
    unit: dict[str, Any] = {
        "kind": str(preset.unit_kind),
        "counted": str(preset.presence),
        "column": spec.unit,
        "label": dict(spec.unit_label),
    }
    if preset.why_no_unit:
        unit["why_no_unit"] = dict(preset.why_no_unit)
    return unit


def _preset(cleared: Cleared) -> dict[str, Any]:
    preset = cleared.preset
    return {
        "id": preset.id,
        "version": preset.version,
        "title": dict(preset.title),
        "source": dict(preset.source),
        "evidence": preset.evidence,
        "valid_from": preset.valid_from.isoformat(),
        "parameters": preset.public_parameters(),
    }
