"""Both searches as numba kernels (extra ``fast``), with the result of `plain` record by record.

Boundary: this module is imported only where numba is installed; everything else works without it. The kernels keep
the shape of `plain`, written as loops: what a class is, is decided here by `_passes`, which repeats `rules.passes`.
Rules that look at units or sensitive values run on one thread, because each check marks what it has seen in one
scratch array; where records are counted, the parts of a partition are independent and run on all threads.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any, Final, NamedTuple, TypeVar, cast

import numpy as np
from numba import get_num_threads, njit, prange
from numpy.typing import NDArray

from disclosure.recoding.forest import Codes, Forest, Ints
from disclosure.recoding.rules import ENTROPY_TOLERANCE, PERMILLE, Rules

PARTS_PER_THREAD: Final = 64
"""So many parts are made before threads share them, so that an uneven one does not keep the others waiting."""

_HASH: Final = np.uint64(0x9E3779B97F4A7C15)
_NO_KEY: Final = -1
_CODES_IN_WORD: Final = 4


class _Packed(NamedTuple):
    """The rules as arrays, with scratch space for the checks."""

    k: int
    counts_records: bool
    distinct_l: int
    entropy_l: int
    t_permille: int
    units: NDArray[np.int32]
    sensitive: NDArray[np.int32]
    totals: Ints
    ordered: NDArray[np.bool_]
    stamp: NDArray[np.int32]
    tick: NDArray[np.int32]
    seen: Ints


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


def cover(codes: Codes, forest: Forest, rules: Rules) -> tuple[Ints, int]:
    """See `plain.cover`."""
    classes, count = _cover(codes, forest.lattice(), forest.up, forest.nodes[:, 0], _packed(rules))
    return classes, int(count)


def partition(codes: Codes, forest: Forest, rules: Rules) -> tuple[Ints, int]:
    """See `plain.partition`."""
    count = len(codes)
    space = _space(codes)
    trees = _Trees(forest.up, forest.node_loss, forest.widest)
    packed = _packed(rules)
    if rules.counts_records:
        _split_all(0, count, PARTS_PER_THREAD * get_num_threads(), space, trees, packed)
        _split_each(np.append(np.flatnonzero(space.begins), count), space, trees, packed)
    else:
        _split_all(0, count, count + 1, space, trees, packed)
    classes: Ints = np.empty(count, dtype=np.int64)
    classes[space.place] = np.cumsum(space.begins) - 1
    return classes, int(space.begins.sum())


def bounds(codes: Codes, classes: Ints, count: int) -> tuple[Codes, Codes]:
    """See `plain.bounds`."""
    low = np.full((count, codes.shape[1]), np.iinfo(np.uint16).max, dtype=np.uint16)
    high = np.zeros((count, codes.shape[1]), dtype=np.uint16)
    _bounds(codes, classes, low, high)
    return low, high


def _space(codes: Codes) -> _Space:
    count, columns = codes.shape
    rows = np.zeros((count, -(-columns // _CODES_IN_WORD) * _CODES_IN_WORD), dtype=np.uint16)
    rows[:, :columns] = codes
    words = rows.view(np.uint64)
    index = np.arange(count, dtype=np.int32)
    begins = np.zeros(count, dtype=np.bool_)
    return _Space(rows, words, index, np.empty_like(words), np.empty_like(index), begins)


def _packed(rules: Rules) -> _Packed:
    width = max((len(each) for each in rules.totals), default=1)
    totals = np.zeros((len(rules.totals), width), dtype=np.int64)
    for s, each in enumerate(rules.totals):
        totals[s, : len(each)] = each
    return _Packed(
        k=rules.k,
        counts_records=rules.counts_records,
        distinct_l=rules.distinct_l,
        entropy_l=rules.entropy_l,
        t_permille=rules.t_permille,
        units=rules.units,
        sensitive=rules.sensitive,
        totals=totals,
        ordered=np.array(rules.ordered, dtype=np.bool_),
        stamp=np.zeros(int(rules.units.max(initial=0)) + 1, dtype=np.int32),
        tick=np.zeros(1, dtype=np.int32),
        seen=np.zeros(width, dtype=np.int64),
    )


_Function = TypeVar("_Function", bound=Callable[..., Any])


def _jit(function: _Function) -> _Function:
    return cast(_Function, njit(cache=True, nogil=True)(function))


def _jit_parallel(function: _Function) -> _Function:
    return cast(_Function, njit(cache=True, parallel=True)(function))


@_jit
def _passes(index: Any, start: int, end: int, rules: _Packed) -> bool:
    if end - start < rules.k:
        return False
    for u in range(rules.units.shape[0]):
        rules.tick[0] += 1
        seen = 0
        for i in range(start, end):
            unit = rules.units[u, index[i]]
            if rules.stamp[unit] != rules.tick[0]:
                rules.stamp[unit] = rules.tick[0]
                seen += 1
        if seen < rules.k:
            return False
    if rules.distinct_l == 0 and rules.entropy_l == 0 and rules.t_permille < 0:
        return True
    for s in range(rules.sensitive.shape[0]):
        rules.seen[:] = 0
        for i in range(start, end):
            rules.seen[rules.sensitive[s, index[i]]] += 1
        if not _is_diverse(s, end - start, rules):
            return False
    return True


@_jit
def _is_diverse(s: int, here: int, rules: _Packed) -> bool:
    distinct = 0
    spread = 0.0
    for code in range(rules.seen.shape[0]):
        count = rules.seen[code]
        if count > 0:
            distinct += code > 0
            spread += float(count) * log(float(count))
    if distinct < rules.distinct_l:
        return False
    if rules.entropy_l > 0:
        bound = log(float(rules.entropy_l)) - ENTROPY_TOLERANCE
        if log(float(here)) - spread / float(here) < bound:
            return False
    return rules.t_permille < 0 or _is_close(s, here, rules)


@_jit
def _is_close(s: int, here: int, rules: _Packed) -> bool:
    everywhere = 0
    present = 0
    for code in range(rules.seen.shape[0]):
        everywhere += rules.totals[s, code]
        present += rules.totals[s, code] > 0
    distance = 0
    running = 0
    for code in range(rules.seen.shape[0]):
        apart = rules.seen[code] * everywhere - rules.totals[s, code] * here
        running = running + apart if rules.ordered[s] else apart
        distance += abs(running)
    factor = max(present - 1, 1) if rules.ordered[s] else 2
    return distance * PERMILLE <= rules.t_permille * here * everywhere * factor


@_jit
def _bounds(codes: Any, classes: Any, low: Any, high: Any) -> None:
    for i in range(codes.shape[0]):
        c = classes[i]
        if c >= 0:
            for a in range(codes.shape[1]):
                low[c, a] = min(low[c, a], codes[i, a])
                high[c, a] = max(high[c, a], codes[i, a])


@_jit
def _cover(codes: Any, lattice: Any, up: Any, bases: Any, rules: _Packed) -> tuple[Any, int]:
    count, columns = codes.shape
    classes = np.full(count, -1, np.int64)
    left = np.arange(count)
    most = 1
    while most < 2 * count:
        most *= 2
    keys, sizes = np.empty(most, np.int64), np.empty(most, np.int64)
    numbers, slot = np.empty(most, np.int64), np.empty(count, np.int64)
    digits = np.empty((columns, up.shape[2]), np.int64)
    remaining = count
    made = 0
    for v in range(lattice.shape[0]):
        if remaining < rules.k:
            break
        place: Any = np.int64(1)
        for a in range(columns - 1, -1, -1):
            for leaf in range(up.shape[2]):
                digits[a, leaf] = up[a, lattice[v, a], leaf] * place
            place *= bases[a]
        room = _room(remaining)
        _group(codes, left, remaining, digits, keys, sizes, numbers, slot, room)
        if not rules.counts_records:
            _check_groups(left, remaining, slot, sizes, room, rules)
        kept = 0
        for i in range(remaining):
            at = slot[i]
            if sizes[at] >= rules.k:
                if numbers[at] < 0:
                    numbers[at] = made
                    made += 1
                classes[left[i]] = numbers[at]
            else:
                left[kept] = left[i]
                kept += 1
        remaining = kept
    return classes, made


@_jit
def _room(count: int) -> int:
    """Slots of a hash table for `count` records: a power of two, at most half full."""
    room = 1
    while room < 2 * count:
        room *= 2
    return room


@_jit
def _group(
    codes: Any, left: Any, count: int, digits: Any, keys: Any, sizes: Any, numbers: Any, slot: Any, room: int
) -> None:
    """Find the group of each record, by linear probing: ``slot[i]`` is where the group of ``left[i]`` is kept."""
    mask = room - 1
    keys[:room] = _NO_KEY
    for i in range(count):
        key: Any = np.int64(0)
        for a in range(codes.shape[1]):
            key += digits[a, codes[left[i], a]]
        at: Any = np.int64(((np.uint64(key) * _HASH) >> np.uint64(24)) & np.uint64(mask))
        while keys[at] not in (_NO_KEY, key):
            at = (at + 1) & mask
        if keys[at] == _NO_KEY:
            keys[at] = key
            sizes[at] = 0
            numbers[at] = -1
        sizes[at] += 1
        slot[i] = at


@_jit
def _check_groups(left: Any, count: int, slot: Any, sizes: Any, room: int, rules: _Packed) -> None:
    """Set the size of every group to 0 that must not be a class."""
    starts = np.zeros(room + 1, np.int64)
    filled = np.zeros(room, np.int64)
    for i in range(count):
        filled[slot[i]] += 1
    for at in range(room):
        starts[at + 1] = starts[at] + filled[at]
        filled[at] = 0
    members = np.empty(count, np.int64)
    for i in range(count):
        at = slot[i]
        members[starts[at] + filled[at]] = left[i]
        filled[at] += 1
    for at in range(room):
        if starts[at + 1] > starts[at] and not _passes(members, starts[at], starts[at + 1], rules):
            sizes[at] = 0


@_jit_parallel
def _split_each(edges: Any, space: _Space, trees: _Trees, rules: _Packed) -> None:
    for part in prange(edges.shape[0] - 1):
        _split_all(edges[part], edges[part + 1], edges[part + 1] - edges[part] + 1, space, trees, rules)


@_jit
def _split_all(first: int, last: int, most: int, space: _Space, trees: _Trees, rules: _Packed) -> None:
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


@_jit
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


@_jit
def _count_children(rows: Any, start: int, end: int, up: Any, low: Any, high: Any, levels: Any, sizes: Any) -> None:
    for a in range(up.shape[0]):
        if levels[a] > 0:
            child = up[a, levels[a] - 1]
            first = child[low[a]]
            here = sizes[a]
            here[: child[high[a]] - first + 1] = 0
            for i in range(start, end):
                here[child[rows[i, a]] - first] += 1


@_jit
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


@_jit
def _best_split(
    start: int, end: int, low: Any, high: Any, levels: Any, gains: Any, sizes: Any, begins: Any,
    space: _Space, trees: _Trees, rules: _Packed,
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


@_jit
def _parts(
    a: int, start: int, end: int, child: Any, first: int, sizes: Any, begins: Any, space: _Space, rules: _Packed
) -> int:
    """Move the records so that each child stands together and the pool last; 0 where a part must not be a class."""
    children = sizes.shape[0]
    target = np.arange(children)
    alone = sizes >= rules.k
    if not rules.counts_records:
        _scatter(a, start, end, child, first, target, children, begins, space)
        for c in range(children):
            alone[c] = alone[c] and _passes(space.place, begins[c], begins[c + 1], rules)
    pool, smallest = _pool(alone, sizes)
    if 0 < pool < rules.k and smallest >= 0:
        alone[smallest] = False
        smallest = -1
    while True:
        made = _targets(alone, sizes, target)
        _scatter(a, start, end, child, first, target, made, begins, space)
        if made < 2:
            return 0
        if rules.counts_records or pool == 0 or _passes(space.place, begins[made - 1], begins[made], rules):
            return made
        if smallest < 0:
            return 0
        alone[smallest] = False
        smallest = -1


@_jit
def _pool(alone: Any, sizes: Any) -> tuple[int, int]:
    """Records of the children that do not stand alone, and the smallest child that does (-1 if there is none)."""
    pool, smallest = 0, -1
    for c in range(alone.shape[0]):
        if not alone[c]:
            pool += sizes[c]
        elif smallest < 0 or sizes[c] < sizes[smallest]:
            smallest = c
    return pool, smallest


@_jit
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


@_jit
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
