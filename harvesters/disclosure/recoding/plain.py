"""Both searches in numpy: the reference that `compiled` must equal record by record.

Boundary: from codes to class numbers. Class numbers have no meaning beyond being equal or not; -1 is "no class yet".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from disclosure.recoding.forest import Codes, Forest, Ints
from disclosure.recoding.rules import Rows, Rules, passes


def cover(codes: Codes, forest: Forest, rules: Rules) -> tuple[Ints, int]:
    """Try all combinations of levels, mildest first; at each one, groups that satisfy the rules become classes.

    Returns:
        The class of each record, -1 for those that no combination placed, and the number of classes.
    """
    classes: Ints = np.full(len(codes), -1, dtype=np.int64)
    left: Rows = np.arange(len(codes), dtype=np.int64)
    count = 0
    for levels in forest.lattice():
        if len(left) < rules.k:
            break
        keys = _keys(codes[left], forest, levels)
        _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        good = sizes >= rules.k
        if not rules.counts_records and good.any():
            good = _checked(left, group, good, rules)
        numbers = np.cumsum(good) - 1 + count
        placed = good[group]
        classes[left[placed]] = numbers[group[placed]]
        count += int(good.sum())
        left = left[~placed]
    return classes, count


def _keys(codes: Codes, forest: Forest, levels: NDArray[np.int8]) -> Ints:
    keys: Ints = np.zeros(len(codes), dtype=np.int64)
    for a, level in enumerate(levels):
        keys = keys * int(forest.nodes[a, 0]) + forest.up[a, level, codes[:, a]]
    return keys


def _checked(left: Rows, group: Ints, good: NDArray[np.bool_], rules: Rules) -> NDArray[np.bool_]:
    order = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[order], np.arange(len(good) + 1))
    return np.array(
        [bool(big) and passes(rules, left[order[edges[g] : edges[g + 1]]]) for g, big in enumerate(good)], dtype=bool
    )


def partition(codes: Codes, forest: Forest, rules: Rules) -> tuple[Ints, int]:
    """Split the table again and again at the children of lowest common nodes, as long as every part may be a class.

    At each step the column is taken that lowers the summed loss most. Children that are too small stay together
    under their parent; where they are too small together, the smallest other child joins them.
    """
    classes: Ints = np.full(len(codes), -1, dtype=np.int64)
    stack: list[Rows] = [np.arange(len(codes), dtype=np.int64)]
    count = 0
    while stack:
        rows = stack.pop()
        parts = _split(rows, codes, forest, rules)
        if parts is None:
            classes[rows] = count
            count += 1
        else:
            stack.extend(parts)
    return classes, count


def _split(rows: Rows, codes: Codes, forest: Forest, rules: Rules) -> list[Rows] | None:
    if len(rows) < 2 * rules.k:
        return None
    here = codes[rows]
    low, high = here.min(axis=0), here.max(axis=0)
    levels = forest.common_levels(low[None, :], high[None, :])[0]
    options: list[tuple[int, int, Ints]] = []
    for a in np.flatnonzero(levels):
        child = forest.up[a, levels[a] - 1, here[:, a]].astype(np.int64)
        child -= int(forest.up[a, levels[a] - 1, low[a]])
        gain = _gain(child, here[:, a], forest.loss[a, levels[a] - 1], int(forest.loss[a, levels[a], low[a]]), rules.k)
        if gain is not None:
            options.append((-gain, int(a), child))
    for _, _, child in sorted(options, key=lambda each: each[:2]):
        parts = _parts(rows, child, rules)
        if parts is not None:
            return parts
    return None


def _gain(child: Ints, leaves: NDArray[np.uint16], loss: Ints, above: int, k: int) -> int | None:
    """How much the summed loss of this column falls; None where no two parts of k records remain."""
    sizes = np.bincount(child)
    alone = sizes >= k
    pool = int(sizes[~alone].sum())
    if 0 < pool < k and alone.any():
        alone[_smallest(sizes, alone)] = False
    if int(alone.sum()) + (pool > 0) < 2:
        return None
    saved = above - loss[leaves]
    return int(saved[alone[child]].sum())


def _smallest(sizes: Ints, alone: NDArray[np.bool_]) -> int:
    return int(np.argmin(np.where(alone, sizes, np.iinfo(np.int64).max)))


def _parts(rows: Rows, child: Ints, rules: Rules) -> list[Rows] | None:
    """The parts of a split, or None where one of them must not be a class."""
    sizes = np.bincount(child)
    alone = sizes >= rules.k
    if not rules.counts_records:
        alone &= np.array([big and passes(rules, rows[child == c]) for c, big in enumerate(alone)], dtype=bool)
    pool = ~alone & (sizes > 0)
    if pool.any() and not passes(rules, rows[pool[child]]):
        if not alone.any():
            return None
        joins = _smallest(sizes, alone)
        alone[joins], pool[joins] = False, True
        if not passes(rules, rows[pool[child]]):
            return None
    if int(alone.sum()) + bool(pool.any()) < 2:
        return None
    parts = [rows[child == c] for c in np.flatnonzero(alone)]
    return [*parts, rows[pool[child]]] if pool.any() else parts


def common_levels(forest: Forest, low: Codes, high: Codes) -> Ints:
    """For each class and column the level of the lowest node that covers it."""
    return forest.common_levels(low, high)


def bounds(codes: Codes, classes: Ints, count: int) -> tuple[Codes, Codes]:
    """Least and greatest code of each class in each column."""
    low = np.full((count, codes.shape[1]), np.iinfo(np.uint16).max, dtype=np.uint16)
    high = np.zeros((count, codes.shape[1]), dtype=np.uint16)
    placed = classes >= 0
    np.minimum.at(low, classes[placed], codes[placed])
    np.maximum.at(high, classes[placed], codes[placed])
    return low, high
