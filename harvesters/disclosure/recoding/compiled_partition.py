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

PARTS_PER_THREAD: Final = 64
"""So many parts are made before threads share them, so that an uneven one does not keep the others waiting."""

_CODES_IN_WORD: Final = 4


class _Trees(NamedTuple):
    """The hierarchies as arrays."""

    up: NDArray[np.int32]
    loss: Ints
    widest: int


class _Space(NamedTuple):
    """The records as they are moved, room to move them, and where parts begin.

    ``words`` is ``rows`` again, four codes to a word: records are moved by words.
    """

    rows: Codes
    words: NDArray[np.uint64]
    place: NDArray[np.int32]
    spare_words: NDArray[np.uint64]
    spare_index: NDArray[np.int32]
    begins: NDArray[np.bool_]


def partition(codes: Codes, forest: Forest, rules: Rules) -> tuple[Ints, int]:
    """See `plain.partition`."""
    count = len(codes)
    space = _space(codes)
    trees = _Trees(forest.up, forest.node_loss, forest.widest)
    ready = packed(rules)
    if rules.counts_records:
        _split_all(0, count, PARTS_PER_THREAD * get_num_threads(), space, trees, ready)
        _split_each(np.append(np.flatnonzero(space.begins), count), space, trees, ready)
    else:
        _split_all(0, count, count + 1, space, trees, ready)
    classes: Ints = np.empty(count, dtype=np.int64)
    classes[space.place] = np.cumsum(space.begins) - 1
    return classes, int(space.begins.sum())


def _space(codes: Codes) -> _Space:
    count, columns = codes.shape
    rows = np.zeros((count, -(-columns // _CODES_IN_WORD) * _CODES_IN_WORD), dtype=np.uint16)
    rows[:, :columns] = codes
    words = rows.view(np.uint64)
    index = np.arange(count, dtype=np.int32)
    begins = np.zeros(count, dtype=np.bool_)
    return _Space(rows, words, index, np.empty_like(words), np.empty_like(index), begins)


@jit_parallel
def _split_each(edges: Any, space: _Space, trees: _Trees, rules: Packed) -> None:
    for part in prange(edges.shape[0] - 1):
        _split_all(edges[part], edges[part + 1], edges[part + 1] - edges[part] + 1, space, trees, rules)


@jit
def _split_all(first: int, last: int, most: int, space: _Space, trees: _Trees, rules: Packed) -> None:
    """Split records `first` to `last` until nothing can be split or there are `most` parts; mark where parts begin."""
    columns = trees.up.shape[0]
    low, high = np.empty(columns, np.int64), np.empty(columns, np.int64)
    levels, gains = np.empty(columns, np.int64), np.empty(columns, np.int64)
    sizes = np.empty((columns, trees.widest), np.int64)
    begins = np.empty(trees.widest + 2, np.int64)
    stack = [(first, last)]
    parts = 1
    while len(stack) > 0:
        # Breadth first while parts are counted, so that they come out of similar size.
        start, end = stack.pop(0) if most < last - first else stack.pop()
        made = 0
        if parts < most and end - start >= 2 * rules.k:
            _extent(space.rows, start, end, trees.up, low, high, levels)
            _count_children(space.rows, start, end, trees.up, low, high, levels, sizes)
            for a in range(columns):
                gains[a] = _gain(a, low[a], high[a], levels[a], sizes[a], trees, rules.k)
            made = _best_split(start, end, low, high, levels, gains, sizes, begins, space, trees, rules)
        if made == 0:
            space.begins[start] = True
        else:
            parts += made - 1
            stack.extend([(begins[part], begins[part + 1]) for part in range(made)])


@jit
def _extent(rows: Any, start: int, end: int, up: Any, low: Any, high: Any, levels: Any) -> None:
    """Least and greatest code of each column, and the level of their lowest common node."""
    columns = up.shape[0]
    for a in range(columns):
        low[a] = rows[start, a]
        high[a] = rows[start, a]
    for i in range(start + 1, end):
        for a in range(columns):
            code = np.int64(rows[i, a])
            low[a] = min(low[a], code)
            high[a] = max(high[a], code)
    for a in range(columns):
        level = 0
        while up[a, level, low[a]] != up[a, level, high[a]]:
            level += 1
        levels[a] = level


@jit
def _count_children(rows: Any, start: int, end: int, up: Any, low: Any, high: Any, levels: Any, sizes: Any) -> None:
    for a in range(up.shape[0]):
        if levels[a] > 0:
            child = up[a, levels[a] - 1]
            first = child[low[a]]
            here = sizes[a]
            here[: child[high[a]] - first + 1] = 0
            for i in range(start, end):
                here[child[rows[i, a]] - first] += 1


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
    start: int, end: int, low: Any, high: Any, levels: Any, gains: Any, sizes: Any, begins: Any,
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
        made = _parts(best, start, end, child, first, sizes[best, :children], begins, space, rules)
        if made > 0:
            return made
        gains[best] = -1


@jit
def _parts(
    a: int, start: int, end: int, child: Any, first: int, sizes: Any, begins: Any, space: _Space, rules: Packed
) -> int:
    """Move the records so that each child stands together and the pool last; 0 where a part must not be a class."""
    children = sizes.shape[0]
    target = np.arange(children)
    alone = sizes >= rules.k
    if not rules.counts_records:
        _scatter(a, start, end, child, first, target, children, begins, space)
        for c in range(children):
            alone[c] = alone[c] and passes(space.place, begins[c], begins[c + 1], rules)
    pool, smallest = _pool(alone, sizes)
    if 0 < pool < rules.k and smallest >= 0:
        alone[smallest] = False
        smallest = -1
    while True:
        made = _targets(alone, sizes, target)
        _scatter(a, start, end, child, first, target, made, begins, space)
        if made < 2:
            return 0
        if rules.counts_records or pool == 0 or passes(space.place, begins[made - 1], begins[made], rules):
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
    a: int, start: int, end: int, child: Any, first: int, target: Any, targets: int, begins: Any, space: _Space
) -> None:
    """Sort the records of a part by the target of their child; ``begins`` says where each target starts."""
    words = space.words.shape[1]
    begins[: targets + 1] = 0
    for i in range(start, end):
        begins[target[child[space.rows[i, a]] - first] + 1] += 1
    begins[0] = start
    for part in range(1, targets + 1):
        begins[part] += begins[part - 1]
    at = begins[:targets].copy()
    for i in range(start, end):
        part = target[child[space.rows[i, a]] - first]
        to = at[part]
        at[part] = to + 1
        for word in range(words):
            space.spare_words[to, word] = space.words[i, word]
        space.spare_index[to] = space.place[i]
    for i in range(start, end):
        for word in range(words):
            space.words[i, word] = space.spare_words[i, word]
        space.place[i] = space.spare_index[i]
