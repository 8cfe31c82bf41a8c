"""What is left when unions of published rows of two releases are subtracted, counted by the attacker's own means.

The only thing shared with ``disclosure.history`` is the question. Rows of the inputs are placed by reading the printed
keys (``attacks.placement``); choices of rows are searched from small to large, not proven: single pairs that overlap,
whole groups that overlap, and unions of groups between which a unit moved. So it may overlook, but what it finds is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import duckdb

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import members, unit_text
from disclosure.sqltext import ident

MOST_GROUPS: Final = 400
"""Groups of overlapping rows that are searched for unions; more are searched one by one only."""

SMALL_GROUP: Final = 8
"""Up to this number of rows in a group every choice of them is tried."""

_ROWS: Final = "_attack_rows"
_PLACED: Final = ("_attack_placed_new", "_attack_placed_old")

Row = tuple[str, int]
"""A published row: of the later (``new``) or earlier (``old``) release, by its number."""

Choice = frozenset[Row]


@dataclass(frozen=True, slots=True)
class Piece:
    """What one unit gave to the rows that are described by one published row of each release (None: by none)."""

    new: int | None
    old: int | None
    unit: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A choice of published rows whose difference rests on `units` units, in the figure of this name."""

    rows: tuple[Row, ...]
    figure: str
    units: int


def common_figures(new: Target, old: Target) -> tuple[str, ...]:
    """Names of figures that both releases print; the empty name stands for the number of units."""
    counts = ("",) if "units" in new.table.column_names and "units" in old.table.column_names else ()
    rows = tuple({new.spec.count_rows_as} & {old.spec.count_rows_as} - {None})
    return (*counts, *(str(name) for name in rows), *(name for name in new.spec.measures if name in old.spec.measures))


def findings(new: Target, old: Target, least: int, p_percent: int | None = None) -> list[Finding]:
    """Differences of the two releases that rest on one to `least` - 1 units, or give one away to within p percent."""
    figures = common_figures(new, old)
    later, earlier = (list(_pieces(each.truth, new, old, figures)) for each in (new, old) if each.truth is not None)
    found = []
    for choice in _choices(later, earlier):
        for place, figure in enumerate(figures):
            left = _left(choice, later, earlier, place, counts=figure == "")
            if 0 < len(left) < least or (left and figure in new.spec.measures and _estimable(left, p_percent)):
                found.append(Finding(tuple(sorted(choice)), figure, len(left)))
    return found


def _pieces(truth: Truth, new: Target, old: Target, figures: tuple[str, ...]) -> Iterator[Piece]:
    con = truth.con
    values = ["1" if name in ("", new.spec.count_rows_as) else _micro(name) for name in figures]
    summed = "".join(f", sum({value}) AS f{place}" for place, value in enumerate(values))
    with _numbered(con, truth.relation):
        for target, name in zip((new, old), _PLACED, strict=True):
            _place(replace(target, truth=Truth(con=con, relation=_ROWS)), name)
        rows = con.execute(
            f"SELECT new.cell, old.cell, {unit_text(str(new.spec.unit), 'source.')} AS unit{summed}"
            f" FROM {_ROWS} AS source LEFT JOIN {_PLACED[0]} AS new USING (__row)"
            f" LEFT JOIN {_PLACED[1]} AS old USING (__row) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    for later, earlier, unit, *sums in rows:
        yield Piece(later, earlier, unit, tuple(int(value or 0) for value in sums))


def _micro(name: str) -> str:
    return f"CAST(CAST(source.{ident(name)} AS DECIMAL(18,6)) * 1000000 AS HUGEINT)"


@contextmanager
def _numbered(con: duckdb.DuckDBPyConnection, relation: str) -> Iterator[None]:
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS SELECT *, row_number() OVER () AS __row FROM {ident(relation)}"
        )
        yield
    finally:
        for name in (_ROWS, *_PLACED):
            con.execute(f"DROP TABLE IF EXISTS {name}")


def _place(target: Target, name: str) -> None:
    """For each row of the input the published row that describes it."""
    with members(target) as found:
        found.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT source.__row, {found.cell} AS cell FROM {found.source}"
        )


