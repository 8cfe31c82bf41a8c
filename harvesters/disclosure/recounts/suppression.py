"""The gate's own table with totals, and its own audit: nothing here is shared with ``disclosure.suppression``.

Other ways on purpose: the rows are read out and summed in Python with dictionaries of codes, the rules are judged on
all contributions of a cell, equations are made from parents instead of places, and the audit solves two programs a
cell in floating point, least and greatest, instead of looking for witnesses in whole numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

import duckdb

from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.recounts.concentration import site_rules
from disclosure.recounts.suppression_intruder import Need, open_cells
from disclosure.recounts.suppression_sums import Equation, equations
from disclosure.rules import Concentration, Rules
from disclosure.site import SiteRules
from disclosure.spec import Spec
from disclosure.sqltext import ident

if TYPE_CHECKING:
    from disclosure.policies.suppression import Suppression
    from disclosure.suppression.lattice import Dimension

Key = tuple[str, ...]
LEAST_SHARE = Decimal("0.1")
"""Of the largest contribution: how closely nobody may estimate a withheld cell; as ``suppression.primary`` states."""


class Counted:
    """All cells of the table as the gate counts them."""

    def __init__(self) -> None:
        self.members: dict[str, dict[Key, dict[str, dict[str, Decimal]]]] = defaultdict(dict)

    def add(self, column: str, key: Key, member: str, amounts: dict[str, Decimal | None]) -> None:
        """Add a row's amounts to what a member has in a cell; a missing amount is none."""
        own = self.members[column].setdefault(key, {}).setdefault(member, {})
        for name, amount in amounts.items():
            if amount is not None:
                own[name] = own.get(name, Decimal(0)) + amount

    def value(self, column: str, key: Key, name: str | None) -> Decimal:
        """The published value of a cell: members when there is no name, else the sum."""
        cell = self.members[column].get(key, {})
        if name is None:
            return Decimal(self.count(column, key, ()))
        return sum((own.get(name, Decimal(0)) for own in cell.values()), Decimal(0))

    def count(self, column: str, key: Key, measures: Sequence[str]) -> int:
        """Members that have a value in the measure where they are fewest."""
        cell = self.members[column].get(key, {})
        return min((sum(name in own for own in cell.values()) for name in measures), default=len(cell))


def recount(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    protected: Protected,
    dimensions: Sequence[Dimension],
    policy: Suppression,
    spec: Spec,
    preset: Preset,
    site: SiteRules,
) -> None:
    """Compare the table with an independent count of the input, and let an intruder loose on it.

    Raises:
        GateRefused: codes ``columns-differ``, ``cell-missing``, ``cell-unknown``, ``count-differs``,
            ``figure-differs``, ``cell-below-minimum``, ``cell-concentrated``, ``figure-zero``, ``cell-exposed``,
            ``group-exposed``, ``minimum-differs``. The parameters say how many cells, never which.
    """
    shape = policy.shape(spec)
    if tuple(protected.table.column_names) != shape.names:
        raise GateRefused("columns-differ", columns=protected.table.column_names)
    counted = _count(con, relation, dimensions, spec)
    rows = {tuple(row[name] for name in spec.zones): row for row in protected.table.to_pylist()}
    keys = _keys(dimensions, policy, counted, spec)
    if len(rows) != protected.table.num_rows or keys - rows.keys():
        raise GateRefused("cell-missing", cells=max(len(keys - rows.keys()), protected.table.num_rows - len(rows)))
    if rows.keys() - keys:
        raise GateRefused("cell-unknown", cells=len(rows.keys() - keys))
    rules = site_rules(preset, site)
    faults = [_fault(row, key, counted, policy, spec, preset, rules) for key, row in rows.items()]
    if found := sorted(each for each in faults if each):
        raise GateRefused(found[0], cells=found.count(found[0]))
    shown = [key for key, row in rows.items() if row["status"] == "shown"]
    units = [counted.count(spec.units[0], key, tuple(spec.measures)) for key in shown]
    if min((each for each in units if each), default=None) != protected.achieved_min:
        raise GateRefused("minimum-differs")
    _attack(rows, counted, dimensions, policy, spec, preset, rules, site)


