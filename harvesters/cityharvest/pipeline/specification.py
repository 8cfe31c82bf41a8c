"""From a mandate to the specification of its disclosure control. Pure.

Roles and physical units come from the contract, shape from the mandate's product, the way of counting from the preset.
A contract that names a unit always hands it on, also under a preset without units: such a pair is refused there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cityharvest.contract_shape import names_with_role
from cityharvest.records import Mandate
from disclosure import Measure, Preset, Spec, load_preset

DEFAULT_BIN = "PT1H"
DEFAULT_DECIMALS = 1


def preset_of(mandate: Mandate) -> Preset:
    """Return the mandate's preset, tightened by its parameters.

    Raises:
        LaxerThanLaw: a parameter is laxer than the preset's law.
        PresetInvalid: there is no such preset or parameter.
    """
    return load_preset(mandate.preset_id).tightened(**mandate.preset_parameters)


def spec_of(mandate: Mandate, preset: Preset) -> Spec:
    """Return the specification.

    Raises:
        SpecInvalid: the contract's roles and the product contradict each other.
    """
    contract, product = mandate.contract, mandate.product
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
