"""k^m-anonymity of sets, such as the stops that a person used: whoever knows up to m of them finds at least k units.

Terrovitis, Mamoulis & Kalnis (VLDB 2008): stops are replaced by nodes of a public hierarchy, the same node for the
same stop everywhere, until every combination of at most m published nodes that occurs at all occurs in the sets of at
least k units. Nodes rise one at a time: the one that repairs most rare combinations for the loss it causes.

What this gives and what it does not. It is a promise about m known stops, with m at most 2; somebody who knows three
may find one person, and the number of stops in a set is published. So it is no policy that can release by itself:
trips leave as bins (`policies.rollup`). It is here for tables of sets that a preset of its own would allow.

Boundary: one query for the sets, then whole numbers in numpy; `is_protected` counts again in another way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from disclosure.errors import DisclosureRefused
from disclosure.recoding.forest import Forest, Ints, forest_of
from disclosure.recoding.hierarchy import Hierarchy
from disclosure.recoding.records import text_sql
from disclosure.sqltext import ident
from disclosure.units import unit_sql

MOST_KNOWN = 2
MOST_CELLS = 400_000_000
"""Units times leaves that are held at once, one byte each."""


@dataclass(frozen=True)
class ProtectedSets:
    """Sets of labels, sorted by their content, and the level that each leaf was raised to."""

    table: pa.Table
    levels: tuple[int, ...]


@dataclass
class _Cut:
    """Which node each leaf is published as, and how many units hold each pair of nodes."""

    forest: Forest
    levels: Ints
    holds: NDArray[np.bool_]
    """Units × leaves: a node's column stands at its first leaf; the columns of its other leaves are empty."""
    pairs: Ints
    uses: Ints
    """How many units use each leaf in the input."""

    def under(self, leaf: int, level: int) -> Ints:
        """The leaves of the node above `leaf` at `level`."""
        row = self.forest.up[0, level, :-1]
        found: Ints = np.flatnonzero(row == row[leaf])
        return found

    def cost(self, leaves: Ints, level: int) -> int:
        """How much the summed loss grows when `leaves` are raised to `level`."""
        before = self.forest.loss[0, self.levels[leaves], leaves]
        return int(((self.forest.loss[0, level, leaves] - before) * self.uses[leaves]).sum())

    def raise_to(self, leaves: Ints, level: int) -> None:
        """Publish `leaves` as their common node."""
        first = int(leaves[0])
        self.holds[:, first] = self.holds[:, leaves].any(axis=1)
        self.holds[:, leaves[1:]] = False
        self.pairs[leaves, :] = 0
        self.pairs[:, leaves] = 0
        together = self.holds[self.holds[:, first]].sum(axis=0)
        self.pairs[first, :] = together
        self.pairs[:, first] = together
        self.levels[leaves] = level


def protect_sets(
    con: duckdb.DuckDBPyConnection, relation: str, *, unit: str, item: str, hierarchy: Hierarchy, k: int, m: int = 2
) -> ProtectedSets:
    """Generalize the items of every unit's set.

    Args:
        con: an open connection.
        relation: one row for each unit and item; repeated rows count once, missing units are one unit.
        unit: column of the privacy unit.
        item: column of the stop.
        hierarchy: over all stops.
        k: least number of units.
        m: how many stops an intruder may know, 1 or 2.

    Raises:
        DisclosureRefused: codes ``sets-known-items``, ``table-too-small``, ``value-not-in-hierarchy``,
            ``sets-too-large``.
    """
    if not 1 <= m <= MOST_KNOWN:
        raise DisclosureRefused("sets-known-items", most=MOST_KNOWN)
    holds = _holds(con, relation, unit, item, hierarchy)
    if len(holds) < k:
        raise DisclosureRefused("table-too-small", least=k)
    uses = holds.sum(axis=0).astype(np.int64)
    pairs = _pairs(holds) if m == MOST_KNOWN else np.diag(uses)
    cut = _Cut(forest_of([hierarchy]), np.zeros(holds.shape[1], dtype=np.int64), holds, pairs, uses)
    while (rise := _best_rise(cut, k, m)) is not None:
        cut.raise_to(*rise)
    return ProtectedSets(table=_published(cut, hierarchy), levels=tuple(cut.levels.tolist()))


