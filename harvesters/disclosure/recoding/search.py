"""From coded records to the node that each value is published as.

Which search runs is decided by what is public (rules, hierarchies, number of records), never by values:

- `cover` where records or units are counted and nothing else is asked, the hierarchies have at most `MOST_LEVELS`
  combinations of levels, and there are at most `MOST_RECORDS` records. Each class is formed at the mildest level
  combination that still gathers enough records. Records that nothing gathered join the class that suffers least.
- `partition` otherwise. A rule about sensitive values belongs here: a cover takes the mixed groups first and would
  leave the uniform ones until nothing can be done for them.

What the labels tell beyond themselves. A class is published under the lowest nodes that cover it, so it holds values
under at least two children of each node; no least or greatest value is ever published. An intruder who knows this
code can infer from a coarse label that no finer one had enough records left (minimality; Wong et al., VLDB 2007, and
"downcoding", Cohen, USENIX Security 2022). That narrows where the *other* records of a class may lie; each record
still shares every published label with at least k - 1 units. It is stated as a residual, not prevented.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from math import prod
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from disclosure.errors import DisclosureRefused
from disclosure.recoding import plain
from disclosure.recoding.forest import PARTS, Codes, Forest, Ints
from disclosure.recoding.rules import Rows, Rules, passes

MOST_LEVELS: Final = 20_000
MOST_RECORDS: Final = 200_000
FEW_RECORDS: Final = 3_000
"""Up to here the kernels in numpy are done before numba is loaded."""

_ONE_NUMBER: Final = 1 << 62
COVER: Final = "cover"
PARTITION: Final = "partition"


@dataclass(frozen=True)
class Recoding:
    """The published node of every value.

    Attributes:
        search: ``cover`` or ``partition``.
        classes: the class of each record; classes are numbered in the order of their nodes.
        levels: classes × columns, the level of the published node.
        leaves: classes × columns, the first leaf under it.
    """

    search: str
    classes: Ints
    levels: Ints
    leaves: Ints

    @property
    def sizes(self) -> Ints:
        """Records in each class."""
        counts: Ints = np.bincount(self.classes, minlength=len(self.levels))
        return counts

    def quality(self, forest: Forest) -> float:
        """1 - mean loss over records and columns; a value at the root scores 0. For people, decides nothing."""
        lost = int((forest.losses(self.levels, self.leaves) * self.sizes).sum())
        return 1 - lost / (PARTS * len(self.classes) * self.levels.shape[1])


def kernels(records: int) -> ModuleType:
    """The compiled searches where numba is installed and worth loading, the same in numpy elsewhere."""
    if records <= FEW_RECORDS or find_spec("numba") is None:
        return plain
    from disclosure.recoding import compiled

    return compiled


def recode(codes: Codes, forest: Forest, rules: Rules, using: ModuleType | None = None) -> Recoding:
    """Find a node for every value such that each class satisfies the rules; no record is left out.

    Args:
        codes: records × columns, the leaf of each value.
        forest: the hierarchies.
        rules: what a class must satisfy.
        using: `plain` or `compiled`; the faster one there is when left out. The result is the same.

    Raises:
        DisclosureRefused: codes ``table-too-small`` (all records together must not be a class) and
            ``recode-too-large``.
    """
    if not rules.is_exact:
        raise DisclosureRefused("recode-too-large", rows=len(codes))
    if not passes(rules, np.arange(len(codes), dtype=np.int64)):
        raise DisclosureRefused("table-too-small", least=rules.k)
    chosen = kernels(len(codes)) if using is None else using
    search = which(len(codes), forest, rules)
    classes, count = (chosen.cover if search == COVER else chosen.partition)(codes, forest, rules)
    low, high = chosen.bounds(codes, classes, count)
    if search == COVER:
        classes, low, high = _settled(codes, classes, low, high, forest, rules)
    return _labeled(search, classes, chosen.common_levels(forest, low, high), low, forest)


def which(records: int, forest: Forest, rules: Rules) -> str:
    """The search for a table of this size under these rules."""
    counts_only = not (rules.distinct_l or rules.entropy_l or rules.t_permille >= 0)
    fits = records <= MOST_RECORDS and forest.combinations <= MOST_LEVELS and forest.keys < _ONE_NUMBER
    return COVER if counts_only and fits else PARTITION


def _labeled(search: str, classes: Ints, levels: Ints, low: NDArray[Any], forest: Forest) -> Recoding:
    """Name each class by its nodes, so that two classes with the same labels are one."""
    columns = range(levels.shape[1])
    nodes = np.stack([forest.ranks[a, levels[:, a], low[:, a]] for a in columns], axis=1).astype(np.int64)
    counts = [len(forest.named[a][0]) for a in columns]
    if prod(counts) < _ONE_NUMBER:
        _, first, number = np.unique(_one_number(nodes, counts), return_index=True, return_inverse=True)
    else:
        _, first, number = np.unique(nodes, axis=0, return_index=True, return_inverse=True)
    distinct = nodes[first]
    return Recoding(
        search=search,
        classes=number.ravel()[classes],
        levels=np.stack([forest.named[a][1][distinct[:, a]] for a in columns], axis=1),
        leaves=np.stack([forest.named[a][0][distinct[:, a]] for a in columns], axis=1),
    )


def _one_number(nodes: Ints, counts: list[int]) -> Ints:
    """The nodes of a class as one number, in the order of the nodes."""
    key: Ints = np.zeros(len(nodes), dtype=np.int64)
    for a, count in enumerate(counts):
        key = key * count + nodes[:, a]
    return key


def _settled(
    codes: Codes, classes: Ints, low: NDArray[Any], high: NDArray[Any], forest: Forest, rules: Rules
) -> tuple[Ints, NDArray[Any], NDArray[Any]]:
    """Let every record without a class join one: counts only grow, so the rules keep holding."""
    left = np.flatnonzero(classes < 0)
    if not len(left):
        return classes, low, high
    # A canonical order of classes and records, so that ties fall the same way in any order of rows.
    order = np.lexsort(np.concatenate((low, high), axis=1).T)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    low, high = low[order], high[order]
    classes = np.where(classes >= 0, rank[np.maximum(classes, 0)], -1)
    sizes = np.bincount(classes[classes >= 0], minlength=len(low))
    losses = forest.losses(forest.common_levels(low, high), low)
    for record in left[_canonical(codes, rules, left)]:
        joined_low, joined_high = np.minimum(low, codes[record]), np.maximum(high, codes[record])
        joined = forest.losses(forest.common_levels(joined_low, joined_high), joined_low)
        best = int(np.argmin(joined * (sizes + 1) - losses * sizes))
        low[best], high[best], losses[best] = joined_low[best], joined_high[best], joined[best]
        classes[record] = best
        sizes[best] += 1
    return classes, low, high


def _canonical(codes: Codes, rules: Rules, rows: Rows) -> Rows:
    keys = [*codes[rows].T, *(column[rows] for column in rules.sensitive), *(unit[rows] for unit in rules.units)]
    order: Rows = np.lexsort(keys)
    return order
