"""Both searches as numba kernels (extra ``fast``), with the result of `plain` record by record.

Boundary: imported only where numba is installed; everything else works without it. The kernels keep the shape of
`plain`, written as loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from disclosure.recoding.compiled_cover import cover
from disclosure.recoding.compiled_partition import partition
from disclosure.recoding.compiled_rules import jit, jit_parallel
from disclosure.recoding.forest import Codes, Forest, Ints

__all__ = ["bounds", "common_levels", "cover", "partition"]


def bounds(codes: Codes, classes: Ints, count: int) -> tuple[Codes, Codes]:
    """See `plain.bounds`."""
    low = np.full((count, codes.shape[1]), np.iinfo(np.uint16).max, dtype=np.uint16)
    high = np.zeros((count, codes.shape[1]), dtype=np.uint16)
    _bounds(codes, classes, low, high)
    return low, high


@jit
def _bounds(codes: Any, classes: Any, low: Any, high: Any) -> None:
    for i in range(codes.shape[0]):
        c = classes[i]
        if c >= 0:
            for a in range(codes.shape[1]):
                low[c, a] = min(low[c, a], codes[i, a])
                high[c, a] = max(high[c, a], codes[i, a])


def common_levels(forest: Forest, low: NDArray[Any], high: NDArray[Any]) -> Ints:
    """See `Forest.common_levels`."""
    levels: Ints = np.empty(low.shape, dtype=np.int64)
    _common_levels(forest.up, low, high, levels)
    return levels


@jit_parallel
def _common_levels(up: Any, low: Any, high: Any, levels: Any) -> None:
    for i in prange(low.shape[0]):
        for a in range(low.shape[1]):
            level = 0
            while up[a, level, low[i, a]] != up[a, level, high[i, a]]:
                level += 1
            levels[i, a] = level
