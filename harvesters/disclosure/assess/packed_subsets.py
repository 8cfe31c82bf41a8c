"""Combinations of up to three columns, by arrays: the same figures as ``disclosure.assess.subsets``, in memory.

The codes of two or three columns make a small number, so classes are counted by place instead of by hashing or
sorting; only where that number is large are keys sorted. Whether a row is unique in a combination is kept as one bit,
since minimality asks for it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from disclosure.assess.encode import Coded, Keys, pack, ranked
from disclosure.assess.runs import Ints, boundaries
from disclosure.assess.subsets import MOST_COLUMNS, ColumnSet, SmallSets

Flags = npt.NDArray[np.bool_]

_BY_PLACE = 1 << 24
"""Up to this bound keys are places in an array of counts; above it they are replaced by their ranks."""


def small_sets(columns: Sequence[Coded], names: Sequence[str], unit: Coded | None = None) -> SmallSets:
    """Look at every combination of one to three columns.

    Args:
        columns: codes of the quasi-identifiers, at least one.
        names: their names.
        unit: codes of the unit; rows are counted when left out.
    """
    search = _Search(columns, unit)
    sizes = range(1, min(MOST_COLUMNS, len(names)) + 1)
    every = [places for size in sizes for places in combinations(range(len(names)), size)]
    sets = tuple(search.measure(places, tuple(names[place] for place in places)) for places in every)
    return SmallSets(sets=sets, singled_out=search.singled_out())


class _Search:
    """Rows by their codes, and what is known of smaller combinations."""

    def __init__(self, columns: Sequence[Coded], unit: Coded | None) -> None:
        self._columns = columns
        self._unit = unit
        self._rows = len(columns[0].codes)
        self._unique: dict[tuple[int, ...], npt.NDArray[np.uint8]] = {}
        self._singled = np.zeros(self._rows, dtype=np.bool_)

    def measure(self, places: tuple[int, ...], names: tuple[str, ...]) -> ColumnSet:
        """Group by one combination; smaller combinations come before."""
        keys, bound = self._keys(places)
        counts = self._counts(keys, bound)
        present = counts[counts > 0]
        uniques = int(np.count_nonzero(present == 1))
        minimal = 0
        unique = counts[keys] == 1 if uniques else np.zeros(self._rows, dtype=np.bool_)
        if len(places) < MOST_COLUMNS:
            self._unique[places] = np.packbits(unique)
        if uniques:
            for part in combinations(places, len(places) - 1):
                if part:
                    unique &= ~self._known(part)
            self._singled |= unique
            minimal = len(np.unique(keys[unique]))
        return ColumnSet(
            columns=names,
            classes=len(present),
            k=int(present.min()) if len(present) else 0,
            uniques=uniques,
            minimal_uniques=minimal,
        )

    def singled_out(self) -> int:
        """Units that some combination singles out."""
        if self._unit is None:
            return int(np.count_nonzero(self._singled))
        return len(np.unique(self._unit.codes[self._singled]))

    def _keys(self, places: tuple[int, ...]) -> tuple[Keys, int]:
        keys, bound = pack([self._columns[place] for place in places], self._rows)
        return (keys, bound) if bound <= _BY_PLACE else ranked(keys)

    def _counts(self, keys: Keys, bound: int) -> Ints:
        """Units, or rows, of each key."""
        if self._unit is None:
            return np.bincount(keys.astype(np.int64), minlength=bound)
        # Keys are below 2**32 and so are units: the pair fits into 64 bits.
        pairs = keys * np.uint64(self._unit.size) + self._unit.codes
        pairs.sort()
        holders = pairs[boundaries(pairs)] // np.uint64(self._unit.size)
        return np.bincount(holders.astype(np.int64), minlength=bound)

    def _known(self, places: tuple[int, ...]) -> Flags:
        return np.unpackbits(self._unique[places], count=self._rows).view(np.bool_)
