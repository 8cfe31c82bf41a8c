"""The shape of a contract: a Table Schema object with fields, plus our ``role`` of each field.

Only what a mandate must promise is judged here; how a delivery is read and checked against it is the pipeline's.
Source: Frictionless Table Schema 1.0 (field names, types).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

FIELD_TYPES: Final = frozenset(
    {
        "any",
        "array",
        "boolean",
        "date",
        "datetime",
        "duration",
        "geojson",
        "geopoint",
        "integer",
        "number",
        "object",
        "string",
        "time",
        "year",
        "yearmonth",
    }
)
ROLES: Final = frozenset({"unit", "zone", "time", "measure", "attribute"})
AT_MOST_ONE: Final = ("unit", "time")


def contract_problems(contract: Mapping[str, Any], problem: Callable[..., dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what is wrong with the shape of a contract.

    Args:
        contract: Table Schema object.
        problem: makes a problem of a code, the place and params.
    """
    fields = contract.get("fields")
    if not isinstance(fields, list) or not fields or not all(isinstance(one, Mapping) for one in fields):
        yield problem("contract-invalid", "contract.fields")
        return
    names = Counter(one.get("name") for one in fields)
    for number, one in enumerate(fields):
        name = one.get("name")
        place = f"contract.fields[{number}]"
        if not isinstance(name, str) or not name.strip() or names[name] > 1:
            yield problem("contract-name-invalid", place, name=str(name))
        if one.get("type") not in FIELD_TYPES:
            yield problem("contract-type-unknown", place, name=str(name), type=str(one.get("type")))
        if one.get("role") not in ROLES:
            yield problem("contract-role-unknown", place, name=str(name), role=str(one.get("role")))
    for role in AT_MOST_ONE:
        if len(names_with_role(contract, role)) > 1:
            yield problem("contract-role-twice", "contract.fields", role=role)


def names_with_role(contract: Mapping[str, Any], role: str) -> list[str]:
    """Return the names of the fields that have a role, in their order."""
    fields = contract.get("fields")
    if not isinstance(fields, list):
        return []
    return [str(one.get("name")) for one in fields if isinstance(one, Mapping) and one.get("role") == role]


def has_unit(contract: Mapping[str, Any]) -> bool:
    """Say whether the contract declares its privacy unit."""
    return bool(names_with_role(contract, "unit"))
