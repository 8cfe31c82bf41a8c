"""What can be recomputed from a cell-key table without the key: its form, its floor, and that its noise is sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from disclosure.claims.core import Claim, Status, claim
from disclosure.claims.threshold import in_order, least_units, no_zero
from disclosure.policies import policy_from
from disclosure.spec import Spec

if TYPE_CHECKING:
    from disclosure.policies.cell_key import CellKey

NOT_RECOMPUTABLE = ("noise-drawn-by-key", "key-not-rotated")


def claims(table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
    """Answer every claim about a cell-key table."""
    policy = cast("CellKey", policy_from(proof["policy"]))
    parameters = proof["preset"]["parameters"]
    least = least_units(table, spec)
    floor = None if least is None else least - policy.deviation
    checks: dict[str, Callable[[], bool]] = {
        "row-count": lambda: table.num_rows == proof["rows"],
        "order-and-unique-cells": lambda: in_order(table, spec.key_columns),
        "min-units": lambda: floor is None or floor >= int(parameters["min_units"]),
        "achieved-minimum": lambda: floor == proof["achieved"]["min_units"],
        "no-zero": lambda: not parameters["zero_is_small"] or no_zero(table, spec),
        "noise-table-sound": lambda: _sound(policy, proof["policy"]["facts"].get("cell_key", {})),
    }
    answers = [claim(name, ok=check()) for name, check in checks.items()]
    return [*answers, *(Claim(name, Status.CANNOT) for name in NOT_RECOMPUTABLE)]


def _sound(policy: CellKey, stated: Mapping[str, Any]) -> bool:
    """The tables that the parameters give keep their promises, and are the ones that the proof names."""
    policy.table.check()
    return (policy.table.id, policy.magnitude.id) == (stated.get("table_id"), stated.get("magnitude_id"))
