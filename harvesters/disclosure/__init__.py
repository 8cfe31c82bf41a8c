"""Statistical disclosure control: protect a table, prove it, verify it, refuse what is unsafe.

Pure: no CKAN, no database server, no network. The order of use is
``source.opened`` → ``assess`` → ``protect`` → ``gate`` → ``release.write`` → ``verify``; `Cleared`, which only the gate
can make, is the only thing that can be released. The command ``disclosure`` does the same for files.
"""

from __future__ import annotations

from disclosure.assess import Questions, Risk, assess, assess_source
from disclosure.attacks import run_all as attack
from disclosure.changes import Change, safe_correction
from disclosure.claims.core import Claim, Status
from disclosure.errors import (
    DisclosureError,
    DisclosureRefused,
    GateRefused,
    LaxerThanLaw,
    PresetInvalid,
    ReleaseExists,
    SpecInvalid,
)
from disclosure.gate import Cleared, gate
from disclosure.policies import policy_class, policy_dict, policy_from
from disclosure.policies.base import Plan, Policy
from disclosure.presets import Preset, UnitKind, load_preset, preset_ids
from disclosure.proof import Proof
from disclosure.protect import explain, protect
from disclosure.protected import Protected, Withheld
from disclosure.recheck import verify_against
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Measure, MeasureKind, Presence, Spec, TimeBin
from disclosure.verify import passes, verify

__all__ = [
    "NO_SITE",
    "Change",
    "Claim",
    "Cleared",
    "DisclosureError",
    "DisclosureRefused",
    "GateRefused",
    "LaxerThanLaw",
    "Measure",
    "MeasureKind",
    "Plan",
    "Policy",
    "Presence",
    "Preset",
    "PresetInvalid",
    "Proof",
    "Protected",
    "Questions",
    "ReleaseExists",
    "Risk",
    "SiteRules",
    "Spec",
    "SpecInvalid",
    "Status",
    "TimeBin",
    "UnitKind",
    "Withheld",
    "assess",
    "assess_source",
    "attack",
    "explain",
    "gate",
    "load_preset",
    "passes",
    "policy_class",
    "policy_dict",
    "policy_from",
    "preset_ids",
    "protect",
    "safe_correction",
    "verify",
    "verify_against",
]
