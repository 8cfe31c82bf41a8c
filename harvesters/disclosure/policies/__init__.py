"""The policies by their slugs. A module is imported when its policy is first asked for: some need large libraries."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, cast

from disclosure.errors import SpecInvalid
from disclosure.policies.base import Policy

POLICIES: Final[Mapping[str, str]] = {
    "threshold": "disclosure.policies.threshold:Threshold",
    "rollup": "disclosure.policies.rollup:Rollup",
    "magnitude": "disclosure.policies.magnitude:Magnitude",
    "suppression": "disclosure.policies.suppression:Suppression",
    "cell-key": "disclosure.policies.cell_key:CellKey",
    "dp": "disclosure.policies.dp:DifferentialPrivacy",
    "recode": "disclosure.policies.recode:Recode",
}


def policy_class(slug: str) -> type[Policy]:
    """The class of a policy.

    Raises:
        SpecInvalid: code ``policy-unknown``.
    """
    if slug not in POLICIES:
        raise SpecInvalid("policy-unknown", policy=slug, known=list(POLICIES))
    module, _, name = POLICIES[slug].partition(":")
    return cast(type[Policy], getattr(import_module(module), name))


def policy_from(data: Mapping[str, Any]) -> Policy:
    """Build a policy from ``{"name": …, "parameters": {…}}``, as proofs and specifications state it.

    Raises:
        SpecInvalid: if there is no such policy, or its parameters contradict each other.
    """
    try:
        name, parameters = str(data["name"]), data.get("parameters", {})
        return policy_class(name).from_public(parameters)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        if isinstance(error, SpecInvalid):
            raise
        missing = str(error.args[0]) if isinstance(error, KeyError) else type(error).__name__
        raise SpecInvalid("policy-parameters-unreadable", problem=missing) from error


def policy_dict(policy: Policy) -> dict[str, Any]:
    """The statement that `policy_from` reads."""
    return {"name": policy.name, "parameters": policy.public()}
