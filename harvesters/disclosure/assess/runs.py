"""How often each sensitive value occurs in each equivalence class: the form that all measures of attributes read.

Boundary: arrays of integers; where they come from (a query or sorted keys) does not matter, nor does the order of
the classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Pairs of class and value: pairs of one class stand together, in the order of their codes.

    Attributes:
        starts: place of the first pair of each class.
        codes: code of the value of each pair.
        counts: how often the pair occurs, at least once.
    """

    starts: Ints
    codes: Ints
    counts: Ints

    def sizes(self) -> Ints:
        """Size of each class."""
        return self.per_class(self.counts)

    def lengths(self) -> Ints:
        """Number of different values in each class."""
        return np.diff(self.starts, append=len(self.codes))

    def per_class(self, values: Ints) -> Ints:
        """Sum one value of each pair over its class."""
        return np.add.reduceat(values, self.starts)

    def spread(self, values: Ints) -> Ints:
        """Repeat one value of each class for each of its pairs."""
        return np.repeat(values, self.lengths())

    def pieces(self, most_pairs: int = 1 << 20) -> Iterator[Runs]:
        """Split between classes into pieces of about `most_pairs` pairs, so that working arrays stay small."""
        if not len(self.codes):
            return
        if len(self.codes) <= most_pairs:
            yield self
            return
        cuts = np.searchsorted(self.starts, np.arange(0, len(self.codes), most_pairs))
        cuts = np.unique(np.append(cuts, len(self.starts)))
        for first, last in pairwise(cuts.tolist()):
            begin = self.starts[first]
            end = self.starts[last] if last < len(self.starts) else len(self.codes)
            yield Runs(
                starts=self.starts[first:last] - begin, codes=self.codes[begin:end], counts=self.counts[begin:end]
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """One sensitive column within its classes.

    Attributes:
        labels: its known values, sorted; the code of a value is its place here.
        totals: how often each code occurs in the table.
        missing: how often the value is missing; these are in no run.
        runs: classes in pieces, each with at least one class, to be read once.
    """

    labels: tuple[Any, ...] = field(repr=False)
    totals: Ints = field(repr=False)
    missing: int
    runs: Iterator[Runs] = field(repr=False)


def relabeled(runs: Runs, mapping: Ints) -> Runs:
    """Replace the code of each value, adding up the counts of values that become one."""
    owners = runs.spread(np.arange(len(runs.starts), dtype=np.int64))
    width = int(mapping.max()) + 1
    keys = owners * width + mapping[runs.codes]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = boundaries(keys)
    counts = np.add.reduceat(runs.counts[order], first)
    classes, codes = np.divmod(keys[first], width)
    return Runs(starts=boundaries(classes), codes=codes, counts=counts)


def boundaries(keys: npt.NDArray[np.int64] | npt.NDArray[np.uint64]) -> Ints:
    """Places where a sorted array starts a new value, the first place included."""
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    changes = np.flatnonzero(keys[1:] != keys[:-1])
    starts = np.empty(len(changes) + 1, dtype=np.int64)
    starts[0] = 0
    np.add(changes, 1, out=starts[1:])
    return starts
