"""Pairs of coordinates that show where somebody lives: precise places that belong to one unit alone.

A column of coordinates is nothing by itself: stations have them too. It becomes an address when a unit's own rows lie
at one precise place, written to some ten meters (four decimals of a degree, or whole meters), that no other unit
shares. Boundary: looks at pairs of columns that are named as coordinates; answers with a share of units.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

import duckdb

from disclosure.identifiers import Kind, Suspicion
from disclosure.sqltext import ident, one_row
from disclosure.units import unit_sql

LEAST_SHARE = Fraction(1, 10)
"""From this share of units with a place of their own the columns are held."""

UNITS_TO_JUDGE = 20

_LATITUDE = re.compile(r"(?:^|[^a-z])(?:lat|latitude|y|sirina)(?:$|[^a-z])", re.IGNORECASE)
_TWINS = (("latitude", "longitude"), ("lat", "lon"), ("lat", "lng"), ("y", "x"), ("sirina", "dolzina"))
_DEGREES = 180
_PLACES_OF_DEGREES = 4


def home_coordinates(
    con: duckdb.DuckDBPyConnection, relation: str, types: Mapping[str, str], units: Sequence[str]
) -> list[Suspicion]:
    """Columns of coordinates that lead to the homes of units.

    Args:
        con: an open connection.
        relation: table or view.
        types: names of the columns to look at, with their types.
        units: unit columns.
    """
    numbers = {name: kind for name, kind in types.items() if kind in {"DOUBLE", "FLOAT"} or "DECIMAL" in kind}
    found = []
    for latitude, longitude in _pairs(list(numbers)):
        share = max((_share(con, relation, latitude, longitude, unit) for unit in units), default=Fraction(0))
        if share >= LEAST_SHARE:
            found += [Suspicion(name, Kind.HOME_COORDINATES, round(float(share), 2)) for name in (latitude, longitude)]
    return found


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Columns whose names differ in nothing but the word for the direction."""
    by_fold = {name.casefold(): name for name in names}
    pairs: dict[str, tuple[str, str]] = {}
    for folded, name in by_fold.items():
        if not _LATITUDE.search(folded):
            continue
        for first, second in _TWINS:
            other = re.sub(rf"(?<![a-z]){first}(?![a-z])", second, folded)
            if other != folded and other in by_fold:
                pairs.setdefault(name, (name, by_fold[other]))
    return list(pairs.values())


def _share(con: duckdb.DuckDBPyConnection, relation: str, latitude: str, longitude: str, unit: str) -> Fraction:
    """Share of units that have at least half of their rows at one place where no other unit is seen."""
    y, x = ident(latitude), ident(longitude)
    coarse = one_row(con, f"SELECT coalesce(max(greatest(abs({y}), abs({x}))), 0) <= {_DEGREES} FROM {ident(relation)}")
    places = _PLACES_OF_DEGREES if coarse[0] else 0
    units, at_home = one_row(
        con,
        f"WITH seen AS (SELECT {unit_sql(unit)} AS u, round({y}, {places}) AS y, round({x}, {places}) AS x,"
        f" count(*) AS n, bool_or({_is_precise(y, places)} AND {_is_precise(x, places)}) AS precise"
        f" FROM {ident(relation)} WHERE {unit_sql(unit)} IS NOT NULL AND {y} IS NOT NULL AND {x} IS NOT NULL"
        " GROUP BY ALL),"
        " alone AS (SELECT y, x FROM seen GROUP BY y, x HAVING count(*) = 1),"
        " per_unit AS (SELECT u, sum(n) AS n, max(n) FILTER (precise AND alone.y IS NOT NULL) AS home"
        " FROM seen LEFT JOIN alone USING (y, x) GROUP BY u)"
        " SELECT count(*), count(*) FILTER (home * 2 >= n) FROM per_unit",
    )
    return Fraction(at_home, units) if units >= UNITS_TO_JUDGE else Fraction(0)


def _is_precise(value: str, places: int) -> str:
    """Whether a coordinate says more than a coarser grid of ten times the step would."""
    return f"round({value}, {places}) <> round({value}, {places - 1})"
