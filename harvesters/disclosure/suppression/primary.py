"""From figures to problems: which cells are unsafe by themselves, and how unsure an intruder must be left about each.

Boundary: pure over the figures. A cell is *primary* when it has fewer members than the preset asks for (of any unit),
or breaks a rule of concentration for any published magnitude and any column behind which somebody stands, or is a zero
that the preset holds for small, or is an empty cell beside the one destination of a whole group. All published
quantities share one pattern of withheld cells, so a cell is withheld in all of them or in none.

*Required protection.* Counts of units: from 0 to the minimum. Magnitudes: the largest of p·x₁/100 − (T − x₁ − x₂),
(100/k)·top − T and, for cells that are unsafe for another reason, `LEAST_PERCENT` of the largest contribution, upward
and downward, in steps of the published figure, rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

import numpy as np

from disclosure.errors import DisclosureRefused
from disclosure.presets import Preset
from disclosure.rules import Rules, count_protection
from disclosure.spec import UNITS_COLUMN, MeasureKind, Spec
from disclosure.suppression.figures import MICRO, ROWS, Members
from disclosure.suppression.lattice import Ints, Lattice
from disclosure.suppression.problem import FAR, Flags, Insider, Problem

LEAST_PERCENT = 10
"""Of the largest contribution: how closely nobody may estimate a cell that is withheld for being small."""

LARGEST_VALUE = 2**50


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A published column: its source among the magnitudes, millionths in a step, whether it counts."""

    name: str
    source: str | None
    step: int
    integral: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """All that is to be protected, by the published quantities.

    Attributes:
        reasons: slug of why a cell is primary, by place.
        zeros: places that are shown as zero and cannot be withheld: structural ones, and all where zeros are harmless.
    """

    quantities: tuple[Quantity, ...]
    problems: tuple[Problem, ...]
    insiders: tuple[tuple[Insider, ...], ...] = field(repr=False)
    primary: Flags = field(repr=False)
    zeros: Flags = field(repr=False)
    reasons: dict[int, str] = field(repr=False)


