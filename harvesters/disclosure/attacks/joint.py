"""All tables that were published from one source, as equations over the finest figures that they are sums of.

Attacker: reads every published table, knows which labels exist, which area lies in which and which period in which,
that an unlisted or withheld cell is smaller than the public minimum, and that figures add up. The unknowns are the
finest figures (*atoms*): one for each combination of the labels of all tables. A label of a total stands for all.

Boundary: builds the system of one published column; judging is done by the attacks. The input is read only for the
public map of areas: a column that determines another (district and city), never for which combinations are empty.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from disclosure.attacks.core import Target
from disclosure.attacks.periods import run, start_of
from disclosure.attacks.system import LinearSystem
from disclosure.attacks.totals import ANY, Cell, cells_of
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import ident

MOST_ATOMS: Final = 60_000


class TooManyAtomsError(ValueError):
    """The tables together are too fine for one program."""


@dataclass(slots=True)
class Joint:
    """The system of one column, and the unpublished cells that an attacker wants to know."""

    system: LinearSystem
    withheld: dict[Any, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)
    """Variable → table number and labels, for each withheld cell."""
    atoms: tuple[Any, ...] = ()
    dimensions: tuple[str, ...] = ()
    printed: set[Any] = field(default_factory=set)
    """Atoms that a table prints as they are."""
    step: Decimal = Decimal(1)
    """The last digit that is printed."""


def joint(tables: Iterable[Target], column: str, *, small: int | None) -> Joint:
    """Build the system of a column that all tables publish.

    Args:
        tables: the release and those linked with it.
        column: a published count or sum.
        small: the public minimum, when unlisted cells are known to be below it; None when nothing bounds them.

    Raises:
        TooManyAtomsError: when there are more than `MOST_ATOMS` combinations.
    """
    read = [(target, cells_of(target, column)) for target in tables]
    dimensions = _dimensions([(target, cells) for target, cells in read])
    atoms = _atoms(dimensions, _maps(read, dimensions))
    step = max((cell.step for _, cells in read for cell in cells.values()), default=Decimal(1))
    found = Joint(
        system=LinearSystem(integer=column not in read[0][0].spec.measures),
        atoms=tuple(atoms),
        dimensions=tuple(dimensions),
        step=step,
    )
    for atom in atoms:
        found.system.unknown(atom)
    places = {name: number for number, name in enumerate(dimensions)}
    for number, (target, cells) in enumerate(read):
        _add_table(found, number, target, cells, atoms, places, small)
    return found


def _add_table(
    found: Joint,
    number: int,
    target: Target,
    cells: Mapping[tuple[Any, ...], Cell],
    atoms: list[tuple[Any, ...]],
    places: Mapping[str, int],
    small: int | None,
) -> None:
    """One equation for each cell of a table: what is printed, or a new unknown for what is withheld."""
    names = _names(target)
    columns = [places[name] for name in names]
    groups: dict[tuple[Any, ...], list[Any]] = {}
    patterns = {tuple(label is ANY for label in key) for key in cells} | {(False,) * len(columns)}
    for atom, pattern in itertools.product(atoms, patterns):
        key = tuple(ANY if whole else atom[place] for whole, place in zip(pattern, columns, strict=True))
        groups.setdefault(key, []).append(atom)
    for key in (each for each in cells if any(isinstance(label, frozenset) for label in each)):
        groups[key] = [atom for atom in atoms if _inside(atom, key, columns)]
    for key, members in groups.items():
        cell = cells.get(key)
        if not members or (cell is None and any(label is ANY for label in key)):
            continue
        if cell is not None and cell.value is not None:
            slack = float(cell.step) / 2 if cell.step != 1 else 0
            found.system.equal(dict.fromkeys(members, 1), float(cell.value), slack)
            if len(members) == 1:
                found.printed.add(members[0])
            continue
        unknown = members[0] if len(members) == 1 else ("withheld", number, key)
        found.system.unknown(unknown, 0, math.inf if small is None else small - 1)
        if len(members) > 1:
            found.system.equal({**dict.fromkeys(members, 1), unknown: -1}, 0)
        found.withheld[unknown] = (number, key)


def _inside(atom: tuple[Any, ...], key: tuple[Any, ...], columns: list[int]) -> bool:
    """Whether a finest figure is part of a cell of groups."""
    return all(
        label is ANY or atom[place] == label or (isinstance(label, frozenset) and atom[place] in label)
        for place, label in zip(columns, key, strict=True)
    )


def _names(target: Target) -> list[str]:
    """Names of a table's dimensions; periods of another length are another dimension."""
    spec = target.spec
    return [f"{name}@{spec.time_bin}" if name == PERIOD_COLUMN else name for name in spec.key_columns]


