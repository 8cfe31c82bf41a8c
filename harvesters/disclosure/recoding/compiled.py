"""Both searches as numba kernels (extra ``fast``), with the result of `plain` record by record.

Boundary: imported only where numba is installed; everything else works without it. The kernels keep the shape of
`plain`, written as loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from disclosure.recoding.compiled_cover import cover
from disclosure.recoding.compiled_partition import partition
from disclosure.recoding.compiled_rules import jit
from disclosure.recoding.forest import Codes, Ints

__all__ = ["bounds", "cover", "partition"]


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