def quantities(spec: Spec, *, counts: bool) -> tuple[Quantity, ...]:
    """What is published.

    Raises:
        DisclosureRefused: code ``measure-kind-not-additive`` for a mean, which has no total.
    """
    found = [Quantity(name=UNITS_COLUMN, source=None, step=1, integral=True)] if counts else []
    if spec.count_rows_as:
        found.append(Quantity(name=spec.count_rows_as, source=ROWS, step=1, integral=True))
    for name, measure in spec.measures.items():
        if measure.kind is not MeasureKind.SUM:
            raise DisclosureRefused("measure-kind-not-additive", column=name)
        found.append(Quantity(name=name, source=name, step=MICRO // 10**measure.decimals, integral=False))
    return tuple(found)


def request(
    lattice: Lattice,
    judged: dict[str, Members],
    spec: Spec,
    preset: Preset,
    rules: Rules,
    *,
    wanted: tuple[Quantity, ...],
    structural: Flags,
    prior_percent: int | None,
) -> Request:
    """Judge every cell and say what is asked for it.

    Args:
        lattice: the cells.
        judged: figures by column, the main unit first.
        spec: roles.
        preset: the public rule.
        rules: site and statutory rules.
        wanted: published quantities.
        structural: places that cannot have anybody, by declaration.
        prior_percent: how closely an intruder knows each value beforehand.
    """
    main = next(iter(judged.values()))
    reasons = _reasons(lattice, judged, spec, preset, rules, wanted, structural)
    primary = np.zeros(len(lattice.cells), bool)
    primary[list(reasons)] = True
    given = (lattice, judged, preset, rules)
    problems = tuple(_problem(*given, each, reasons, structural, prior_percent) for each in wanted)
    zeros = structural.copy()
    if not preset.zero_is_small:
        zeros |= (main.counts == 0) & ~_siblings(lattice, reasons)
    return Request(
        quantities=wanted,
        problems=problems,
        insiders=tuple(_insiders(judged, each, main) for each in wanted),
        primary=primary,
        zeros=zeros,
        reasons=reasons,
    )


def _reasons(
    lattice: Lattice,
    judged: dict[str, Members],
    spec: Spec,
    preset: Preset,
    rules: Rules,
    wanted: tuple[Quantity, ...],
    structural: Flags,
) -> dict[int, str]:
    main = next(iter(judged.values()))
    found: dict[int, str] = {}
    for column, members in judged.items():
        if column in spec.units:
            found.update(dict.fromkeys(_small(members.counts, preset.min_units), "small-count"))
        for quantity in wanted:
            for place, cell in members.cells.get(quantity.source or "", {}).items():
                if broken := rules.broken(cell):
                    found.setdefault(place, broken[0])
                if preset.zero_is_small and not cell.total:
                    found.setdefault(place, "zero")
    if preset.zero_is_small:
        found.update(dict.fromkeys(np.flatnonzero((main.counts == 0) & ~structural).tolist(), "zero"))
    else:
        for place in one_destination(lattice, main.counts, structural):
            found.setdefault(place, "one-destination")
    return found


def _small(counts: Ints, least: int) -> list[int]:
    return [int(each) for each in np.flatnonzero((counts > 0) & (counts < least))]


def one_destination(lattice: Lattice, counts: Ints, structural: Flags) -> list[int]:
    """For each group that one of its parts holds alone: an empty part that could hold some of it, to be left in doubt.

    A total beside one filled part says of everybody in the group where they are, and so do the zeros beside it.
    """
    equations, found = lattice.equations, []
    for first, last in zip(equations.start, [*equations.start[1:], len(equations.cell)], strict=True):
        parts = equations.cell[first + 1 : last]
        filled = parts[counts[parts] > 0]
        empty = parts[~structural[parts] & (counts[parts] == 0)]
        if len(filled) == 1 and len(empty):
            found.append(int(empty[0]))
    return found


def _siblings(lattice: Lattice, reasons: dict[int, str]) -> Flags:
    """Empty cells beside a single destination: the only zeros that must be able to hide it."""
    lonely = np.zeros(len(lattice.cells), bool)
    lonely[[place for place, reason in reasons.items() if reason == "one-destination"]] = True
    equations = lattice.equations
    touched = np.zeros(len(equations.start), bool)
    touched[equations.row_of()[lonely[equations.cell]]] = True
    beside = np.zeros(len(lattice.cells), bool)
    beside[equations.cell[touched[equations.row_of()]]] = True
    return beside


def _problem(
    lattice: Lattice,
    judged: dict[str, Members],
    preset: Preset,
    rules: Rules,
    quantity: Quantity,
    reasons: dict[int, str],
    structural: Flags,
    prior_percent: int | None,
) -> Problem:
    main = next(iter(judged.values()))
    values = main.counts.copy() if quantity.source is None else _steps(main.sums[quantity.source], quantity)
    up, down = np.zeros_like(values), np.zeros_like(values)
    for place, reason in reasons.items():
        up[place], down[place] = _need(judged, quantity, place, reason, int(values[place]), preset, rules)
    if quantity.source is not None:
        # Nobody may learn that a figure is zero: it must be able to be as large as the least doubt asked for elsewhere.
        least = int(up[up > 0].min(initial=LARGEST_VALUE)) if (up > 0).any() else 1
        empty = [place for place in reasons if not values[place]]
        up[empty] = np.maximum(up[empty], least)
    lower, upper = np.zeros_like(values), np.full_like(values, FAR)
    if prior_percent is not None and quantity.source is not None:
        known = values * prior_percent // 100
        filled = values > 0
        lower[filled], upper[filled] = (values - known)[filled], (values + known)[filled]
        up, down = np.minimum(up, upper - values), np.minimum(down, values - lower)
    upper[structural] = 0
    return Problem(
        equations=lattice.equations,
        values=values,
        up=up,
        down=down,
        lower=lower,
        upper=upper,
        integral=quantity.integral,
    )


def _steps(sums: list[int], quantity: Quantity) -> Ints:
    if any(each % quantity.step for each in sums):
        raise DisclosureRefused("measure-not-exact", column=quantity.name)
    if max(sums, default=0) // quantity.step > LARGEST_VALUE:
        raise DisclosureRefused("measure-out-of-range", columns=[quantity.name])
    return np.array([each // quantity.step for each in sums], np.int64)


def _need(
    judged: dict[str, Members],
    quantity: Quantity,
    place: int,
    reason: str,
    value: int,
    preset: Preset,
    rules: Rules,
) -> tuple[int, int]:
    """Up and down, in steps."""
    if reason == "one-destination":
        return 1, 0
    if quantity.source is None:
        if value >= preset.min_units:
            return 0, 0
        down, up = count_protection(value, preset.min_units)
        return up, down
    wanted = Decimal(0)
    for members in judged.values():
        cell = members.cells[quantity.source].get(place)
        if cell is not None:
            percent = max(rules.p_percent or 0, LEAST_PERCENT)
            wanted = max(wanted, rules.protection(cell), cell.first * percent / 100)
    need = int((wanted / quantity.step).to_integral_value(ROUND_CEILING))
    return need, min(need, value)


def _insiders(judged: dict[str, Members], quantity: Quantity, main: Members) -> tuple[Insider, ...]:
    """Everybody who is alone in some cell, with all that they know; the same knowledge is asked once."""
    found: dict[Insider, None] = {}
    for members in judged.values():
        by_member: dict[str, list[tuple[int, bool, int]]] = {}
        names = list(members.sums)
        for member, place, is_sole, figures in members.alone:
            own = 1 if quantity.source is None else figures[names.index(quantity.source)] // quantity.step
            if quantity.source is None and members is not main:
                own = int(main.counts[place]) if is_sole else 0
            by_member.setdefault(member, []).append((place, is_sole, own))
        for rows in by_member.values():
            found[
                Insider(
                    known=tuple(place for place, is_sole, _ in rows if is_sole),
                    cells=tuple(place for place, is_sole, _ in rows if not is_sole),
                    own=tuple(own for _, is_sole, own in rows if not is_sole),
                )
            ] = None
    return tuple(found)
