"""May both of two tables be known? Every union of cells that can be formed from both is judged.

Whoever holds an earlier and a later table can add cells of each and subtract the sums. What is left is a sum over
units: what each gave to the chosen cells of the later table less what it gave to those of the earlier. The rule: the
units for which something is left number 0 or at least k, and the amounts left pass dominance and p %. This is asked
for each published figure by itself: ten meters whose rows change do not hide the one whose kWh do.

*Which choices.* Cells that share rows form a component (a roll-up's bin and the bins it replaces; two overlapping
zones). A choice takes from each component nothing, or cells of both tables. Where a component is one cell in both
versions, that is the change of this cell; otherwise it includes differences of unequal regions, as of a city less
its districts.

*Unions of components.* A unit that moved from one cell to another cancels out of their union: twelve meters moved
from A to B hide nothing in A ∪ B, where one changed reading then stands alone. It is not true that what holds for
each of several disjoint cells holds for their union. Components are therefore put into one cluster when

- some unit's net change is positive in one and negative in another (for any figure), or
- a unit changed in one that is not one-to-one, and in another as well.

Across clusters no net change of a unit cancels, hence the units of a union are the union of the units (at least k if
any part has k), and amounts add up; the magnitude rules are linear (``history.amounts``), so a sum of parts that
pass passes. So it is enough to judge the choices within each cluster. (Not covered: a unit that is *left over* in one
component and left over with exactly the opposite amount in an unrelated one. Nobody can see that this happened.)

*Within a cluster* of up to `EXACT_CELLS` free cells every choice is judged. A larger one passes only by a sufficient
condition, else it is refused (``too-many-unions``): let a unit be steady for a figure when its net changes in the
cluster have one sign; every component's net change is nothing, or rests on k steady units that protect the largest
amount. No choice of whole components then fails. For components that are not one-to-one, let a unit be plain when it
lies in one atom (pair of cells) of its component and changed nowhere else; every atom's content before, its content
after and its change are each nothing, or rest on k plain units that protect the largest amount. A choice that cuts a
non-empty atom, or contains one that changed, then leaves at least k. Counts of distinct units do not add over atoms:
where a unit lies in several atoms, each atom must have content in both versions, so that a choice that cuts none
takes the whole component, which is judged by its net change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np

from disclosure.history.amounts import Integers, Rule, enough_units, others_protect, protected_amounts
from disclosure.history.contributions import Contributions, Flags, components, joined, summed

EXACT_CELLS: Final = 12
"""Up to this number of free cells (4,096 choices) a cluster is judged exactly."""


class Fault(StrEnum):
    """Why two tables must not both be known."""

    FEW_UNITS = "too-few-units-changed"
    AMOUNTS = "change-dominated"
    TOO_MANY_UNIONS = "too-many-unions"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nets:
    """Net change by component and unit: what the later table has more, one column for each figure."""

    component: Integers
    unit: Integers
    value: Integers


def fault(data: Contributions, rule: Rule, *, exact_cells: int = EXACT_CELLS) -> Fault | None:
    """The first reason why not, or None when every choice of cells is safe.

    Args:
        data: contributions of every unit to every atom that changed, and all those of components that are not
            one-to-one. Units and cells without a change may be left out of one-to-one components.
        rule: least number of units, and the rules for amounts.
        exact_cells: limit of the exact judgement, smaller in tests of the sufficient one.
    """
    if not len(data.unit):
        return None
    component, one_to_one = components(data)
    nets = _nets(data, component)
    amounts = (*data.amounts, False) if data.counted else data.amounts
    cluster = _clusters(data, component, one_to_one, nets)
    sizes = np.bincount(cluster)
    rows_of, nets_of = _by(cluster[component]), _by(cluster[nets.component])
    for number, rows in rows_of.items():
        mine = nets_of.get(number, np.empty(0, dtype=np.int64))
        part = _Nets(component=nets.component[mine], unit=nets.unit[mine], value=nets.value[mine])
        if sizes[number] == 1 and one_to_one[component[rows[0]]]:
            found = _judge_columns(list(part.value.T[:, :, None]), amounts, rule)
        else:
            found = _judge_cluster(data.of(rows), part, amounts, rule, exact_cells)
        if found is not None:
            return found
    return None


def _by(labels: Integers) -> dict[int, Integers]:
    """Positions of each label."""
    order = np.argsort(labels, kind="stable")
    names, starts = np.unique(labels[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True)) if len(names) else {}


def _nets(data: Contributions, component: Integers) -> _Nets:
    units = int(data.unit.max()) + 1
    key = component * units + data.unit
    found, value = summed(key, data.after - data.before)
    if data.counted:
        value = np.hstack([value, _presence(data, key, found)])
    some = value.any(axis=1)
    return _Nets(component=found[some] // units, unit=found[some] % units, value=value[some])


def _presence(data: Contributions, key: Integers, found: Integers) -> Integers:
    """Later cells with the unit less earlier cells with it: counts of distinct units are printed cell by cell."""
    total = np.zeros((len(found), 1), dtype=np.int64)
    for cell, here, sign in ((data.new, data.here_after, 1), (data.old, data.here_before, -1)):
        seen = np.unique(np.stack([key[here], cell[here]], axis=1), axis=0)[:, 0]
        np.add.at(total, (np.searchsorted(found, seen), 0), sign)
    return total


def _clusters(data: Contributions, component: Integers, one_to_one: Flags, nets: _Nets) -> Integers:
    """For each component the number of its cluster."""
    units = int(data.unit.max()) + 1
    links = []
    for column in nets.value.T:
        some = column != 0
        up, down = (np.zeros(units, dtype=np.bool_) for _ in range(2))
        up[nets.unit[column > 0]] = True
        down[nets.unit[column < 0]] = True
        moved = some & (up & down)[nets.unit]
        links.append(np.stack([nets.unit[moved], nets.component[moved]], axis=1))
    inside = data.changed & ~one_to_one[component]
    touched = np.unique(
        np.concatenate(
            [
                np.stack([nets.unit, nets.component], axis=1),
                np.stack([data.unit[inside], component[inside]], axis=1),
            ]
        ),
        axis=0,
    )
    crossing = np.zeros(units, dtype=np.bool_)
    crossing[touched[~one_to_one[touched[:, 1]], 0]] = True
    links.append(touched[crossing[touched[:, 0]]])
    chained = np.unique(np.concatenate(links), axis=0)
    pairs = ((int(a[1]), int(b[1])) for a, b in pairwise(chained) if a[0] == b[0])
    return joined(len(one_to_one), pairs)


def _judge_columns(left: list[Integers], amounts: tuple[bool, ...], rule: Rule) -> Fault | None:
    """Judge choices: for each figure what is left of each unit (rows) under each choice (columns)."""
    for value in left:
        units = np.count_nonzero(value, axis=0)
        if ((units > 0) & (units < rule.min_units)).any():
            return Fault.FEW_UNITS
    if not rule.judges_amounts:
        return None
    for value, is_amount in zip(left, amounts, strict=True):
        if is_amount and not all(protected_amounts(column, rule) for column in value.T):
            return Fault.AMOUNTS
    return None


def _judge_cluster(
    data: Contributions, nets: _Nets, amounts: tuple[bool, ...], rule: Rule, exact_cells: int
) -> Fault | None:
    component, one_to_one = components(data)
    columns = int(one_to_one.sum()) + sum(
        len(np.unique(data.old[component == number])) + len(np.unique(data.new[component == number]))
        for number in np.flatnonzero(~one_to_one)
    )
    if columns <= exact_cells:
        matrices, groups = _matrices(data, component, one_to_one)
        choices = _choices(groups)
        return _judge_columns([matrix @ choices for matrix in matrices], amounts, rule)
    if _steady(nets, amounts, rule) and _plain(data, component, one_to_one, rule):
        return None
    return Fault.TOO_MANY_UNIONS


def _matrices(data: Contributions, component: Integers, one_to_one: Flags) -> tuple[list[Integers], list[tuple[int, int]]]:
    """One matrix (unit × free cell) for each figure, and for each component its numbers of earlier and later cells."""
    _, unit = np.unique(data.unit, return_inverse=True)
    units = int(unit.max()) + 1
    figures = data.before.shape[1] + (1 if data.counted else 0)
    stacked: list[list[Integers]] = [[] for _ in range(figures)]
    groups: list[tuple[int, int]] = []
    for number in range(len(one_to_one)):
        rows = component == number
        signed = ((data.old, data.before, data.here_before, -1), (data.new, data.after, data.here_after, 1))
        sides = [_cells(rows, unit, units, *side) for side in signed]
        if one_to_one[number]:
            sides = [[old + new for old, new in zip(*sides, strict=True)], []]
        groups.append((sides[0][0].shape[1], sides[1][0].shape[1] if sides[1] else 0))
        for figure in range(figures):
            stacked[figure].extend(side[figure] for side in sides if side)
    return [np.hstack(parts) for parts in stacked][:figures], groups


def _cells(
    rows: Flags, unit: Integers, units: int, cell: Integers, value: Integers, here: Flags, sign: int
) -> list[Integers]:
    """For each figure a matrix unit × cell of one table; the last one holds who is counted in which cell."""
    names, place = np.unique(cell[rows], return_inverse=True)
    shape = (units, len(names))
    found = []
    for column in value[rows].T:
        matrix = np.zeros(shape, dtype=np.int64)
        np.add.at(matrix, (unit[rows], place), sign * column)
        found.append(matrix)
    present = np.zeros(shape, dtype=np.int64)
    present[unit[rows][here[rows]], place[here[rows]]] = sign
    return [*found, present]


def _choices(groups: list[tuple[int, int]]) -> Integers:
    """Every choice (a column of 0 and 1): from each component nothing, or cells of both tables, or its one column."""
    count = sum(old + new for old, new in groups)
    choices = (np.arange(1, 2**count)[None, :] >> np.arange(count)[:, None]) & 1
    start = 0
    for old, new in groups:
        if new:
            earlier, later = choices[start : start + old], choices[start + old : start + old + new]
            choices = choices[:, earlier.any(axis=0) == later.any(axis=0)]
        start += old + new
    return choices.astype(np.int64)


def _steady(nets: _Nets, amounts: tuple[bool, ...], rule: Rule) -> bool:
    """Whether every component's net change rests on enough units that never cancel."""
    for column, is_amount in zip(nets.value.T, amounts, strict=True):
        moved = np.intersect1d(nets.unit[column > 0], nets.unit[column < 0])
        helps = ~np.isin(nets.unit, moved)
        for number in np.unique(nets.component[column != 0]):
            mine = nets.component == number
            helpers = column[mine & helps]
            if np.count_nonzero(helpers) < rule.min_units:
                return False
            if is_amount and not others_protect(column[mine], helpers, rule):
                return False
    return True


