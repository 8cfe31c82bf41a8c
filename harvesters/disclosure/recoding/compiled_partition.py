"""The partition as a numba kernel; see `plain.partition`.

Rules that look at units or sensitive values run on one thread, because each check marks what it has seen in one
scratch array; where records are counted, the parts of a partition are independent and run on all threads.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from disclosure.recoding.compiled_rules import Packed, jit, jit_parallel, packed, passes
from disclosure.recoding.forest import Codes, Forest, Ints
from disclosure.recoding.rules import Rules

PARTS_PER_THREAD: Final = 16
"""So many parts are made before threads share them, so that an uneven one does not keep the others waiting."""

_CODES_IN_WORD: Final = 4


class _Trees(NamedTuple):
    """The hierarchies as arrays."""

    up: NDArray[np.int32]
    loss: Ints
    widest: int


class _Space(NamedTuple):
    """The records on two sides: a split reads a part on one side and writes its parts on the other.

    Attributes:
        rows: sides × records × columns, codes.
        words: the same memory, four codes to a word: records are moved by words.
        place: sides × records, where in the input the record stood.
        done: the places, record by record, once a part is not split any more.
        begins: where such a part begins.
    """

    rows: Codes
    words: NDArray[np.uint64]
    place: NDArray[np.int32]
    done: NDArray[np.int32]
    begins: NDArray[np.bool_]


def partition(codes: Codes, forest: Forest, rules: Rules) -> tuple[Ints, int]:
    """See `plain.partition`."""
    count = len(codes)
    space = _space(codes)
    trees = _Trees(forest.up, forest.node_loss, forest.widest)
    ready = packed(rules)
    if rules.counts_records:
        most = PARTS_PER_THREAD * get_num_threads()
        _split_each(_split_all(0, count, 0, most, space, trees, ready), space, trees, ready)
    else:
        _split_all(0, count, 0, 0, space, trees, ready)
    classes: Ints = np.empty(count, dtype=np.int64)
    classes[space.done] = np.cumsum(space.begins) - 1
    return classes, int(space.begins.sum())


def _space(codes: Codes) -> _Space:
    count, columns = codes.shape
    rows = np.zeros((2, count, -(-columns // _CODES_IN_WORD) * _CODES_IN_WORD), dtype=np.uint16)
    rows[0, :, :columns] = codes
    place = np.empty((2, count), dtype=np.int32)
    place[0] = np.arange(count, dtype=np.int32)
    begins = np.zeros(count, dtype=np.bool_)
    return _Space(rows, rows.view(np.uint64), place, np.empty(count, dtype=np.int32), begins)


@jit_parallel
def _split_each(parts: Any, space: _Space, trees: _Trees, rules: Packed) -> None:
    for part in prange(parts.shape[0]):
        _split_all(parts[part, 0], parts[part, 1], parts[part, 2], 0, space, trees, rules)


@jit
def _split_all(first: int, last: int, at: int, most: int, space: _Space, trees: _Trees, rules: Packed) -> Any:
    """Split records `first` to `last` on side `at` until nothing can be split, or until there are `most` parts.

    Returns:
        The parts that are left to be split, as start, end and side; none where `most` is 0.
    """
    columns = trees.up.shape[0]
    low, high = np.empty(columns, np.int64), np.empty(columns, np.int64)
    levels, gains = np.empty(columns, np.int64), np.empty(columns, np.int64)
    sizes = np.empty((columns, trees.widest), np.int64)
    leaves = np.empty((columns, trees.up.shape[2]), np.int64)
    begins = np.empty(trees.widest + 3, np.int64)
    stack = [(first, last, at)]
    while len(stack) > 0 and (most == 0 or len(stack) < most):
        # Breadth first while parts are counted, so that they come out of similar size.
        start, end, side = stack.pop(0) if most > 0 else stack.pop()
        made = 0
        if end - start >= 2 * rules.k:
            rows = space.rows[side]
            if end - start > leaves.size:
                _measure_by_leaves(rows, start, end, trees.up, low, high, levels, sizes, leaves)
            else:
                _measure(rows, start, end, trees.up, low, high, levels, sizes)
            for a in range(columns):
                gains[a] = _gain(a, low[a], high[a], levels[a], sizes[a], trees, rules.k)
            made = _best_split(start, end, side, low, high, levels, gains, sizes, begins, space, trees, rules)
        if made == 0:
            space.begins[start] = True
            for i in range(start, end):
                space.done[i] = space.place[side, i]
        for part in range(made):
            stack.append((begins[part], begins[part + 1], 1 - side))  # noqa: PERF401 - a list here costs a third more
    left = np.empty((len(stack), 3), np.int64)
    for part in range(len(stack)):
        left[part, 0], left[part, 1], left[part, 2] = stack[part]
    return left


@jit
def _measure(rows: Any, start: int, end: int, up: Any, low: Any, high: Any, levels: Any, sizes: Any) -> None:
    """Least and greatest code of each column, the level of their lowest common node, and the sizes of its children."""
    for a in range(up.shape[0]):
        least = rows[start, a]
        greatest = least
        for i in range(start + 1, end):
            code = rows[i, a]
            least = min(least, code)
            greatest = max(greatest, code)
        low[a], high[a] = least, greatest
        levels[a] = _common_level(up[a], least, greatest)
        if levels[a] > 0:
            child = up[a, levels[a] - 1]
            first = child[least]
            here = sizes[a]
            here[: child[greatest] - first + 1] = 0
            for i in range(start, end):
                here[child[rows[i, a]] - first] += 1


@jit
def _measure_by_leaves(
    rows: Any, start: int, end: int, up: Any, low: Any, high: Any, levels: Any, sizes: Any, leaves: Any
) -> None:
    """The same in one pass, by counting every leaf: better where there are more records than leaves."""
    leaves[:] = 0
    for i in range(start, end):
        for a in range(up.shape[0]):
            leaves[a, rows[i, a]] += 1
    for a in range(up.shape[0]):
        low[a], high[a] = 0, up.shape[2] - 1
        while leaves[a, low[a]] == 0:
            low[a] += 1
        while leaves[a, high[a]] == 0:
            high[a] -= 1
        levels[a] = _common_level(up[a], low[a], high[a])
        if levels[a] > 0:
            child = up[a, levels[a] - 1]
            first = child[low[a]]
            sizes[a, : child[high[a]] - first + 1] = 0
            for leaf in range(low[a], high[a] + 1):
                sizes[a, child[leaf] - first] += leaves[a, leaf]


@jit
def _common_level(up: Any, low: int, high: int) -> int:
    level = 0
    while up[level, low] != up[level, high]:
        level += 1
    return level


@jit
def _gain(a: int, low: int, high: int, level: int, sizes: Any, trees: _Trees, k: int) -> int:
    """How much the summed loss of this column falls; -1 where no two parts of k records remain."""
    if level == 0:
        return -1
    first = trees.up[a, level - 1, low]
    children = trees.up[a, level - 1, high] - first + 1
    above = trees.loss[a, level, trees.up[a, level, low]]
    alone, pool, smallest, gain = 0, 0, -1, 0
    for c in range(children):
        if sizes[c] >= k:
            alone += 1
            gain += sizes[c] * (above - trees.loss[a, level - 1, first + c])
            if smallest < 0 or sizes[c] < sizes[smallest]:
                smallest = c
        else:
            pool += sizes[c]
    if 0 < pool < k and alone > 0:
        alone -= 1
        gain -= sizes[smallest] * (above - trees.loss[a, level - 1, first + smallest])
    if alone + (pool > 0) < 2:
        return -1
    return gain


@jit
def _best_split(
    start: int, end: int, side: int, low: Any, high: Any, levels: Any, gains: Any, sizes: Any, begins: Any,
    space: _Space, trees: _Trees, rules: Packed,
) -> int:  # fmt: skip
    """Split at the best column that the rules allow; the number of parts, 0 where there is none."""
    while True:
        best = -1
        for a in range(gains.shape[0]):
            if gains[a] >= 0 and (best < 0 or gains[a] > gains[best]):
                best = a
        if best < 0:
            return 0
        child = trees.up[best, levels[best] - 1]
        first = child[low[best]]
        children = child[high[best]] - first + 1
        made = _parts(best, start, end, side, child, first, sizes[best, :children], begins, space, rules)
        if made > 0:
            return made
        gains[best] = -1


@jit
def _parts(
    a: int, start: int, end: int, side: int, child: Any, first: int, sizes: Any, begins: Any, space: _Space,
    rules: Packed,
) -> int:  # fmt: skip
    """Move the records so that each child stands together and the pool last; 0 where a part must not be a class."""
    children = sizes.shape[0]
    target = np.arange(children)
    alone = sizes >= rules.k
    if not rules.counts_records:
        _scatter(a, start, end, side, child, first, target, sizes, begins, space)
        for c in range(children):
            alone[c] = alone[c] and passes(space.place[1 - side], begins[c], begins[c + 1], rules)
    pool, smallest = _pool(alone, sizes)
    if 0 < pool < rules.k and smallest >= 0:
        alone[smallest] = False
        smallest = -1
    while True:
        made = _targets(alone, sizes, target)
        if made < 2:
            return 0
        _scatter(a, start, end, side, child, first, target, sizes, begins, space)
        if rules.counts_records or pool == 0 or passes(space.place[1 - side], begins[made - 1], begins[made], rules):
            return made
        if smallest < 0:
            return 0
        alone[smallest] = False
        smallest = -1


@jit
def _pool(alone: Any, sizes: Any) -> tuple[int, int]:
    """Records of the children that do not stand alone, and the smallest child that does (-1 if there is none)."""
    pool, smallest = 0, -1
    for c in range(alone.shape[0]):
        if not alone[c]:
            pool += sizes[c]
        elif smallest < 0 or sizes[c] < sizes[smallest]:
            smallest = c
    return pool, smallest


@jit
def _targets(alone: Any, sizes: Any, target: Any) -> int:
    """Number the parts: children that stand alone first, the pool last."""
    made = 0
    pool = False
    for c in range(alone.shape[0]):
        if alone[c]:
            target[c] = made
            made += 1
        elif sizes[c] > 0:
            pool = True
    for c in range(alone.shape[0]):
        if not alone[c]:
            target[c] = made
    return made + pool


@jit
def _scatter(
    a: int, start: int, end: int, side: int, child: Any, first: int, target: Any, sizes: Any, begins: Any,
    space: _Space,
) -> None:  # fmt: skip
    """Write the records of a part to the other side, by the target of their child; ``begins`` says where each starts.

    While records are written, ``begins[target + 1]`` is where the next one of the target goes.
    """
    targets = target.max() + 1
    begins[: targets + 2] = 0
    for c in range(sizes.shape[0]):
        begins[target[c] + 2] += sizes[c]
    begins[0], begins[1] = start, start
    for part in range(2, targets + 1):
        begins[part] += begins[part - 1]
    other = 1 - side
    for i in range(start, end):
        part = target[child[space.rows[side, i, a]] - first] + 1
        to = begins[part]
        begins[part] = to + 1
        for word in range(space.words.shape[2]):
            space.words[other, to, word] = space.words[side, i, word]
        space.place[other, to] = space.place[side, i]
