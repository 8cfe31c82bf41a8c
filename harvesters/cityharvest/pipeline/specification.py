"""From a mandate to the specification, the preset and the policy of its disclosure control. Pure.

Roles and physical units come from the contract, shape and policy from the mandate's product, the way of counting from
the preset. A contract that names a unit always hands it on, also under a preset without units: such a pair is refused
there. ``product.disclosure`` is optional and holds: ``policy`` (name and parameters; a flat table with a threshold
when left out), ``jurisdiction``, ``direction`` (of energy, for load curves), ``confirmed`` (conditions of the preset
that no table shows), ``subject`` (mandates of one subject are about the same people), and columns of the contract for
``also_units``, ``contributor``, ``identifiers``, ``quasi``, ``sensitive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from cityharvest.contract_shape import names_with_role
from cityharvest.periods import Cadence
from cityharvest.records import Mandate
from disclosure import Measure, Policy, Preset, Spec, load_preset, policy_from
from disclosure.floors import Circumstances, Direction

DEFAULT_BIN = "PT1H"
DEFAULT_DECIMALS = 1
DEFAULT_POLICY: Final[Mapping[str, Any]] = {"name": "threshold", "parameters": {}}
_BINS: Final = {"PT15M": timedelta(minutes=15), "PT1H": timedelta(hours=1), "P1D": timedelta(days=1)}
#: The longest that a period of a cadence lasts.
_LONGEST: Final[Mapping[Cadence, timedelta]] = {
    Cadence.DAY: timedelta(days=1),
    Cadence.MONTH: timedelta(days=31),
    Cadence.QUARTER: timedelta(days=92),
    Cadence.YEAR: timedelta(days=366),
}


def preset_of(mandate: Mandate) -> Preset:
    """Return the mandate's preset in its circumstances, tightened by its parameters.

    Raises:
        LaxerThanLaw: a parameter is laxer than the preset's law.
        PresetInvalid: there is no such preset, parameter or condition.
        DisclosureRefused: the preset's law knows no such interval.
    """
    wanted = disclosure_of(mandate)
    preset = load_preset(mandate.preset_id).confirming(*wanted.get("confirmed", ()))
    if preset.floors and "direction" in wanted:
        preset = preset.under(
            Circumstances(
                interval=_BINS[mandate.product.get("time_bin", DEFAULT_BIN)],
                period=_LONGEST[Cadence(mandate.cadence)],
                direction=Direction(wanted["direction"]),
            )
        )
    return preset.tightened(**mandate.preset_parameters)


def policy_of(mandate: Mandate) -> Policy:
    """Return the way the mandate's tables are protected.

    Raises:
        SpecInvalid: there is no such policy, or its parameters contradict each other.
    """
    return policy_from(disclosure_of(mandate).get("policy", DEFAULT_POLICY))


def disclosure_of(mandate: Mandate) -> Mapping[str, Any]:
    """Return what the mandate says about its disclosure control beside preset and parameters."""
    found: Mapping[str, Any] = mandate.product.get("disclosure", {})
    return found


def subject_of(mandate: Mandate) -> str:
    """Return what the mandate's tables are about: mandates of one company and subject concern the same people."""
    return str(disclosure_of(mandate).get("subject") or mandate.slug)


def spec_of(mandate: Mandate, preset: Preset) -> Spec:
    """Return the specification.

    Raises:
        SpecInvalid: the contract's roles and the product contradict each other.
    """
    contract, product, wanted = mandate.contract, mandate.product, disclosure_of(mandate)
    units = names_with_role(contract, "unit")
    zones = names_with_role(contract, "zone")
    return Spec(
        unit=units[0] if units else None,
        zone=zones[0] if len(zones) == 1 else tuple(zones),
        time=(names_with_role(contract, "time") or ["ts"])[0],
        measures=_measures(contract, product),
        time_bin=product.get("time_bin", DEFAULT_BIN),
        timezone=mandate.timezone,
        count_rows_as=product.get("count_rows_as"),
        presence=preset.presence,
        unit_label=contract.get("unit_label", {}),
        titles=_titles(contract),
        contributor=wanted.get("contributor"),
        jurisdiction=wanted.get("jurisdiction", "EU"),
        also_units=tuple(wanted.get("also_units", ())),
        identifiers=tuple(wanted.get("identifiers", ())),
        quasi=tuple(wanted.get("quasi", ())),
        sensitive=tuple(wanted.get("sensitive", ())),
    )


def _measures(contract: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Measure]:
    shaped: Mapping[str, Mapping[str, Any]] = product.get("measures", {})
    return {
        name: Measure(
            kind=shaped.get(name, {}).get("kind", "sum"),
            decimals=shaped.get(name, {}).get("decimals", DEFAULT_DECIMALS),
            unit=_field(contract, name).get("unit"),
        )
        for name in names_with_role(contract, "measure")
    }


def _titles(contract: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    titled = {str(one["name"]): one.get("title") for one in contract["fields"]}
    return {name: title for name, title in titled.items() if isinstance(title, Mapping)}


def _field(contract: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(one for one in contract["fields"] if one["name"] == name)
    return found
