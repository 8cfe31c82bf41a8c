"""The gate's own areas and totals: rows are read out and put together in Python, members as sets.

Nothing is shared with ``disclosure.partial``. Periods come from the gate's calendar; sums are decimals; a remainder is
judged by the predicates of ``disclosure.rules`` on all of its contributions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.recounts import threshold_count
from disclosure.recounts.concentration import site_rules
from disclosure.rules import Concentration, Rules
from disclosure.site import SiteRules
from disclosure.spec import MeasureKind, Spec
from disclosure.sqltext import ident

if TYPE_CHECKING:
    from disclosure.policies.magnitude import Magnitude

Key = tuple[Any, ...]
TOTAL = "Total"


@dataclass(slots=True)
class Pile:
    """Rows of a cell or of several: per column of people, the amounts of each member."""

    rows: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    members: dict[str, dict[str, dict[str, Decimal]]] = field(default_factory=dict)

    def add(self, people: Mapping[str, str], amounts: Mapping[str, Decimal | None]) -> None:
        """Add one row of the input."""
        self.rows += 1
        for name, amount in amounts.items():
            if amount is not None:
                self.sums[name] = self.sums.get(name, Decimal(0)) + amount
                self.values[name] = self.values.get(name, 0) + 1
        for column, member in people.items():
            own = self.members.setdefault(column, {}).setdefault(member, {})
            own[""] = own.get("", Decimal(0)) + 1
            for name, amount in amounts.items():
                if amount is not None:
                    own[name] = own.get(name, Decimal(0)) + (abs(amount) if not member else amount)

    @classmethod
    def of(cls, piles: Iterable[Pile]) -> Pile:
        """Several together."""
        whole = cls()
        for pile in piles:
            whole.rows += pile.rows
            for name, amount in pile.sums.items():
                whole.sums[name] = whole.sums.get(name, Decimal(0)) + amount
                whole.values[name] = whole.values.get(name, 0) + pile.values[name]
            for column, members in pile.members.items():
                for member, own in members.items():
                    mine = whole.members.setdefault(column, {}).setdefault(member, {})
                    for name, amount in own.items():
                        mine[name] = mine.get(name, Decimal(0)) + amount
        return whole

    def count(self, column: str, spec: Spec) -> int:
        """Members that have a value in the measure where they are fewest."""
        members = self.members.get(column, {}).values()
        return min((sum(name in own for own in members) for name in spec.measures), default=len(members))

    def keeps(self, spec: Spec, preset: Preset, rules: Rules) -> bool:
        """Whether it may be shown as one figure."""
        if any(self.count(column, spec) < preset.min_units for column in spec.units):
            return False
        names = [*spec.measures, *(("",) if spec.count_rows_as else ())]
        for members in self.members.values():
            for name in names:
                sizes = [own[name] for own in members.values() if name in own]
                if rules.broken(Concentration.of(sizes, keep=rules.keep)):
                    return False
        return True


def recount(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    protected: Protected,
    policy: Magnitude,
    spec: Spec,
    preset: Preset,
    site: SiteRules,
) -> None:
    """Compare every row with what the input gives.

    Raises:
        GateRefused: codes ``columns-differ``, ``cell-repeated``, ``cell-unknown``, ``cell-missing``,
            ``total-label-differs``, ``count-differs``, ``figure-differs``, ``minimum-differs``; the parameters say how
            many rows, never which.
    """
    if tuple(protected.table.column_names) != policy.shape(spec).names:
        raise GateRefused("columns-differ", columns=protected.table.column_names)
    shown = {tuple(row[name] for name in spec.key_columns): row for row in protected.table.to_pylist()}
    if len(shown) != protected.table.num_rows:
        raise GateRefused("cell-repeated", cells=protected.table.num_rows - len(shown))
    wanted = expected(_piles(con, relation, spec), policy, spec, preset, site_rules(preset, site))
    for code, keys in (("cell-unknown", shown.keys() - wanted.keys()), ("cell-missing", wanted.keys() - shown.keys())):
        if keys:
            raise GateRefused(code, cells=len(keys))
    faults = [_fault(shown[key], kind, pile, spec) for key, (kind, pile) in wanted.items()]
    if found := sorted(each for each in faults if each):
        raise GateRefused(found[0], cells=found.count(found[0]))
    least = min((pile.count(spec.units[0], spec) for _, pile in wanted.values()), default=None)
    if least != protected.achieved_min:
        raise GateRefused("minimum-differs")


def _piles(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec) -> dict[Key, Pile]:
    columns = list({name.casefold(): name for name in (*spec.units, *filter(None, (spec.contributor,)))}.values())
    zones = [f"CAST(source.{ident(name)} AS VARCHAR)" for name in spec.zones]
    people = [f"upper(trim(coalesce(CAST(source.{ident(name)} AS VARCHAR), '')))" for name in columns]
    amounts = [f"CAST(source.{ident(name)} AS DECIMAL(18,6))" for name in spec.measures]
    piles: dict[Key, Pile] = defaultdict(Pile)
    try:
        start, join = [], ""
        if spec.time:
            threshold_count.map_periods(con, relation, spec)
            start = ["gate_periods.start"]
            join = f" JOIN gate_periods ON gate_periods.moment = source.{ident(spec.time)}"
        reader = con.execute(
            f"SELECT {', '.join([*zones, *start, *people, *amounts])} FROM {ident(relation)} AS source{join}"
        )
        width = len(zones) + len(start)
        while batch := reader.fetchmany(10_000):
            for row in batch:
                own = dict(zip(columns, row[width:], strict=False))
                piles[row[:width]].add(own, dict(zip(spec.measures, row[width + len(columns) :], strict=True)))
    finally:
        threshold_count.forget(con)
    return piles


def expected(
    piles: Mapping[Key, Pile], policy: Magnitude, spec: Spec, preset: Preset, rules: Rules
) -> dict[Key, tuple[str, Pile]]:
    """All rows that must be shown: aggregates, then totals from the finest group to the coarsest."""
    wanted: dict[Key, tuple[str, Pile]] = {}
    for key, pile in piles.items():
        if None not in key and pile.keeps(spec, preset, rules) and not _prints_zero(pile, spec, preset):
            wanted[key] = ("aggregate", pile)
    hidden = set(piles) - set(wanted)
    place = {name: number for number, name in enumerate(spec.key_columns)}
    gone: list[int] = []
    for name in (policy.area, *reversed(policy.groups)):
        gone.append(place[name])
        groups: dict[Key, list[Key]] = defaultdict(list)
        for key in piles:
            groups[tuple(TOTAL if number in gone else part for number, part in enumerate(key))].append(key)
        for total, inside in groups.items():
            rest = [key for key in inside if key in hidden]
            is_full = not rest or _may_be_read(rest, piles, spec, preset, rules)
            parts = [key for key in inside if is_full or key not in hidden]
            if is_full:
                hidden.difference_update(rest)
            if parts and None not in total:
                wanted[total] = ("total" if is_full else "partial-total", Pile.of(piles[key] for key in parts))
    return wanted


def _may_be_read(rest: Sequence[Key], piles: Mapping[Key, Pile], spec: Spec, preset: Preset, rules: Rules) -> bool:
    """Whether the sum of what is hidden may be learned, by the public and by each member of it."""
    whole = Pile.of(piles[key] for key in rest)
    most = max(len(piles[key].members[spec.units[0]]) for key in rest)
    if len(whole.members[spec.units[0]]) - most < 2 or not whole.keeps(spec, preset, rules):
        return False
    return not preset.zero_is_small or all(whole.sums.get(name, Decimal(0)) for name in spec.measures)


def _figure(pile: Pile, name: str, spec: Spec) -> Decimal | None:
    """The published figure, rounded half away from zero."""
    total = pile.sums.get(name)
    if total is None:
        return None
    measure = spec.measures[name]
    divisor = pile.values[name] if measure.kind is MeasureKind.MEAN else 1
    steps = int(abs(total).scaleb(6)) * 10**measure.decimals
    whole = (2 * steps + divisor * 10**6) // (2 * divisor * 10**6)
    return Decimal(whole if total >= 0 else -whole).scaleb(-measure.decimals)


def _prints_zero(pile: Pile, spec: Spec, preset: Preset) -> bool:
    return preset.zero_is_small and any(not _figure(pile, name, spec) for name in spec.measures)


def _fault(row: Mapping[str, Any], kind: str, pile: Pile, spec: Spec) -> str | None:
    if row["kind"] != kind:
        return "total-label-differs"
    if row["units"] != pile.count(spec.units[0], spec):
        return "count-differs"
    if spec.count_rows_as and row[spec.count_rows_as] != pile.rows:
        return "count-differs"
    return "figure-differs" if any(row[name] != _figure(pile, name, spec) for name in spec.measures) else None
