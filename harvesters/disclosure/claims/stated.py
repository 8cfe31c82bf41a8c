"""What a proof states about its unit and its preset, compared with what is known here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from disclosure.errors import DisclosureError
from disclosure.presets import load_preset


def unit_fits(proof: Mapping[str, Any]) -> bool:
    """The statement about the unit agrees with the specification."""
    unit, spec = proof["unit"], proof["spec"]
    if (unit["kind"] == "none") != (spec["unit"] is None):
        return False
    return bool(unit["column"] == spec["unit"] and unit["counted"] == spec["presence"])


def preset_is_strict(stated: Mapping[str, Any], unit: Mapping[str, Any]) -> bool | None:
    """Whether the stated parameters are allowed under the preset's law; None when the preset is not known here."""
    try:
        known = load_preset(stated["id"])
    except DisclosureError:
        return None
    if known.version != stated["version"]:
        return None
    if (unit["kind"], unit["counted"]) != (str(known.unit_kind), str(known.presence)):
        return False
    try:
        known.tightened(**stated["parameters"])
    except DisclosureError:
        return False
    return True
