"""What a table with partial totals shows by itself: least counts, one total a group, partial totals that are sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from disclosure.claims.core import Claim, claim
from disclosure.claims.threshold import in_order, least_units
from disclosure.spec import MeasureKind, Spec

if TYPE_CHECKING:
    from disclosure.policies.magnitude import Magnitude

_TOTAL = "Total"
_KINDS = frozenset({"aggregate", "total", "partial-total"})


def claims(table: pa.Table, policy: Magnitude, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
    """Answer what rows and labels can answer."""
    parameters = proof["preset"]["parameters"]
    least = least_units(table, spec)
    rows = table.to_pylist()
    checks: dict[str, Callable[[], bool]] = {
        "row-count": lambda: table.num_rows == proof["rows"],
        "order-and-unique-cells": lambda: in_order(table, spec.key_columns),
        "min-units": lambda: least is None or least >= int(parameters["min_units"]),
        "achieved-minimum": lambda: least == proof["achieved"]["min_units"],
        "totals-labelled": lambda: all(_is_labelled(row, policy) for row in rows),
        "partial-totals-add-up": lambda: not _wrong_partials(rows, policy, spec),
    }
    return [claim(name, ok=check()) for name, check in checks.items()]


def _is_labelled(row: Mapping[str, Any], policy: Magnitude) -> bool:
    return row["kind"] in _KINDS and (row[policy.area] == _TOTAL) == (row["kind"] != "aggregate")


def _wrong_partials(rows: list[dict[str, Any]], policy: Magnitude, spec: Spec) -> int:
    """Partial totals that are not the sum of the finest rows shown below them, up to rounding of each.

    Only groups of aggregates are asked: above them a full total may stand below a partial one.
    """
    others = [name for name in spec.key_columns if name != policy.area]
    sums = [name for name, measure in spec.measures.items() if measure.kind is MeasureKind.SUM]
    below: dict[tuple[Any, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    parts: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in rows:
        if row["kind"] == "aggregate":
            key = tuple(row[name] for name in others)
            parts[key] += 1
            for name in sums:
                below[key][name] += Decimal(row[name] or 0)
    wrong = 0
    for row in rows:
        key = tuple(row[name] for name in others)
        if row["kind"] != "partial-total" or any(row[name] == _TOTAL for name in policy.groups):
            continue
        step = {name: Decimal(1).scaleb(-spec.measures[name].decimals) for name in sums}
        wrong += any(
            abs(below[key][name] - Decimal(row[name] or 0)) > step[name] * (parts[key] + 1) / 2 for name in sums
        )
    return wrong
