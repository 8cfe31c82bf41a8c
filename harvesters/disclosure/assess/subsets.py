"""Which few columns are enough to single somebody out: all combinations of up to three quasi-identifiers.

*Weakest combination*: for each combination its classes, its k and how many of its classes hold one unit only.
*Minimal sample uniques* (Elliot, Manning, Ford, *A Computational Algorithm for Handling the Special Uniques Problem*,
2002): a combination of values that one unit alone has, while it shares each smaller part of it with others. The
fewer columns it needs, the more special the unit. Exact and exhaustive: every combination is grouped once; since a
value that is unique stays so with any column added, minimality needs a look only at the combinations one smaller.

Boundary: queries over a working table of the distinct pairs of quasi-identifiers and unit; at most three columns at
once, as larger sets are what the class sizes of all columns tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import duckdb

from disclosure.sqltext import ident, idents, one_row

MOST_COLUMNS = 3

_ENTITIES = "_assess_entities"
_GROUP = "_assess_group"
_UNIQUE = "_assess_unique_"
_SINGLED = "_assess_singled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSet:
    """One combination of quasi-identifiers.

    Attributes:
        columns: the columns.
        classes: number of different combinations of their values.
        k: units in the smallest class.
        uniques: classes with one unit.
        minimal_uniques: those of which no smaller combination is unique.
    """

    columns: tuple[str, ...]
    classes: int
    k: int
    uniques: int
    minimal_uniques: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallSets:
    """All combinations of up to three columns, and the units that at least one of them singles out."""

    sets: tuple[ColumnSet, ...]
    singled_out: int

    @property
    def weakest(self) -> ColumnSet | None:
        """Least k, then the fewest columns, then the most uniques, then the order of the columns."""
        return min(self.sets, key=lambda each: (each.k, len(each.columns), -each.uniques), default=None)

    def minimal_uniques(self, size: int) -> int:
        """Number of minimal sample uniques with `size` columns."""
        return sum(each.minimal_uniques for each in self.sets if len(each.columns) == size)


def small_sets(
    con: duckdb.DuckDBPyConnection, relation: str, quasi: Sequence[str], unit: str | None = None
) -> SmallSets:
    """Look at every combination of one to three columns.

    Args:
        con: an open connection.
        relation: table or view.
        quasi: the quasi-identifiers.
        unit: SQL expression of the unit; rows are counted when left out.
    """
    search = _Search(con, quasi, "sum(n)" if unit is None else "count(DISTINCT __unit)")
    try:
        search.prepare(relation, unit)
        sets = tuple(search.measure(places) for places in search.every)
        return SmallSets(sets=sets, singled_out=one_row(con, f"SELECT count(DISTINCT __unit) FROM {_SINGLED}")[0])
    finally:
        search.drop()


class _Search:
    """The queries of one search; `counted` is the number of units of a group of entities."""

    def __init__(self, con: duckdb.DuckDBPyConnection, quasi: Sequence[str], counted: str) -> None:
        self._con = con
        self._quasi = quasi
        self._counted = counted
        sizes = range(1, min(MOST_COLUMNS, len(quasi)) + 1)
        self.every = [places for size in sizes for places in combinations(range(len(quasi)), size)]

    def prepare(self, relation: str, unit: str | None) -> None:
        """Store the distinct pairs of quasi-identifiers and unit; without a unit each row stands for itself."""
        columns = idents(self._quasi)
        if unit is None:
            select = (
                f"row_number() OVER () AS __unit, {columns}, count(*) AS n FROM {ident(relation)} GROUP BY {columns}"
            )
        else:
            # A missing unit is one unit; the blank that stands for it cannot be a value, since units are trimmed.
            known = f"coalesce(CAST({unit} AS VARCHAR), '')"
            select = f"DISTINCT {known} AS __unit, {columns}, 1 AS n FROM {ident(relation)}"
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE {_ENTITIES} AS SELECT {select}")
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE {_SINGLED} AS SELECT __unit FROM {_ENTITIES} LIMIT 0")

    def measure(self, places: tuple[int, ...]) -> ColumnSet:
        """Group by one combination; smaller combinations come before."""
        columns = self._names(places)
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_GROUP} AS SELECT {columns}, {self._counted} AS k, min(__unit) AS __unit"
            f" FROM {_ENTITIES} GROUP BY {columns}"
        )
        classes, k = one_row(self._con, f"SELECT count(*), coalesce(min(k), 0)::BIGINT FROM {_GROUP}")
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_table(places)} AS SELECT {columns}, __unit FROM {_GROUP} WHERE k = 1"
        )
        uniques = one_row(self._con, f"SELECT count(*) FROM {_table(places)}")[0]
        return ColumnSet(
            columns=tuple(self._quasi[place] for place in places),
            classes=classes,
            k=k,
            uniques=uniques,
            minimal_uniques=self._keep_singled(places) if uniques else 0,
        )

    def _keep_singled(self, places: tuple[int, ...]) -> int:
        """Note the units of minimal uniques, and count these."""
        smaller = list(combinations(places, len(places) - 1)) if len(places) > 1 else []
        known = "".join(f" AND NOT EXISTS (FROM {_table(part)} AS s WHERE {self._same(part)})" for part in smaller)
        before = self._singled()
        self._con.execute(f"INSERT INTO {_SINGLED} SELECT __unit FROM {_table(places)} AS u WHERE true{known}")
        return self._singled() - before

    def _singled(self) -> int:
        return int(one_row(self._con, f"SELECT count(*) FROM {_SINGLED}")[0])

    def _names(self, places: tuple[int, ...]) -> str:
        return idents(self._quasi[place] for place in places)

    def _same(self, places: tuple[int, ...]) -> str:
        names = [ident(self._quasi[place]) for place in places]
        return " AND ".join(f"u.{name} IS NOT DISTINCT FROM s.{name}" for name in names)

    def drop(self) -> None:
        """Remove the working tables."""
        for name in (_ENTITIES, _GROUP, _SINGLED, *map(_table, self.every)):
            self._con.execute(f"DROP TABLE IF EXISTS {name}")


def _table(places: tuple[int, ...]) -> str:
    return _UNIQUE + "_".join(map(str, places))
