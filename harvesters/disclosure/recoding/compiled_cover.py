"""The search over level combinations as a numba kernel; see `plain.cover`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from disclosure.recoding.compiled_rules import Packed, jit, packed, passes
from disclosure.recoding.forest import Codes, Forest, Ints
from disclosure.recoding.rules import Rules

_HASH: Final = np.uint64(0x9E3779B97F4A7C15)
_NO_KEY: Final = -1


def cover(codes: Codes, forest: Forest, rules: Rules) -> tuple[Ints, int]:
    """See `plain.cover`."""
    classes, count = _cover(codes, forest.lattice(), forest.up, forest.nodes[:, 0], packed(rules))
    return classes, int(count)


@jit
def _cover(codes: Any, lattice: Any, up: Any, bases: Any, rules: Packed) -> tuple[Any, int]:
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


@jit
def _room(count: int) -> int:
    """Slots of a hash table for `count` records: a power of two, at most half full."""
    room = 1
    while room < 2 * count:
        room *= 2
    return room


@jit
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


@jit
def _check_groups(left: Any, count: int, slot: Any, sizes: Any, room: int, rules: Packed) -> None:
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
        if starts[at + 1] > starts[at] and not passes(members, starts[at], starts[at + 1], rules):
            sizes[at] = 0
