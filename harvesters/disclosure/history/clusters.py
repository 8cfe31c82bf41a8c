"""Net changes, and which components of cells must be judged together because a unit's changes cancel across them.

The rule that makes clusters, and why nothing cancels between two of them, stands in ``history.unions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from disclosure.history.amounts import Integers
from disclosure.history.contributions import Contributions, Flags, joined, summed


@dataclass(frozen=True, slots=True, kw_only=True)
class Nets:
    """Net change by component and unit: what the later table has more, one column for each figure."""

    component: Integers
    unit: Integers
    value: Integers


def nets_of(data: Contributions, component: Integers) -> Nets:
    """The net change of each unit in each component, where there is any."""
    units = int(data.unit.max()) + 1
    key = component * units + data.unit
    found, value = summed(key, data.after - data.before)
    if data.counted:
        value = np.hstack([value, _presence(data, key, found)])
    some = value.any(axis=1)
    return Nets(component=found[some] // units, unit=found[some] % units, value=value[some])


def _presence(data: Contributions, key: Integers, found: Integers) -> Integers:
    """Later cells with the unit less earlier cells with it: counts of distinct units are printed cell by cell."""
    total = np.zeros((len(found), 1), dtype=np.int64)
    for cell, here, sign in ((data.new, data.here_after, 1), (data.old, data.here_before, -1)):
        seen = np.unique(np.stack([key[here], cell[here]], axis=1), axis=0)[:, 0]
        total[:, 0] += sign * np.bincount(np.searchsorted(found, seen), minlength=len(found))
    return total


def clusters_of(data: Contributions, component: Integers, one_to_one: Flags, nets: Nets) -> Integers:
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