def _choices(later: list[Piece], earlier: list[Piece]) -> Iterator[Choice]:
    groups = _groups((piece.new, piece.old) for piece in (*later, *earlier))
    for group in groups:
        yield from _within(group, [*later, *earlier])
    if len(groups) > MOST_GROUPS:
        return
    # Unions of groups: of every two, and of all, between which a unit moved.
    moved = _moved(groups, later, earlier)
    for one, two in moved:
        yield groups[one] | groups[two]
    for chain in _joined(moved):
        yield frozenset().union(*(groups[number] for number in chain))


def _groups(pairs: Iterable[tuple[int | None, int | None]]) -> list[Choice]:
    """Published rows of both releases that describe common rows of an input."""
    owner: dict[Row, set[Row]] = {}
    for new, old in sorted({(a, b) for a, b in pairs if a is not None and b is not None}):
        ends: list[Row] = [("new", new), ("old", old)]
        merged = set(ends).union(*(owner.get(end, set()) for end in ends))
        for row in merged:
            owner[row] = merged
    distinct = {id(group): group for group in owner.values()}
    return [frozenset(group) for group in distinct.values()]


def _within(group: Choice, pieces: list[Piece]) -> Iterator[Choice]:
    if len(group) <= SMALL_GROUP:
        for size in range(2, len(group) + 1):
            for rows in combinations(sorted(group), size):
                if len({side for side, _ in rows}) > 1:
                    yield frozenset(rows)
        return
    yield group
    for new, old in {(piece.new, piece.old) for piece in pieces}:
        if new is not None and old is not None and ("new", new) in group:
            yield frozenset({("new", new), ("old", old)})


def _moved(groups: list[Choice], later: list[Piece], earlier: list[Piece]) -> list[tuple[int, int]]:
    """Pairs of groups that one unit changed in."""
    home = {row: number for number, group in enumerate(groups) for row in group}
    net: dict[str, dict[int, list[int]]] = {}
    for sign, side, pieces in ((1, "new", later), (-1, "old", earlier)):
        for piece in pieces:
            cell = piece.new if side == "new" else piece.old
            if cell is not None and (side, cell) in home:
                sums = net.setdefault(piece.unit, {}).setdefault(home[side, cell], [0] * len(piece.values))
                for place, value in enumerate(piece.values):
                    sums[place] += sign * value
    pairs: set[tuple[int, int]] = set()
    for by_group in net.values():
        changed = sorted(number for number, sums in by_group.items() if any(sums))
        pairs.update(combinations(changed[:SMALL_GROUP], 2))
    return sorted(pairs)


def _joined(pairs: list[tuple[int, int]]) -> list[set[int]]:
    chains: list[set[int]] = []
    for pair in pairs:
        touching = [chain for chain in chains if chain & set(pair)]
        chains = [chain for chain in chains if not chain & set(pair)] + [set(pair).union(*touching)]
    return chains


def _left(choice: Choice, later: list[Piece], earlier: list[Piece], place: int, *, counts: bool) -> list[int]:
    """What is left of each unit when the chosen earlier rows are taken from the chosen later ones; without zeros."""
    left: dict[str, int] = {}
    for sign, side, pieces in ((1, "new", later), (-1, "old", earlier)):
        sums: dict[tuple[str, int], int] = {}
        for piece in pieces:
            cell = piece.new if side == "new" else piece.old
            if cell is not None and (side, cell) in choice:
                key = (piece.unit, cell)
                sums[key] = 1 if counts else sums.get(key, 0) + piece.values[place]
        for (unit, _), value in sums.items():
            left[unit] = left.get(unit, 0) + sign * value
    return [value for value in left.values() if value]


def _estimable(left: list[int], p_percent: int | None) -> bool:
    """Whether the second largest can estimate the largest to within p percent: all others are smaller than that."""
    if p_percent is None:
        return False
    sizes = sorted((abs(value) for value in left), reverse=True)
    return 100 * sum(sizes[2:]) < p_percent * sizes[0]
