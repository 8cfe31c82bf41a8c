"""A condition for clusters too large to try every choice: what passes it, passes every choice.

Why it is sufficient stands in ``history.unions``.
"""

from __future__ import annotations

import numpy as np

from disclosure.history.amounts import Integers, Rule, others_protect
from disclosure.history.clusters import Nets
from disclosure.history.contributions import Contributions, Flags, positions


def steady_everywhere(nets: Nets, amounts: tuple[bool, ...], rule: Rule) -> bool:
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


def plain_everywhere(data: Contributions, component: Integers, one_to_one: Flags, rule: Rule) -> bool:
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
    return all(_atom_holds(rows.of(mine), plain[mine], rule) for mine in positions(atoms).values())


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
