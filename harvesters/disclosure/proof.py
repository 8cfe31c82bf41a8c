"""The public statement beside a release, ``proof.json``, and its published JSON Schema.

Boundary: says what was done and what is claimed; never more than the table itself reveals. So it carries no exact
number of withheld cells or units, no secret parameter, no achieved share or margin, and the input only as an HMAC
under a key that stays with the site (a plain hash would let anybody test guesses about one unknown row). To secret
parameters it only commits (``disclosure.commitment``). Under differential privacy everything in it is public or
follows from the noisy table: no HMAC, no achieved count, no band, no figure of an attack.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, Final

from disclosure import commitment
from disclosure.bands import NOT_STATED
from disclosure.commitment import Opening
from disclosure.gate import DATA_INDEPENDENT, Cleared
from disclosure.policies import policy_dict
from disclosure.presets import UnitKind
from disclosure.signing import PrivateKey

SCHEMA_VERSION: Final = 2
PROOF_NAME: Final = "proof.json"
ALWAYS_NOT_CLAIMED: Final = ("differencing-with-other-tables", "repeated-observation", "truth-of-the-input")
CONCENTRATION_RULES: Final = frozenset({"p-percent", "dominance", "max-share"})
CONCENTRATION: Final = "concentration-in-cells"
NOT_CLAIMED: Final = (CONCENTRATION, *ALWAYS_NOT_CLAIMED)
"""Slugs of what a release does not promise; the first is promised where every cell passed a rule on concentration."""

_LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {"dp": ("opendp",), "suppression": ("highspy",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One published file by its hash and size."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The content of ``proof.json``; `as_dict` is what is written. `opening` is confidential and stays in the house."""

    release_id: str
    outputs: Mapping[str, Output]
    document: Mapping[str, Any]
    opening: Opening | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return dict(self.document)

    def to_json(self) -> bytes:
        """Sorted keys, two spaces, UTF-8, one line feed at the end."""
        return (json.dumps(self.document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode("utf-8")


def input_hmac(key: bytes, input_sha256: str) -> str:
    """HMAC-SHA256, under a key of the site, of the input's SHA-256 in hexadecimal."""
    return hmac.new(key, input_sha256.encode("ascii"), hashlib.sha256).hexdigest()


def make_proof(
    cleared: Cleared,
    *,
    release_id: str,
    input_hmac: str,
    outputs: Mapping[str, Output],
    extra: Mapping[str, Any],
    signing_key: PrivateKey | None = None,
) -> Proof:
    """Put the proof together and sign it. ``extra["audit_head"]`` becomes its own field, the rest ``context``."""
    context = dict(extra)
    audit_head = context.pop("audit_head", None)
    opening = _opening(cleared)
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "release_id": release_id,
        "outputs": {name: {"sha256": output.sha256, "bytes": output.size} for name, output in outputs.items()},
        "rows": cleared.protected.table.num_rows,
        "input": {"hmac_sha256": None if _is_noisy(cleared) else input_hmac},
        "unit": _unit(cleared),
        "quasi_identifiers": list(cleared.spec.quasi or cleared.spec.key_columns),
        "preset": _preset(cleared),
        **_achieved(cleared),
        "missing_values": "missing-units-count-as-one",
        "spec": cleared.spec.as_dict(),
        **_policy(cleared),
        "commitment": _commitment(opening),
        "gate": {"recount": "independent-recount-passed", "attacks": _attacks(cleared)},
        "audit_head": audit_head,
        "context": context,
        "versions": versions(cleared.protected.policy.name),
        "not_claimed": not_claimed(cleared),
        "signature": None,
    }
    if signing_key is not None:
        document["signature"] = signing_key.sign(document)
    return Proof(release_id=release_id, outputs=dict(outputs), document=document, opening=opening)


@cache
def proof_schema() -> dict[str, Any]:
    """The JSON Schema that every ``proof.json`` of this version satisfies."""
    text = (files("disclosure") / "schemas" / f"proof-{SCHEMA_VERSION}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def versions(policy: str = "") -> dict[str, str]:
    """Versions of what computed the release."""
    found = {"python": platform.python_version()}
    for name in ("cityopen", "duckdb", "pyarrow", *_LIBRARIES.get(policy, ())):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def not_claimed(cleared: Cleared) -> list[str]:
    """What the release does not promise: it depends on the policy and on the rules that were applied."""
    facts = cleared.protected.public_facts
    promised = CONCENTRATION_RULES & set(facts.get("rules", ()))
    return [*(() if promised else (CONCENTRATION,)), *ALWAYS_NOT_CLAIMED, *facts.get("not_claimed", ())]


def _is_noisy(cleared: Cleared) -> bool:
    """Whether nothing but the noisy table itself may depend on the input."""
    return cleared.protected.policy.name in DATA_INDEPENDENT


def _opening(cleared: Cleared) -> Opening | None:
    secrets = {**cleared.site.secrets(), **cleared.protected.secrets}
    return Opening.fresh(secrets) if secrets else None


def _commitment(opening: Opening | None) -> dict[str, str] | None:
    if opening is None:
        return None
    return {"algorithm": commitment.ALGORITHM, "value": opening.commitment()}


def _achieved(cleared: Cleared) -> dict[str, Any]:
    protected = cleared.protected
    reason = None if cleared.preset.unit_kind is UnitKind.NONE else "fewer-than-min-units"
    if _is_noisy(cleared):
        withheld = {"cells": NOT_STATED, "units": NOT_STATED, "reason": reason}
        return {"achieved": {"min_units": None}, "withheld": withheld}
    return {
        "achieved": {"min_units": protected.achieved_min},
        "withheld": {
            "cells": protected.withheld.cells_band,
            "units": protected.withheld.units_band,
            "reason": reason,
        },
    }


def _policy(cleared: Cleared) -> dict[str, Any]:
    facts = cleared.protected.public_facts
    return {
        "policy": {**policy_dict(cleared.protected.policy), "facts": dict(facts)},
        "rules": ["min-units", *facts.get("rules", ())],
        "totals": facts.get("totals", "none"),
        "budget": facts.get("budget"),
    }


def _attacks(cleared: Cleared) -> list[dict[str, Any]]:
    """Attacks with their results; under noise only that they ran, since a result depends on the input."""
    noisy = _is_noisy(cleared)
    return [
        {
            "attack": each.attack,
            "verdict": NOT_STATED if noisy else str(each.verdict),
            "reason": None if noisy else each.reason,
            "figures": {} if noisy else dict(each.figures),
        }
        for each in cleared.attacks
    ]


def _unit(cleared: Cleared) -> dict[str, Any]:
    preset, spec = cleared.preset, cleared.spec
    unit: dict[str, Any] = {
        "kind": str(preset.unit_kind),
        "counted": str(preset.presence),
        "column": spec.unit,
        "also": list(spec.also_units),
        "contributor": spec.contributors,
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
        "jurisdiction": preset.jurisdiction,
        "parameters": preset.public_parameters(),
        "circumstances": preset.circumstances.as_dict() if preset.circumstances else None,
        "confirmed": list(preset.confirmed),
    }
