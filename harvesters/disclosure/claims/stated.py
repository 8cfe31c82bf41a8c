"""What a proof states about its unit, its preset and its rules, compared with what is known here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa

from disclosure.errors import DisclosureError
from disclosure.floors import Circumstances
from disclosure.presets import Preset, Use, load_preset
from disclosure.prohibitions import forbidden_columns
from disclosure.spec import PERIOD_COLUMN, TimeBin

_LENGTHS = {
    TimeBin.QUARTER_HOUR: timedelta(minutes=15),
    TimeBin.HOUR: timedelta(hours=1),
    TimeBin.DAY: timedelta(days=1),
}


def unit_fits(proof: Mapping[str, Any]) -> bool:
    """The statement about the unit agrees with the specification."""
    unit, spec = proof["unit"], proof["spec"]
    if (unit["kind"] == "none") != (spec["unit"] is None):
        return False
    return bool(
        unit["column"] == spec["unit"]
        and unit["counted"] == spec["presence"]
        and unit["also"] == list(spec.get("also_units", ()))
    )


def known_preset(stated: Mapping[str, Any]) -> Preset | None:
    """The preset as it ships here, under the stated circumstances; None when this version of it is not known.

    Raises:
        DisclosureError: when the statement contradicts the preset.
    """
    try:
        known = load_preset(stated["id"])
    except DisclosureError:
        return None
    if known.version != stated["version"]:
        return None
    if stated["circumstances"] is not None:
        known = known.under(Circumstances.from_mapping(stated["circumstances"]))
    return known.confirming(*stated["confirmed"]).tightened(**stated["parameters"])


def preset_is_strict(stated: Mapping[str, Any], unit: Mapping[str, Any]) -> bool | None:
    """Whether the stated parameters are allowed under the preset's law; None when the preset is not known here."""
    try:
        known = known_preset(stated)
    except DisclosureError:
        return False
    if known is None:
        return None
    if known.release is not Use.ALLOWED or set(known.conditions) != set(known.confirmed):
        return False
    same_source = dict(known.source) == dict(stated["source"]) and known.evidence == stated["evidence"]
    return same_source and (unit["kind"], unit["counted"]) == (str(known.unit_kind), str(known.presence))


def rules_fit(proof: Mapping[str, Any]) -> bool | None:
    """Whether every rule that the preset asks for beside its count is stated as applied; None for one not known."""
    try:
        known = known_preset(proof["preset"])
    except DisclosureError:
        return False
    if known is None:
        return None
    wanted = {*known.needs, *(("max-share",) if known.max_share_percent is not None else ())}
    return wanted <= set(proof["rules"])


def forbidden_fields_absent(table: pa.Table, proof: Mapping[str, Any]) -> bool | None:
    """Whether no column of the table is one that the preset forbids; None for a preset not known here."""
    try:
        known = known_preset(proof["preset"])
    except DisclosureError:
        return False
    return None if known is None else not forbidden_columns(table.column_names, known.forbid_fields)


def circumstances_fit(table: pa.Table, proof: Mapping[str, Any]) -> bool:
    """Whether interval and length of the table are those that its floor was chosen for."""
    stated = proof["preset"]["circumstances"]
    if stated is None:
        return True
    case = Circumstances.from_mapping(stated)
    interval = _LENGTHS[TimeBin(proof["spec"]["time_bin"])]
    if interval != case.interval or PERIOD_COLUMN not in table.column_names:
        return False
    starts = table.column(PERIOD_COLUMN).unique().to_pylist()
    if not starts:
        return True
    # An hour of grace: a local day has 25 hours once a year.
    return bool(max(starts) - min(starts) + interval <= case.period + timedelta(hours=1))