def _count(con: duckdb.DuckDBPyConnection, relation: str, dimensions: Sequence[Dimension], spec: Spec) -> Counted:
    columns = list(dict.fromkeys([*spec.units, *filter(None, (spec.contributor,))]))
    zones = [f"CAST({ident(each.column)} AS VARCHAR)" for each in dimensions]
    people = [f"CAST({ident(name)} AS VARCHAR)" for name in columns]
    amounts = [f"CAST({ident(name)} AS DECIMAL(18,6))" for name in spec.measures]
    counted = Counted()
    paths: dict[tuple[int, str], tuple[str, ...]] = {}
    reader = con.execute(f"SELECT {', '.join([*zones, *people, *amounts])} FROM {ident(relation)}")
    while batch := reader.fetchmany(10_000):
        for row in batch:
            codes = [(each or "").strip() or "?" for each in row[: len(zones)]]
            values = dict(zip(spec.measures, row[len(zones) + len(people) :], strict=True))
            for number, code in enumerate(codes):
                paths.setdefault((number, code), _path(dimensions[number], code))
            for key in product(*(paths[number, code] for number, code in enumerate(codes))):
                for column, member in zip(columns, row[len(zones) :], strict=False):
                    counted.add(column, key, (member or "").strip().upper(), {"": Decimal(1), **values})
    return counted


def _path(dimension: Dimension, code: str) -> tuple[str, ...]:
    """The code and everything above it, in all trees."""
    found, todo = [code], [code]
    while todo:
        below = todo.pop()
        for tree in dimension.trees or ({},):
            above = tree.get(below, dimension.total)
            if above not in found and below != dimension.total:
                found.append(above)
                todo.append(above)
    return tuple(found)


def _keys(dimensions: Sequence[Dimension], policy: Suppression, counted: Counted, spec: Spec) -> set[Key]:
    """All cells that the table must have."""
    codes = []
    for number, dimension in enumerate(dimensions):
        declared = {code for tree in dimension.trees for pair in tree.items() for code in pair}
        codes.append({dimension.total, *declared, *(key[number] for key in counted.members[spec.units[0]])})
    keys: set[Key] = set()
    for table in policy.tables or (spec.zones,):
        keys.update(
            product(*(each if d.column in table else {d.total} for each, d in zip(codes, dimensions, strict=True)))
        )
    return keys


def _fault(
    row: dict[str, Any],
    key: Key,
    counted: Counted,
    policy: Suppression,
    spec: Spec,
    preset: Preset,
    rules: Rules,
) -> str | None:
    names = [name for name in policy.shape(spec).names if name not in (*spec.zones, "status")]
    if row["status"] == "withheld":
        return "figure-differs" if any(row[name] is not None for name in names) else None
    for name in names:
        source = None if name == "units" else "" if name == spec.count_rows_as else name
        if row[name] is None or Decimal(row[name]) != counted.value(spec.units[0], key, source):
            return "count-differs" if source is None else "figure-differs"
    if key in policy.structural_zeros:
        return None
    return unsafe(key, counted, spec, preset, rules)


def unsafe(key: Key, counted: Counted, spec: Spec, preset: Preset, rules: Rules) -> str | None:
    """Why a cell may not be shown."""
    count = counted.count(spec.units[0], key, tuple(spec.measures))
    if not count:
        return "figure-zero" if preset.zero_is_small else None
    for column, cells in counted.members.items():
        if column in spec.units and counted.count(column, key, tuple(spec.measures)) < preset.min_units:
            return "cell-below-minimum"
        for name in (*spec.measures, *(("",) if spec.count_rows_as else ())):
            sizes = Concentration.of((own[name] for own in cells[key].values() if name in own), keep=rules.keep)
            if rules.broken(sizes):
                return "cell-concentrated"
            if not sizes.total and preset.zero_is_small:
                return "figure-zero"
    return None


def _attack(
    rows: dict[Key, dict[str, Any]],
    counted: Counted,
    dimensions: Sequence[Dimension],
    policy: Suppression,
    spec: Spec,
    preset: Preset,
    rules: Rules,
    site: SiteRules,
) -> None:
    """Least and greatest possible value of every cell that needs doubt, for each published quantity."""
    sums = equations(rows, dimensions, policy.tables or (spec.zones,))
    withheld = {key for key, row in rows.items() if row["status"] == "withheld"}
    empty = {key for key in rows if not counted.count(spec.units[0], key, tuple(spec.measures))} - withheld
    if lonely := [each for each in sums if _is_one_destination(each, empty, policy.structural_zeros)]:
        raise GateRefused("group-exposed", groups=len(lonely))
    exposed = 0
    for name in policy.shape(spec).names:
        if name in (*spec.zones, "status"):
            continue
        source = None if name == "units" else "" if name == spec.count_rows_as else name
        needs = _needs(withheld, counted, source, spec, preset, rules, site)
        values = {key: counted.value(spec.units[0], key, source) for key in withheld}
        step = Decimal(1).scaleb(-spec.measures[source].decimals) if source else Decimal(1)
        beliefs = {
            key: _belief(value, step, site.prior_percent if source is not None else None)
            for key, value in values.items()
        }
        for own in [{}, *_insiders(withheld, counted, source, dimensions, spec, sums)]:
            exposed += len(open_cells(sums, values, needs, own, beliefs))
    if exposed:
        raise GateRefused("cell-exposed", cells=exposed)


