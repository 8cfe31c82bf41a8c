"""A second implementation of every figure of an assessment: plain Python over lists of rows, by the definitions.

Slow and literal on purpose; it shares nothing with ``disclosure.assess``.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

Row = Mapping[str, Any]


def normal(unit: Any) -> str | None:
    """Spellings of a unit are one; a blank is missing."""
    return None if unit is None else str(unit).strip(" ").upper() or None


def classes(rows: Sequence[Row], quasi: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in quasi)].append(row)
    return found


def histogram(rows: Sequence[Row], quasi: Sequence[str], unit: str | None = None) -> list[tuple[int, int]]:
    sizes = Counter(
        len(members) if unit is None else len({normal(row[unit]) for row in members})
        for members in classes(rows, quasi).values()
    )
    return sorted(sizes.items())


def shares(
    rows: Sequence[Row], quasi: Sequence[str], sensitive: str, unit: str | None = None
) -> tuple[list[Counter[Any]], Counter[Any]]:
    """Counts of the known values in each class, and in all classes together."""
    counted = []
    for members in classes(rows, quasi).values():
        known = [row for row in members if row[sensitive] is not None]
        if unit is None:
            counts = Counter(row[sensitive] for row in known)
        else:
            counts = Counter(value for _, value in {(normal(row[unit]), row[sensitive]) for row in known})
        if counts:
            counted.append(counts)
    return counted, sum(counted, Counter())


def distinct_l(counted: Sequence[Counter[Any]]) -> int:
    return min(len(counts) for counts in counted)


def entropy_l(counted: Sequence[Counter[Any]]) -> float:
    def entropy(counts: Counter[Any]) -> float:
        size = counts.total()
        return -sum(count / size * math.log(count / size) for count in counts.values())

    return math.exp(min(map(entropy, counted)))


def recursive_c(counted: Sequence[Counter[Any]], level: int) -> Fraction | None:
    bounds = []
    for counts in counted:
        falling = sorted(counts.values(), reverse=True)
        if len(falling) < level:
            return None
        bounds.append(Fraction(falling[0], sum(falling[level - 1 :])))
    return max(bounds)


def equal_t(counted: Sequence[Counter[Any]], every: Counter[Any]) -> Fraction:
    return max(sum(abs(_share(c, v) - _share(every, v)) for v in every) / 2 for c in counted)


def ordered_t(counted: Sequence[Counter[Any]], every: Counter[Any], order: Sequence[Any]) -> Fraction:
    if len(order) == 1:
        return Fraction(0)

    def moved(counts: Counter[Any]) -> Fraction:
        running, total = Fraction(0), Fraction(0)
        for value in order:
            running += _share(counts, value) - _share(every, value)
            total += abs(running)
        return total / (len(order) - 1)

    return max(map(moved, counted))


def hierarchical_t(
    counted: Sequence[Counter[Any]], every: Counter[Any], paths: Mapping[Any, Sequence[str]]
) -> Fraction:
    """By the definition: Σ over inner nodes of height/H · min(pos, neg) of the children's extras."""
    depth = len(next(iter(paths.values())))

    def cost(counts: Counter[Any]) -> Fraction:
        total = Fraction(0)
        for height in range(1, depth + 1):
            nodes: dict[tuple[str, ...], dict[tuple[str, ...], Fraction]] = defaultdict(lambda: defaultdict(Fraction))
            for value, path in paths.items():
                full = (str(value), *path)
                nodes[full[height:]][full[height - 1 :]] += _share(counts, value) - _share(every, value)
            for children in nodes.values():
                positive = sum((extra for extra in children.values() if extra > 0), Fraction(0))
                negative = sum((-extra for extra in children.values() if extra < 0), Fraction(0))
                total += Fraction(height, depth) * min(positive, negative)
        return total

    return max(map(cost, counted))


def small_sets(
    rows: Sequence[Row], quasi: Sequence[str], unit: str | None = None
) -> tuple[dict[tuple[str, ...], tuple[int, int, int, int]], int]:
    """For each combination: classes, k, uniques, minimal uniques; and how many units are singled out."""
    holders: dict[tuple[str, ...], dict[tuple[Any, ...], set[Any]]] = {}
    for size in range(1, min(3, len(quasi)) + 1):
        for columns in combinations(quasi, size):
            found: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
            for number, row in enumerate(rows):
                found[tuple(row[name] for name in columns)].add(number if unit is None else normal(row[unit]))
            holders[columns] = found
    result, singled = {}, set()
    for columns, found in holders.items():
        minimal = 0
        for values, units in found.items():
            if len(units) != 1:
                continue
            value_of = dict(zip(columns, values, strict=True))
            parts = [part for size in range(1, len(columns)) for part in combinations(columns, size)]
            if all(len(holders[part][tuple(value_of[name] for name in part)]) > 1 for part in parts):
                minimal += 1
                singled |= units
        uniques = sum(len(units) == 1 for units in found.values())
        result[columns] = (len(found), min(map(len, found.values()), default=0), uniques, minimal)
    return result, len(singled)


def _share(counts: Counter[Any], value: Any) -> Fraction:
    return Fraction(counts[value], counts.total())
