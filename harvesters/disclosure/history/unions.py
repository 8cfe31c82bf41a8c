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

from enum import StrEnum
from typing import Final

import numpy as np

from disclosure.history.amounts import Integers, Rule, enough_units, protected_amounts
from disclosure.history.choices import left_over
from disclosure.history.clusters import Nets, clusters_of, nets_of
from disclosure.history.contributions import Contributions, components, positions
from disclosure.history.sufficient import plain_everywhere, steady_everywhere

EXACT_CELLS: Final = 12
"""Up to this number of free cells (4,096 choices) a cluster is judged exactly."""


class Fault(StrEnum):
    """Why two tables must not both be known."""

    FEW_UNITS = "too-few-units-changed"
    AMOUNTS = "change-dominated"
    TOO_MANY_UNIONS = "too-many-unions"


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
    nets = nets_of(data, component)
    amounts = (*data.amounts, False) if data.counted else data.amounts
    cluster = clusters_of(data, component, one_to_one, nets)
    sizes = np.bincount(cluster)
    rows_in, nets_in = positions(cluster[component]), positions(cluster[nets.component])
    for number, rows in rows_in.items():
        mine = nets_in.get(number, np.empty(0, dtype=np.int64))
        part = Nets(component=nets.component[mine], unit=nets.unit[mine], value=nets.value[mine])
        if sizes[number] == 1 and one_to_one[component[rows[0]]]:
            found = _judge_columns(list(part.value.T[:, :, None]), amounts, rule)
        else:
            found = _judge_cluster(data.of(rows), part, amounts, rule, exact_cells)
        if found is not None:
            return found
    return None


def _judge_columns(left: list[Integers], amounts: tuple[bool, ...], rule: Rule) -> Fault | None:
    """Judge choices: for each figure what is left of each unit (rows) under each choice (columns)."""
    for value in left:
        if not enough_units(np.count_nonzero(value, axis=0), rule):
            return Fault.FEW_UNITS
    if not rule.judges_amounts:
        return None
    for value, is_amount in zip(left, amounts, strict=True):
        if is_amount and not all(protected_amounts(column, rule) for column in value.T):
            return Fault.AMOUNTS
    return None


def _judge_cluster(
    data: Contributions, nets: Nets, amounts: tuple[bool, ...], rule: Rule, exact_cells: int
) -> Fault | None:
    component, one_to_one = components(data)
    columns = int(one_to_one.sum()) + sum(
        len(np.unique(data.old[component == number])) + len(np.unique(data.new[component == number]))
        for number in np.flatnonzero(~one_to_one)
    )
    if columns <= exact_cells:
        return _judge_columns(left_over(data, component, one_to_one), amounts, rule)
    if steady_everywhere(nets, amounts, rule) and plain_everywhere(data, component, one_to_one, rule):
        return None
    return Fault.TOO_MANY_UNIONS
