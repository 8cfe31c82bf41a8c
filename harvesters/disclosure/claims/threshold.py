"""The single facts that `verify` asks of a flat table; each answers for one claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa

from disclosure.claims.core import Claim, claim
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, MeasureKind, Presence, Spec

_TOTAL_NAMES = frozenset({"total", "all", "sum", "skupaj", "vsota", "vse", "vsi", "skupno", "Σ"})
LEAST_ZONES_FOR_A_TOTAL = 3


def claims(table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
    """Answer every claim about the cells of a flat table."""
    min_units = int(proof["preset"]["parameters"]["min_units"])
    zero_is_small = bool(proof["preset"]["parameters"]["zero_is_small"])
    least = least_units(table, spec)
    checks: dict[str, Callable[[], bool]] = {
        "row-count": lambda: table.num_rows == proof["rows"],
        "order-and-unique-cells": lambda: in_order(table, spec.key_columns),
        "min-units": lambda: least is None or least >= min_units,
        "achieved-minimum": lambda: least == proof["achieved"]["min_units"],
        "no-zero": lambda: not zero_is_small or no_zero(table, spec),
        "no-totals": lambda: no_totals(table, spec),
    }
    return [claim(name, ok=check()) for name, check in checks.items()]


def least_units(table: pa.Table, spec: Spec) -> int | None:
    """The least number of units in a cell; None where nothing is counted."""
    if spec.presence is Presence.NONE:
        return None
    # A missing count must not pass for a large one.
    return min((value if value is not None else -1 for value in table.column(UNITS_COLUMN).to_pylist()), default=None)


def in_order(table: pa.Table, key_columns: Sequence[str]) -> bool:
    """Rows stand in the order of their keys, and none twice."""
    keys = list(zip(*(table.column(name).to_pylist() for name in key_columns), strict=True))
    if any(part is None for key in keys for part in key):
        return False
    encoded = [tuple(part.encode() if isinstance(part, str) else part for part in key) for key in keys]
    return all(before < after for before, after in pairwise(encoded))


def no_zero(table: pa.Table, spec: Spec) -> bool:
    """No count and no figure of zero is shown."""
    names = [name for name in table.column_names if name not in spec.key_columns]
    return all(value != 0 for name in names for value in table.column(name).to_pylist())


def no_totals(table: pa.Table, spec: Spec) -> bool:
    """No zone is named like a total, and none equals the sum of the others in every period it is shown in."""
    for zone in spec.zones:
        values = table.column(zone).to_pylist()
        if any(str(value).strip().casefold() in _TOTAL_NAMES for value in values):
            return False
    if len(spec.zones) > 1 or spec.presence is not Presence.DISTINCT:
        return True
    additive = [name for name in table.column_names if _is_sum(spec, name) or name == spec.count_rows_as]
    suspects = [_zones_like_totals(table, spec, name) for name in additive]
    return not suspects or not set.intersection(*suspects)


def _zones_like_totals(table: pa.Table, spec: Spec, column: str) -> set[str]:
    """Zones that equal the sum of the others, up to rounding, in every period they share with two others or more.

    One period, or a value that never changes, may be chance (zones of 10, 10 and 20 meters) and is not enough.
    """
    step = Decimal(1).scaleb(-spec.measures[column].decimals) if column in spec.measures else Decimal(0)
    periods: dict[Any, dict[str, Decimal]] = defaultdict(dict)
    names = (spec.zones[0], PERIOD_COLUMN, column)
    for zone, period, value in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        periods[period][zone] = Decimal(value or 0)
    seen: dict[str, set[Decimal]] = defaultdict(set)
    contradicted: set[str] = set()
    for cells in periods.values():
        if len(cells) < LEAST_ZONES_FOR_A_TOTAL:
            continue
        whole = sum(cells.values(), Decimal(0))
        for zone, value in cells.items():
            seen[zone].add(value)
            if abs(value * 2 - whole) > step * len(cells) / 2:
                contradicted.add(zone)
    return {zone for zone, values in seen.items() if len(values) > 1} - contradicted


def _is_sum(spec: Spec, name: str) -> bool:
    return name in spec.measures and spec.measures[name].kind is MeasureKind.SUM
