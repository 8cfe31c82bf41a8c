"""Journalist risk: how large the classes of the data are in the whole population.

Source: El Emam, *Guide to the De-Identification of Personal Health Information* (2013), ch. 16: the journalist risk
is one over the size of the population class. With a table of the population the classes are counted; with its size
only, a class is taken to be as much larger in the population as the population is than the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import duckdb

from disclosure.assess.histogram import Histogram
from disclosure.assess.population import PopulationUniques
from disclosure.assess.risk import Journalist
from disclosure.sqltext import ident, idents, one_row


def scaled(sample: Histogram, population: int) -> Journalist:
    """Risks with classes scaled up from the sample; a population is at least its sample."""
    if not sample.members:
        return Journalist(highest=Fraction(0), marketer=Fraction(0), counted=False)
    growth = Fraction(max(population, sample.members), sample.members)
    return Journalist(highest=sample.prosecutor_highest / growth, marketer=sample.marketer / growth, counted=False)


def counted(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    population: str,
    quasi: Sequence[str],
    unit: str | None,
) -> tuple[Journalist, PopulationUniques]:
    """Risks from a table of the population.

    Args:
        con: an open connection.
        relation: the data.
        population: table or view with the same quasi-identifiers and, where there is one, the same unit column.
        quasi: the quasi-identifiers.
        unit: SQL expression of the unit; rows are counted when left out.
    """
    # A class that the population lacks, by error or by age of its table, cannot be smaller there than in the data.
    pairs = (
        f"SELECT s.n AS f, greatest(s.n, coalesce(p.n, 0)) AS big, p.n IS NULL AS missing"
        f" FROM ({_classes(relation, quasi, unit)}) AS s LEFT JOIN ({_classes(population, quasi, unit)}) AS p"
        f" ON {_same(quasi)}"
    )
    rows = con.execute(
        f"SELECT f, big, count(*), count(*) FILTER (missing) FROM ({pairs}) GROUP BY f, big ORDER BY f, big"
    ).fetchall()
    members = sum(f * classes for f, _, classes, _ in rows)
    size = one_row(con, f"SELECT coalesce(sum(n), 0)::BIGINT FROM ({_classes(population, quasi, unit)})")[0]
    matched = sum((Fraction(f, big) * classes for f, big, classes, _ in rows), Fraction(0))
    journalist = Journalist(
        highest=max((Fraction(1, big) for _, big, _, _ in rows), default=Fraction(0)),
        marketer=matched / members if members else Fraction(0),
        counted=True,
        missing_classes=sum(missing for *_, missing in rows),
    )
    uniques = PopulationUniques(
        method="counted",
        population=max(size, members),
        sample=members,
        sample_uniques=sum(classes for f, _, classes, _ in rows if f == 1),
        uniques=sum(classes for _, big, classes, _ in rows if big == 1),
        others={},
    )
    return journalist, uniques


def _classes(relation: str, quasi: Sequence[str], unit: str | None) -> str:
    source = ident(relation)
    if unit is not None:
        source = f"(SELECT DISTINCT {idents(quasi)}, {unit} AS __unit FROM {source})"
    return f"SELECT {idents(quasi)}, count(*) AS n FROM {source} GROUP BY {idents(quasi)}"


def _same(quasi: Sequence[str]) -> str:
    return " AND ".join(f"s.{ident(name)} IS NOT DISTINCT FROM p.{ident(name)}" for name in quasi)
