"""What a single preset forbids beside its numbers: columns that must not leave, identifiers that must change.

Sources: columns - Regulation (EU) 2024/1028, Art. 12(3), on short-term rentals (nothing that identifies a unit or a
host, among it the registration number, the address and the link of the listing), and Regulation (EU) 2023/1804 on
charging points; rotation - GBFS since version 2.0, ``vehicle_id`` (it changes after every trip); idle units - Code de
l'énergie D111-52 (points of delivery without any use are not counted).

Boundary: the predicates take plain values and decide; `check_prohibitions` feeds them and refuses. Names of columns
are compared without case and without signs between words, so ``Registration-Number`` is ``registration_number``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from disclosure.errors import DisclosureRefused
from disclosure.presets import Preset
from disclosure.spec import Spec
from disclosure.sqltext import VALUE_TYPE, ident
from disclosure.units import unit_sql

IDENTIFIERS_ROTATE: Final = "identifiers-rotate"
IDLE_UNITS: Final = "idle-units"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When one identifier was in a feed, by the running numbers of its snapshots: first, last, and how many."""

    first: int
    last: int
    times: int


def forbidden_columns(columns: Iterable[str], forbidden: Iterable[str]) -> tuple[str, ...]:
    """The columns that must not be published, in the order given."""
    words = {_plain(name) for name in forbidden}
    return tuple(name for name in columns if _plain(name) in words)


def reappears(seen: Seen) -> bool:
    """Whether an identifier came back after it had left the feed, which links two trips of one vehicle."""
    return seen.last - seen.first + 1 > seen.times


def is_idle(totals: Sequence[int | None]) -> bool:
    """Whether a unit has no use at all: every total, in whatever unit of measure, is zero or missing."""
    return bool(totals) and not any(totals)


def check_prohibitions(
    con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, columns: Sequence[str]
) -> None:
    """Refuse what the preset forbids.

    Args:
        con: an open connection.
        relation: the input, with the columns that `spec` names.
        spec: roles of the columns.
        preset: with ``forbid_fields`` and ``prohibitions``.
        columns: names of the columns that are to be published.

    Raises:
        DisclosureRefused: codes ``forbidden-field`` (which columns), ``identifier-reappears`` and ``idle-units`` (how
            many), ``prohibition-unknown``, and ``prohibition-not-judged`` where the table lacks what the rule looks at.
    """
    if fields := forbidden_columns(columns, preset.forbid_fields):
        raise DisclosureRefused("forbidden-field", preset=preset.id, columns=list(fields))
    for slug in preset.prohibitions:
        if slug not in _COUNTS:
            raise DisclosureRefused("prohibition-unknown", preset=preset.id, prohibition=slug)
        count, code = _COUNTS[slug]
        if units := count(con, relation, spec, preset):
            raise DisclosureRefused(code, preset=preset.id, units=units)


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _reappearing(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset) -> int:
    if spec.unit is None or not spec.time:
        raise DisclosureRefused("prohibition-not-judged", preset=preset.id, prohibition=IDENTIFIERS_ROTATE)
    unit, source = unit_sql(spec.unit), ident(relation)
    spans = con.execute(
        f"WITH snapshots AS (SELECT moment, row_number() OVER (ORDER BY moment) AS number FROM (SELECT DISTINCT"
        f" {ident(spec.time)} AS moment FROM {source} WHERE {ident(spec.time)} IS NOT NULL)),"
        f" present AS (SELECT DISTINCT {unit} AS one, number FROM {source} JOIN snapshots"
        f" ON moment = {ident(spec.time)} WHERE {unit} IS NOT NULL)"
        " SELECT min(number), max(number), count(*) FROM present GROUP BY one"
    ).fetchall()
    return sum(reappears(Seen(first=first, last=last, times=times)) for first, last, times in spans)


def _idle(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset) -> int:
    if spec.unit is None or not spec.measures:
        raise DisclosureRefused("prohibition-not-judged", preset=preset.id, prohibition=IDLE_UNITS)
    # Values of both signs could cancel out, so their sizes are added.
    sizes = ", ".join(f"sum(abs(CAST({ident(name)} AS {VALUE_TYPE})))" for name in spec.measures)
    unit = unit_sql(spec.unit)
    # Only the signs of the totals leave the engine.
    names = [f"size{number}" for number in range(len(spec.measures))]
    signs = ", ".join(f"CAST(sign({name}) AS INTEGER)" for name in names)
    rows = con.execute(
        f"SELECT {signs}, count(*) FROM (SELECT {unit}, {sizes} FROM {ident(relation)} WHERE {unit} IS NOT NULL"
        f" GROUP BY {unit}) AS per_unit(one, {', '.join(names)}) GROUP BY ALL"
    ).fetchall()
    return sum(units for *totals, units in rows if is_idle(totals))


_Count = Callable[[duckdb.DuckDBPyConnection, str, Spec, Preset], int]
_COUNTS: Final[Mapping[str, tuple[_Count, str]]] = {
    IDENTIFIERS_ROTATE: (_reappearing, "identifier-reappears"),
    IDLE_UNITS: (_idle, "idle-units"),
}
