"""How far the values of a class are from those of the whole table: t-closeness by earth mover's distance, exact.

Source: Li, Li, Venkatasubramanian, *t-Closeness: Privacy Beyond k-Anonymity and l-Diversity* (ICDE 2007), §4:

* *equal* distance: half the sum of |p − q|, which is the sum of the positive differences, so only values that occur
  in the class are looked at;
* *ordered* distance: the mean of |differences of cumulative shares| over the m − 1 gaps between m values. Between two
  values of a class its cumulative share stands still while that of the table rises, so a gap is summed at once from
  running sums, after a binary search for the place where the sign changes;
* *hierarchical* distance: for hierarchies whose leaves are all at one depth H the definition by node costs, Σ
  height(N)/H · min(pos, neg), equals the mean of the equal distances at the H levels below the root: at a node neg =
  pos − extra, thus min(pos, neg) = pos − max(0, extra), and the sum over heights telescopes.

All distances are fractions of integers. Missing values are left out of class and table alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from disclosure.assess.exact import ROOM, largest
from disclosure.assess.runs import Ints, Runs, relabeled


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How far apart the values of a column are, beside being different.

    Attributes:
        ranks: rank of each value in their order, 0 first and without gaps; None where they have no order.
        levels: for each level below the root, the leaf level first, the node of each value.
    """

    ranks: Ints | None = None
    levels: Sequence[Ints] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeness:
    """The largest distance of any class from the table, for each kind of distance that is defined."""

    equal: Fraction
    ordered: Fraction | None = None
    hierarchical: Fraction | None = None

    def weaker(self, other: Closeness) -> Closeness:
        """Both together."""
        return Closeness(
            equal=max(self.equal, other.equal),
            ordered=_larger(self.ordered, other.ordered),
            hierarchical=_larger(self.hierarchical, other.hierarchical),
        )


def closeness(runs: Runs, totals: Ints, metric: Metric) -> Closeness:
    """Measure classes against the table.

    Args:
        runs: at least one class.
        totals: how often each code occurs in the whole table, each at least once.
        metric: order and hierarchy of the values.
    """
    all_rows, sizes = int(totals.sum()), runs.sizes()
    kind = _kind(all_rows * int(sizes.max()) * max(1, len(metric.levels)))
    denominators = sizes.astype(kind) * all_rows
    return Closeness(
        equal=largest(_excess(runs, totals, kind), denominators),
        ordered=None if metric.ranks is None else _ordered(runs, totals, metric.ranks),
        hierarchical=_hierarchical(runs, totals, metric.levels, denominators) if metric.levels else None,
    )


def _kind(most: int) -> type[Any]:
    """What integers up to `most` are kept in: Python's own where 64 bits might not be enough."""
    return np.int64 if most < ROOM else object


def _excess(runs: Runs, totals: Ints, kind: type[Any]) -> npt.NDArray[Any]:
    """Σ max(0, n_cs·N − N_s·n_c) for each class: the equal distance times n_c·N."""
    here = runs.counts.astype(kind) * int(totals.sum())
    expected = totals[runs.codes].astype(kind) * runs.spread(runs.sizes())
    excess: npt.NDArray[Any] = np.add.reduceat(np.maximum(here - expected, 0), runs.starts)
    return excess


def _hierarchical(runs: Runs, totals: Ints, levels: Sequence[Ints], denominators: npt.NDArray[Any]) -> Fraction:
    kind = object if denominators.dtype == object else np.int64
    summed = np.zeros(len(runs.starts), dtype=kind)
    for nodes in levels:
        at_level = np.zeros(int(nodes.max()) + 1, dtype=np.int64)
        np.add.at(at_level, nodes, totals)
        summed = summed + _excess(relabeled(runs, nodes), at_level, kind)
    return largest(summed, denominators * len(levels))


def _ordered(runs: Runs, totals: Ints, ranks: Ints) -> Fraction:
    if len(totals) < 2:
        return Fraction(0)
    in_order = np.empty_like(totals)
    in_order[ranks] = totals
    ordered = runs if np.array_equal(ranks, np.arange(len(ranks))) else relabeled(runs, ranks)
    sizes = ordered.sizes()
    moved = _moved(ordered, sizes, in_order, _kind(len(totals) * int(totals.sum()) * int(sizes.max())))
    return largest(moved, sizes.astype(moved.dtype) * (int(totals.sum()) * (len(totals) - 1)))


def _moved(runs: Runs, sizes: Ints, totals: Ints, kind: type[Any]) -> npt.NDArray[Any]:
    """Σ |Q_j·N − P_j·n_c| over all values j: Q, P being running counts of the class and of the table."""
    running = np.cumsum(totals)
    summed = np.concatenate(([0], np.cumsum(running.astype(kind))))
    here = np.cumsum(runs.counts)
    here -= runs.spread(here[runs.starts] - runs.counts[runs.starts])
    begin, end = runs.codes, np.append(runs.codes[1:], 0)
    end[np.append(runs.starts[1:], len(runs.codes)) - 1] = len(totals)
    size = runs.spread(sizes).astype(kind)
    share = here.astype(kind) * int(running[-1])
    turn = np.clip(np.searchsorted(running, (share // size).astype(np.int64), side="right"), begin, end)
    below = (turn - begin) * share - size * (summed[turn] - summed[begin])
    above = size * (summed[end] - summed[turn]) - (end - turn) * share
    before = sizes.astype(kind) * summed[runs.codes[runs.starts]]
    moved: npt.NDArray[Any] = np.add.reduceat(below + above, runs.starts) + before
    return moved


def _larger(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return one if other is None else other if one is None else max(one, other)
