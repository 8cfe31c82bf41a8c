"""The single facts that `verify` asks of a rolled-up table; each answers for one claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from disclosure.claims.core import Claim, claim
from disclosure.claims.threshold import in_order, least_units
from disclosure.errors import DisclosureError
from disclosure.recounts.rollup_audit import Walk
from disclosure.spec import UNITS_COLUMN, Spec

if TYPE_CHECKING:
    from disclosure.policies.rollup import Rollup


def claims(table: pa.Table, policy: Rollup, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
    """Answer every claim about the bins."""
    parameters = proof["preset"]["parameters"]
    least, min_units = least_units(table, spec), int(parameters["min_units"])
    walk = _walk(table, policy, spec)
    checks: dict[str, Callable[[], bool]] = {
        "row-count": lambda: table.num_rows == proof["rows"],
        "order-and-unique-cells": lambda: in_order(table, policy.shape(spec).primary_key),
        "min-units": lambda: least is None or least >= min_units,
        "achieved-minimum": lambda: least == proof["achieved"]["min_units"],
        "no-zero": lambda: not parameters["zero_is_small"] or _no_zero(table, spec),
        "known-cells": lambda: walk is not None and not walk.impossible(),
        "rest-bins": lambda: walk is not None and not walk.narrow(table.column(UNITS_COLUMN).to_pylist(), min_units),
        "footprints": lambda: walk is not None and _footprints_fit(table, walk),
    }
    return [claim(name, ok=check()) for name, check in checks.items()]


def _walk(table: pa.Table, policy: Rollup, spec: Spec) -> Walk | None:
    """None where a level, a code or a period is none of the ladder's."""
    try:
        walk = Walk.of(table, policy, spec)
        walk.subtracted()
        walk.impossible()
    except (KeyError, DisclosureError):
        return None
    return walk


def _no_zero(table: pa.Table, spec: Spec) -> bool:
    names = (UNITS_COLUMN, spec.count_rows_as or "rows", *spec.measures)
    return all(value != 0 for name in names for value in table.column(name).to_pylist())


def _footprints_fit(table: pa.Table, walk: Walk) -> bool:
    inside = walk.subtracted()
    stated = zip(table.column("is_rest").to_pylist(), table.column("subtracted").to_pylist(), strict=True)
    return all(pair == (inside[row] > 0, inside[row]) for row, pair in enumerate(stated))
