"""What can be recomputed from a differentially private table and its parameters; values and charge cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from disclosure.claims.core import Claim, Status, claim
from disclosure.claims.threshold import in_order, least_units
from disclosure.policies import policy_from
from disclosure.privacy_budget.mechanism import total_loss
from disclosure.spec import PERIOD_COLUMN, Spec

if TYPE_CHECKING:
    from disclosure.policies.dp import DifferentialPrivacy

NOT_RECOMPUTABLE = ("dp-charged-once", "dp-noise-drawn")


def claims(table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
    """Answer every claim about a differentially private table."""
    policy = cast("DifferentialPrivacy", policy_from(proof["policy"]))
    parameters = proof["preset"]["parameters"]
    least = least_units(table, spec)
    checks: dict[str, Callable[[], bool]] = {
        "row-count": lambda: table.num_rows == proof["rows"],
        "order-and-unique-cells": lambda: in_order(table, spec.key_columns),
        "dp-shown-from": lambda: least is None or least >= int(parameters["min_units"]),
        "dp-no-minimum-claimed": lambda: proof["achieved"]["min_units"] is None,
        "dp-public-cells": lambda: _public_cells(table, spec, policy),
        "dp-loss-as-stated": lambda: _loss_fits(policy, spec, proof),
    }
    answers = [claim(name, ok=check()) for name, check in checks.items()]
    return [*answers, *(Claim(name, Status.CANNOT) for name in NOT_RECOMPUTABLE)]


def _public_cells(table: pa.Table, spec: Spec, policy: DifferentialPrivacy) -> bool:
    """Every shown cell is of the declared set."""
    zones = set(policy.bounds.zones)
    shown = zip(*(table.column(name).to_pylist() for name in spec.zones), strict=True)
    # A period may begin before the declared range, which then cuts its first readings off.
    moments = table.column(PERIOD_COLUMN).to_pylist()
    return all(zone in zones for zone in shown) and all(moment < policy.bounds.end for moment in moments)


def _loss_fits(policy: DifferentialPrivacy, spec: Spec, proof: Mapping[str, Any]) -> bool:
    """The stated scales of noise cost no more than the stated price, by OpenDP's own map."""
    noise = policy.noise(spec)
    stated = proof["policy"]["facts"].get("dp", {}).get("noise", {})
    if {name: each.get("scale") for name, each in stated.items()} != {name: repr(s) for name, (_, s) in noise.items()}:
        return False
    return total_loss(policy.kind, noise.values()) <= policy.rho