def is_protected(sets: Iterable[Iterable[str]], k: int, m: int) -> bool:
    """Whether every combination of up to m labels that occurs at all occurs in k sets, counted one by one."""
    counts: Counter[tuple[str, ...]] = Counter()
    for labels in sets:
        distinct = sorted(set(labels))
        for size in range(1, m + 1):
            counts.update(combinations(distinct, size))
    return all(count >= k for count in counts.values())


def _holds(
    con: duckdb.DuckDBPyConnection, relation: str, unit: str, item: str, hierarchy: Hierarchy
) -> NDArray[np.bool_]:
    rows = con.execute(
        f"SELECT DISTINCT coalesce({unit_sql(unit)}, ''), {text_sql(item)} AS item FROM {ident(relation)}"
        f" WHERE item IS NOT NULL"
    ).fetchall()
    leaves = {leaf: number for number, leaf in enumerate(hierarchy.leaves)}
    if unknown := {each for _, each in rows if each not in leaves}:
        raise DisclosureRefused("value-not-in-hierarchy", column=item, values=len(unknown))
    units = {each: number for number, each in enumerate(sorted({each for each, _ in rows}))}
    if len(units) * len(leaves) > MOST_CELLS:
        raise DisclosureRefused("sets-too-large", units=len(units), items=len(leaves))
    holds = np.zeros((len(units), len(leaves)), dtype=np.bool_)
    holds[[units[each] for each, _ in rows], [leaves[each] for _, each in rows]] = True
    return holds


def _pairs(holds: NDArray[np.bool_]) -> Ints:
    """How many units hold both of two leaves. Sums of ones below 2^24 are exact in 32-bit floats."""
    small = holds.astype(np.float32)
    pairs: Ints = np.rint(small.T @ small).astype(np.int64)
    return pairs


def _best_rise(cut: _Cut, k: int, m: int) -> tuple[Ints, int] | None:
    """The rise that repairs most rare combinations for its loss; None where none is rare."""
    counted = cut.pairs if m == MOST_KNOWN else np.diag(np.diag(cut.pairs))
    rare = (counted > 0) & (counted < k)
    if not rare.any():
        return None
    best: tuple[int, int, tuple[Ints, int]] | None = None
    root = cut.forest.depths[0] - 1
    for leaf in np.flatnonzero(rare.any(axis=1)).tolist():
        level = _next_level(cut, leaf, root)
        if level is None:
            continue
        leaves = cut.under(leaf, level)
        repaired, cost = int(rare[leaves].sum()), max(cut.cost(leaves, level), 1)
        if best is None or repaired * best[1] > best[0] * cost:
            best = (repaired, cost, (leaves, level))
    # Where every rare node is a root already there is one node, held by all units: it is not rare.
    return None if best is None else best[2]


def _next_level(cut: _Cut, leaf: int, root: int) -> int | None:
    """The next level at which the node of `leaf` covers more than now; the root where padding hides it."""
    now = len(cut.under(leaf, int(cut.levels[leaf])))
    for level in range(int(cut.levels[leaf]) + 1, root + 1):
        if len(cut.under(leaf, level)) > now or level == root:
            return level
    return None


def _published(cut: _Cut, hierarchy: Hierarchy) -> pa.Table:
    names = [row[level] for row, level in zip(hierarchy.rows, cut.levels.tolist(), strict=True)]
    sets = sorted(_labels(row, names) for row in cut.holds)
    records = [number for number, labels in enumerate(sets, start=1) for _ in labels]
    items = [label for labels in sets for label in labels]
    return pa.table({"record": pa.array(records, pa.int64()), "item": pa.array(items, pa.string())})


def _labels(row: NDArray[np.bool_], names: list[str]) -> tuple[str, ...]:
    return tuple(sorted({names[int(leaf)] for leaf in np.flatnonzero(row)}))
