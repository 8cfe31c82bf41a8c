"""The rules of a class as numba sees them, and the check of one class: `rules.passes` again, written as loops."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from disclosure.recoding.forest import Ints
from disclosure.recoding.rules import ENTROPY_TOLERANCE, PERMILLE, Rules


class Packed(NamedTuple):
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


def packed(rules: Rules) -> Packed:
    """The rules in the form that kernels take."""
    width = max((len(each) for each in rules.totals), default=1)
    totals = np.zeros((len(rules.totals), width), dtype=np.int64)
    for s, each in enumerate(rules.totals):
        totals[s, : len(each)] = each
    return Packed(
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


def jit(function: _Function) -> _Function:
    """Compile a function for one thread."""
    return _compile(function, nogil=True)


def jit_parallel(function: _Function) -> _Function:
    """Compile a function whose ``prange`` runs on all threads."""
    return _compile(function, parallel=True)


def _compile(function: _Function, *, nogil: bool = False, parallel: bool = False) -> _Function:
    """Compile, and keep the result on disk where there is a folder that may be written to."""
    try:
        return cast(_Function, njit(cache=True, nogil=nogil, parallel=parallel)(function))
    except RuntimeError:
        return cast(_Function, njit(nogil=nogil, parallel=parallel)(function))


@jit
def passes(index: Any, start: int, end: int, rules: Packed) -> bool:
    """Whether the records ``index[start:end]`` may be a class."""
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


@jit
def _is_diverse(s: int, here: int, rules: Packed) -> bool:
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


@jit
def _is_close(s: int, here: int, rules: Packed) -> bool:
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
