"""Statistical disclosure control: protect a table, prove it, verify it, refuse what is unsafe.

Pure: no CKAN, no database server, no network. The order of use is
``engine.connect`` → ``protect`` → ``gate`` → ``release.write`` → ``verify``; `Cleared`, which only the gate can make,
is the only thing that can be released.
"""

from __future__ import annotations

from disclosure.changes import Change, safe_correction
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
from disclosure.presets import Preset, UnitKind, load_preset, preset_ids
from disclosure.proof import Proof
from disclosure.protect import Protected, Withheld, protect
from disclosure.spec import Measure, MeasureKind, Presence, Spec, TimeBin
from disclosure.verify import Claim, Status, passes, verify

__all__ = [
    "Change",
    "Claim",
    "Cleared",
    "DisclosureError",
    "DisclosureRefused",
    "GateRefused",
    "LaxerThanLaw",
    "Measure",
    "MeasureKind",
    "Presence",
    "Preset",
    "PresetInvalid",
    "Proof",
    "Protected",
    "ReleaseExists",
    "Spec",
    "SpecInvalid",
    "Status",
    "TimeBin",
    "UnitKind",
    "Withheld",
    "gate",
    "load_preset",
    "passes",
    "preset_ids",
    "protect",
    "safe_correction",
    "verify",
]
