"""What a recoded table shows by itself: labels, class sizes, diversity, closeness, weights, bounds.

Records are counted here in Python. Where a unit may have several records, how many units a class holds cannot be seen
in the table, and the answer says so; that there are enough records is necessary, and is still checked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from math import fsum, log
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from disclosure.claims.core import Claim, Status, claim
from disclosure.spec import Spec

if TYPE_CHECKING:
    from disclosure.policies.recode import Recode

MISSING: Final = "(missing)"
TOLERANCE: Final = 1e-12
_Classes = Mapping[tuple[str, ...], list[int]]


def claims(table: pa.Table, spec: Spec, proof: Mapping[str, Any], policy: Recode) -> list[Claim]:
    """Answer every claim about a recoded table."""
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    classes = _classes(columns, spec)
    least = min(map(len, classes.values()), default=0)
    needed = int(proof["preset"]["parameters"]["min_units"])
    checks: dict[str, Callable[[], bool]] = {
        "row-count": lambda: table.num_rows == proof["rows"],
        "record-numbers": lambda: columns["record"] == list(range(1, table.num_rows + 1)),
        "labels-in-hierarchy": lambda: all(_known(columns[name], policy, name) for name in spec.quasi),
        "records-per-class": lambda: least >= needed,
        "l-diversity": lambda: all(_diverse(classes, _values(columns[s], s, policy), policy) for s in spec.sensitive),
        "t-closeness": lambda: all(_close(classes, _values(columns[s], s, policy), policy, s) for s in spec.sensitive),
        "values-within-bounds": lambda: all(_coded(columns[name], policy, name) for name in policy.coding),
        "weight-same-in-class": lambda: not spec.weight or _constant(classes, columns[spec.weight]),
    }
    answers = [claim(name, ok=check()) for name, check in checks.items()]
    return [*answers, *_units(proof, spec, policy, least, needed)]


def _units(proof: Mapping[str, Any], spec: Spec, policy: Recode, least: int, needed: int) -> Iterable[Claim]:
    """With one record for each unit and one kind of unit, records are units; else only the gate can count them."""
    if policy.one_record_per_unit and len(spec.units) == 1:
        yield claim("min-units", ok=least >= needed)
        yield claim("achieved-minimum", ok=least == proof["achieved"]["min_units"])
    else:
        yield Claim("min-units", Status.CANNOT)
        yield Claim("achieved-minimum", Status.CANNOT)


def _classes(columns: Mapping[str, list[Any]], spec: Spec) -> _Classes:
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(*(columns[name] for name in spec.quasi), strict=True)):
        found[key].append(row)
    return found


def _known(labels: list[str | None], policy: Recode, name: str) -> bool:
    allowed = {label for row in policy.hierarchies[name].rows for label in row} | {MISSING}
    return set(labels) <= allowed


def _values(column: list[Any], name: str, policy: Recode) -> list[Any]:
    """Sensitive values, None where missing; letter case makes no difference."""
    return column if name in policy.coding else [None if value == MISSING else value.upper() for value in column]


def _diverse(classes: _Classes, values: list[Any], policy: Recode) -> bool:
    for rows in classes.values():
        counts = Counter(values[row] for row in rows)
        if sum(value is not None for value in counts) < policy.distinct_l:
            return False
        if policy.entropy_l:
            entropy = fsum(-n / len(rows) * log(n / len(rows)) for n in counts.values())
            if entropy < log(policy.entropy_l) - TOLERANCE:
                return False
    return True


def _close(classes: _Classes, values: list[Any], policy: Recode, name: str) -> bool:
    if policy.t is None:
        return True
    everywhere = Counter(values)
    order = sorted(everywhere, key=lambda value: (value is not None, value))
    return all(
        _distance(rows, values, everywhere, order, policy.is_ordered(name)) <= policy.t for rows in classes.values()
    )


def _distance(
    rows: list[int], values: list[Any], everywhere: Mapping[Any, int], order: list[Any], ordered: bool
) -> Fraction:
    """The distance as an exact fraction."""
    here = Counter(values[row] for row in rows)
    apart = [Fraction(here[value], len(rows)) - Fraction(everywhere[value], len(values)) for value in order]
    if not ordered:
        return sum(map(abs, apart), Fraction(0)) / 2
    running = total = Fraction(0)
    for each in apart:
        running += each
        total += abs(running)
    return total / max(len(order) - 1, 1)


def _coded(column: list[Decimal | None], policy: Recode, name: str) -> bool:
    return all(value is None or policy.coding[name].code(value) == value for value in column)


def _constant(classes: _Classes, weights: list[Any]) -> bool:
    return all(len({weights[row] for row in rows}) == 1 for rows in classes.values())
