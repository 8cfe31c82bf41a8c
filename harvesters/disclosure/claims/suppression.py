"""What a table with totals shows by itself: sums that add up, one symbol, no sum with a single unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from disclosure.claims.core import Claim, claim
from disclosure.claims.threshold import in_order
from disclosure.recounts.suppression_sums import Equation, Key, equations
from disclosure.spec import UNITS_COLUMN, Spec

if TYPE_CHECKING:
    from disclosure.policies.suppression import Suppression
    from disclosure.suppression.lattice import Dimension

_STATUS = {"shown", "withheld"}


def claims(
    table: pa.Table, dimensions: Sequence[Dimension], policy: Suppression, spec: Spec, proof: Mapping[str, Any]
) -> list[Claim]:
    """Answer what the cells can answer; the intervals of withheld cells need the input and are for the gate."""
    rows = {tuple(row[name] for name in spec.zones): row for row in table.to_pylist()}
    sums = equations(rows, dimensions, policy.tables or (spec.zones,))
    names = [name for name in policy.shape(spec).names if name not in (*spec.zones, "status")]
    least = _least(rows)
    checks: dict[str, Callable[[], bool]] = {
        "row-count": lambda: table.num_rows == proof["rows"],
        "order-and-unique-cells": lambda: in_order(table, spec.zones),
        "one-symbol": lambda: all(_one_symbol(row, names) for row in rows.values()),
        "sums-add-up": lambda: all(_adds_up(rows, each, name) for each in sums for name in names),
        "no-lone-cell": lambda: not any(_is_lone(rows, each) for each in sums),
    }
    if UNITS_COLUMN in names:
        least_allowed = int(proof["preset"]["parameters"]["min_units"])
        checks["min-units"] = lambda: least is None or least >= least_allowed
        checks["achieved-minimum"] = lambda: least == proof["achieved"]["min_units"]
    return [claim(name, ok=check()) for name, check in checks.items()]


def _least(rows: Mapping[Key, Mapping[str, Any]]) -> int | None:
    return min((row[UNITS_COLUMN] for row in rows.values() if row.get(UNITS_COLUMN)), default=None)


def _one_symbol(row: Mapping[str, Any], names: Sequence[str]) -> bool:
    """A withheld cell shows nothing, a shown one everything."""
    status = str(row["status"])
    return status in _STATUS and all((row[name] is None) == (status == "withheld") for name in names)


def _adds_up(rows: Mapping[Key, Mapping[str, Any]], equation: Equation, name: str) -> bool:
    """Parts add up to their total, or to less where some are withheld."""
    total, parts = equation
    whole, shown = rows[total][name], [rows[part][name] for part in parts]
    if whole is None:
        return True
    known = sum((Decimal(each) for each in shown if each is not None), Decimal(0))
    return bool(known <= whole) if None in shown else bool(known == whole)


def _is_lone(rows: Mapping[Key, Mapping[str, Any]], equation: Equation) -> bool:
    """One unknown in a sum is no unknown."""
    total, parts = equation
    return len([key for key in (total, *parts) if rows[key]["status"] == "withheld"]) == 1
