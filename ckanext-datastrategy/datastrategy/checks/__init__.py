"""One rule per module, each a pure function of facts, requirement and date.

``CHECKS`` is the order in which findings appear; :mod:`datastrategy.checks.exists` stands apart, since it looks at all
datasets of an organization at once.
"""

from __future__ import annotations

from datastrategy.checks import (
    access,
    api,
    bulk,
    contact,
    described,
    format,  # noqa: A004  the rule's name is its slug
    fresh,
    kind,
    license,  # noqa: A004
    machine_readable,
)
from datastrategy.findings import Check

__all__ = ["CHECKS"]

CHECKS: dict[str, Check] = {
    "access": access.check,
    "license": license.check,
    "format": format.check,
    "machine_readable": machine_readable.check,
    "bulk": bulk.check,
    "fresh": fresh.check,
    "api": api.check,
    "described": described.check,
    "contact": contact.check,
    "kind": kind.check,
}