def _is_one_destination(equation: Equation, empty: set[Key], structural: Sequence[Key]) -> bool:
    """Whether a group is shown to be all in one of its parts, although others could hold some of it."""
    total, parts = equation
    filled = [part for part in parts if part not in empty]
    return total not in empty and len(filled) == 1 and any(part in empty and part not in structural for part in parts)


def _belief(value: Decimal, step: Decimal, prior_percent: int | None) -> Decimal | None:
    """How far from the truth an intruder holds a value to be possible, in whole steps; None without any belief."""
    if prior_percent is None or not value:
        return None
    return value * prior_percent / 100 // step * step


def _needs(
    withheld: set[Key],
    counted: Counted,
    source: str | None,
    spec: Spec,
    preset: Preset,
    rules: Rules,
    site: SiteRules,
) -> dict[Key, Need]:
    needs: dict[Key, Need] = {}
    share = max(LEAST_SHARE, Decimal(site.p_percent or 0) / 100)
    for key in withheld:
        if unsafe(key, counted, spec, preset, rules) is None:
            continue
        value = counted.value(spec.units[0], key, source)
        if source is None:
            if value < preset.min_units:
                needs[key] = Need(up=preset.min_units - value, down=value)
            continue
        width = Decimal(0)
        for cells in counted.members.values():
            own = [each[source] for each in cells.get(key, {}).values() if source in each]
            cell = Concentration.of(own, keep=rules.keep)
            width = max(width, rules.protection(cell), cell.first * share)
        needs[key] = Need(up=width, down=min(width, value))
    return needs


def _insiders(
    withheld: set[Key],
    counted: Counted,
    source: str | None,
    dimensions: Sequence[Dimension],
    spec: Spec,
    sums: Sequence[Equation],
) -> list[dict[Key, tuple[Decimal, bool]]]:
    """For each member who is alone in a withheld cell: what they know of withheld cells, and whether it is all."""
    found = []
    for column, cells in counted.members.items():
        by_member: dict[str, dict[Key, tuple[Decimal, bool]]] = defaultdict(dict)
        for key in withheld:
            members = cells.get(key, {})
            for member, own in members.items():
                whole = len(members) == 1
                if source is None:
                    amount = Decimal(1) if column == spec.units[0] else Decimal(0)
                    amount = counted.value(spec.units[0], key, None) if whole else amount
                else:
                    amount = own.get(source, Decimal(0))
                by_member[member][key] = (amount, whole)
        for member, known in sorted(by_member.items()):
            groups = [key for key, (_, is_whole) in known.items() if is_whole]
            if member and groups:
                found.append(_raised({**_parts(groups, withheld, dimensions), **known}, withheld, sums))
    return found


def _raised(
    known: dict[Key, tuple[Decimal, bool]], withheld: set[Key], sums: Sequence[Equation]
) -> dict[Key, tuple[Decimal, bool]]:
    """A group is at least what somebody knows its parts to be at least."""
    is_new = True
    while is_new:
        is_new = False
        for total, parts in sums:
            least = sum((known[part][0] for part in parts if part in known), Decimal(0))
            amount, whole = known.get(total, (Decimal(0), False))
            if total in withheld and least > amount:
                known[total], is_new = (least, whole), True
    return known


def _parts(
    groups: Sequence[Key], withheld: set[Key], dimensions: Sequence[Dimension]
) -> dict[Key, tuple[Decimal, bool]]:
    """Withheld cells inside groups that are wholly somebody's: theirs as well, or known to be empty."""
    return {
        key: (Decimal(0), True)
        for key in withheld
        for group in groups
        if all(code in _path(dimensions[number], key[number]) for number, code in enumerate(group))
    }