def _plain(data: Contributions, component: Integers, one_to_one: Flags, rule: Rule) -> bool:
    """Whether every atom of the components that are not one-to-one rests on enough units that lie nowhere else."""
    inside = ~one_to_one[component]
    if not inside.any():
        return True
    rows, place = data.of(inside), component[inside]
    _, atoms = np.unique(np.stack([rows.old, rows.new], axis=1), axis=0, return_inverse=True)
    atoms, units = atoms.ravel(), int(data.unit.max()) + 1
    alone = np.bincount(np.unique(np.stack([rows.unit, atoms], axis=1), axis=0)[:, 0], minlength=units) == 1
    if rows.counted and not alone[rows.unit].all() and not _content_in_both(rows, atoms):
        return False
    elsewhere = np.unique(np.stack([data.unit[data.changed], component[data.changed]], axis=1), axis=0)
    changes = np.bincount(elsewhere[:, 0], minlength=units)
    here = {(int(unit), int(number)) for unit, number in elsewhere}
    still = np.array(
        [changes[unit] == ((int(unit), int(number)) in here) for unit, number in zip(rows.unit, place, strict=True)]
    )
    plain = alone[rows.unit] & still
    return all(_atom_holds(rows.of(mine), plain[mine], rule) for mine in _by(atoms).values())


def _content_in_both(rows: Contributions, atoms: Integers) -> bool:
    before, after = (np.unique(atoms[here]) for here in (rows.here_before, rows.here_after))
    return np.array_equal(before, after)


def _atom_holds(rows: Contributions, plain: Flags, rule: Rule) -> bool:
    figures = list(zip(rows.before.T, rows.after.T, rows.amounts, strict=True))
    if rows.counted:
        figures.append((rows.here_before.astype(np.int64), rows.here_after.astype(np.int64), False))
    for before, after, is_amount in figures:
        states = (before, after, after - before)
        largest = np.max(np.abs(np.stack(states)), axis=0)
        for state in states:
            if not state.any():
                continue
            if np.count_nonzero(state[plain]) < rule.min_units:
                return False
            if is_amount and not others_protect(largest, state[plain], rule):
                return False
    return True