def _dimensions(read: list[tuple[Target, Mapping[tuple[Any, ...], Cell]]]) -> dict[str, list[Any]]:
    """All labels of each dimension, over all tables."""
    labels: dict[str, set[Any]] = {}
    for target, cells in read:
        for place, name in enumerate(_names(target)):
            printed = {key[place] for key in cells} - {ANY}
            groups = {each for each in printed if isinstance(each, frozenset)}
            labels.setdefault(name, set()).update(printed - groups, *groups)
    return {name: sorted(found) for name, found in labels.items()}


Map = Mapping[Any, Any]


def _maps(
    read: list[tuple[Target, Mapping[tuple[Any, ...], Cell]]], dimensions: dict[str, list[Any]]
) -> dict[tuple[str, str], Map]:
    """Public maps from a finer dimension to a coarser one: periods by the calendar, areas where one fixes the other."""
    maps: dict[tuple[str, str], Map] = {}
    target = read[0][0]
    bins = {name: each.spec for each, _ in read for name in _names(each) if name.startswith(f"{PERIOD_COLUMN}@")}
    for fine, coarse in itertools.permutations(dimensions, 2):
        if fine in bins and coarse in bins:
            if len(run(dimensions[fine][0], str(bins[fine].time_bin), bins[fine].timezone)) < len(
                run(dimensions[coarse][0], str(bins[coarse].time_bin), bins[coarse].timezone)
            ):
                maps[fine, coarse] = contained = _periods(dimensions[coarse], bins[fine], bins[coarse])
                # The calendar lists every period; those that no table shows are withheld everywhere.
                dimensions[fine] = sorted({*dimensions[fine], *contained})
        elif fine not in bins and coarse not in bins and target.truth is not None:
            areas = _areas(target, fine, coarse)
            if areas is not None:
                maps[fine, coarse] = areas
                # The map lists every area; those that no table shows are withheld everywhere.
                dimensions[fine] = sorted({*dimensions[fine], *areas})
    return maps


def _periods(coarse: list[datetime], fine_spec: Spec, coarse_spec: Spec) -> Map:
    """The fine periods of each coarse one."""
    length, timezone = str(fine_spec.time_bin), fine_spec.timezone
    return {
        start_of(quarter, length, timezone): holder
        for holder in coarse
        for quarter in run(holder, str(coarse_spec.time_bin), coarse_spec.timezone)
    }


def _areas(target: Target, fine: str, coarse: str) -> Map | None:
    """The map of areas, when each fine area lies in one coarse area."""
    truth = target.truth
    if truth is None:
        return None
    columns = {row[0] for row in truth.con.execute(f"DESCRIBE SELECT * FROM {ident(truth.relation)}").fetchall()}
    if not {fine, coarse} <= columns:
        return None
    pairs = truth.con.execute(
        f"SELECT DISTINCT CAST({ident(fine)} AS VARCHAR), CAST({ident(coarse)} AS VARCHAR)"
        f" FROM {ident(truth.relation)} WHERE {ident(fine)} IS NOT NULL AND {ident(coarse)} IS NOT NULL"
    ).fetchall()
    found = dict(pairs)
    # A column with as many values as the other, or one that is not determined, is no coarser area.
    return found if len(found) == len(pairs) and len(set(found.values())) < len(found) else None


def _atoms(dimensions: Mapping[str, list[Any]], maps: Mapping[tuple[str, str], Map]) -> list[tuple[Any, ...]]:
    """All combinations of labels that the public maps allow."""
    names = list(dimensions)
    atoms: list[tuple[Any, ...]] = [()]
    for place, name in enumerate(names):
        upward = [(names.index(fine), table) for (fine, coarse), table in maps.items() if coarse == name]
        downward = [(names.index(coarse), table) for (fine, coarse), table in maps.items() if fine == name]
        upward = [(at, table) for at, table in upward if at < place]
        downward = [(at, table) for at, table in downward if at < place]
        atoms = [
            (*atom, label)
            for atom in atoms
            for label in dimensions[name]
            if all(table.get(atom[at]) == label for at, table in upward)
            and all(table.get(label) == atom[at] for at, table in downward)
        ]
        if len(atoms) > MOST_ATOMS:
            raise TooManyAtomsError
    return atoms
