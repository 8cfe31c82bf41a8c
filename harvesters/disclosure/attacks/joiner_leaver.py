"""Joiner and leaver: one household moves in or out between two consecutive periods (attack 15).

Attacker: a neighbor who knows that exactly one household joined a zone between two periods, and reads both published
totals. Method: the new total less the old one, the old one first scaled by what the other zones did in the same time
(so weather and weekdays drop out), is the joiner's amount. Success: within `WITHIN_PERCENT` percent of the truth.
Baseline, without the table: the one amount that comes close to most units' amounts in that period, which whoever knows
what is usual can name. For each of `SEEDS` seeds one unit of every second zone is taken out of a period before
another, the table is released again by the policy, and the shares of successes are compared; the zones in which
nobody joins give the trend. Pass rule: the one-sided 95 % bound of the gain over the baseline is at most 0.02.

What protects, and what does not:

- Cell key and differential privacy: the noise of the two totals is drawn for different sets of units (and different
  totals), so the difference carries two draws of noise, scaled to the largest contributions. They protect whatever
  the others do.
- Thresholds, roll-ups, dominance and p % look at one period at a time. A joiner is hidden only by how much the others'
  amounts change between the periods: 20 households whose monthly use varies by a tenth hide one to within twice its
  use, 20 that never vary hide nothing (fixed fees, nights at full occupancy, a contract value). This cannot be decided
  from a table alone, so the gate measures it here on the input, and holds the release when the gain is above 0.02:
  then the answer is a longer period, a coarser zone, or noise. No minimum change of a cell is demanded, since a rule
  on changes of counts would itself tell when somebody moved.
- That somebody joined is not hidden by any of the exact policies: the number of units goes up by one. It is taken to
  be known already; what is protected is the amount.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

import pyarrow as pa
import pyarrow.compute as pc

from disclosure.attacks.core import Result, Target, Truth, broken, survived
from disclosure.attacks.members import has_members, unit_text
from disclosure.attacks.periods import quarter_sql, quarters_of
from disclosure.attacks.sampling import FLAT, Place, place_of, released_plays
from disclosure.attacks.statistics import LEAST_SEEDS, MOST_UPLIFT, uplift_upper
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, MeasureKind, Presence, Spec
from disclosure.sqltext import VALUE_TYPE, ident

SEEDS: Final = LEAST_SEEDS
WITHIN_PERCENT: Final = 10
MOST_PERIODS: Final = 12
MOST_ZONES: Final = 12
_ROWS, _OUT, _JOINERS = "_attack_periods", "_attack_without", "_attack_joiners"

Table = Mapping[tuple[Place, datetime], Mapping[str, Any]]
Given = Mapping[tuple[Place, datetime], Mapping[str, Decimal]]
"""What each unit gave, by zone and period."""

Joiner = tuple[Place, datetime, datetime, str, Decimal]
"""Zone, period before, period of joining, unit, and what it gave in the latter."""


class JoinerLeaver:
    """Attack 15."""

    name: ClassVar[str] = "joiner-leaver"

    def applies(self, target: Target) -> str | None:
        """Needs a total that is published for consecutive periods, and the input."""
        spec = target.spec
        if not spec.units:
            return "no-unit-behind-rows"
        if target.policy.name == "dp":
            return "budget-bounds-each-unit"
        if target.policy.name not in FLAT or not spec.zones or not spec.time or _amount(target) is None:
            return "no-totals-in-sequence"
        if spec.presence is Presence.SIMULTANEOUS:
            return "identifiers-rotate"
        if target.truth is None or not has_members(target):
            return "input-needed"
        return None if _pairs(target) else "too-few-periods"

    def run(self, target: Target, *, seed: int) -> Result:
        """Let units join, release, and estimate what they gave."""
        truth, amount = target.truth, _amount(target)
        if truth is None or amount is None:
            raise ValueError("this attack needs the truth and a total")
        accuracies, baselines = [], []
        figures = {"seeds": SEEDS, "within_percent": WITHIN_PERCENT}
        with _given(target, truth, amount) as given:
            usual = _usual(given)
            draws = [random.Random(f"{seed}-{number}") for number in range(SEEDS)]  # noqa: S311 - nothing secret
            pairs = _pairs(target)
            joiners = [_joiners(pairs, given, drawn) for drawn in draws]
            for hits in _estimated(target, truth, joiners, amount, usual):
                if hits:
                    accuracies.append(sum(hit for hit, _ in hits) / len(hits))
                    baselines.append(sum(plain for _, plain in hits) / len(hits))
        if len(accuracies) < SEEDS:
            return survived(self.name, **figures)
        upper = uplift_upper(accuracies, baselines)
        if upper > MOST_UPLIFT:
            return broken(self.name, "joiner-is-estimated", (upper,), **figures)
        return survived(self.name, **figures)


def _amount(target: Target) -> str | None:
    """The first published sum; rows of a unit tell little about it and are not attacked."""
    sums = [name for name, measure in target.spec.measures.items() if measure.kind is MeasureKind.SUM]
    return sums[0] if sums and UNITS_COLUMN in target.table.column_names else None


def _pairs(target: Target) -> list[tuple[Place, datetime, datetime]]:
    """Zones with two consecutive published periods; each period is in one pair only, so that joiners do not meet."""
    periods = sorted(target.table.column(PERIOD_COLUMN).unique().to_pylist())[:MOST_PERIODS]
    early = target.table.filter(pc.field(PERIOD_COLUMN) <= pa.scalar(periods[-1])) if periods else target.table
    shown = {(place_of(row, target.spec), row[PERIOD_COLUMN]) for row in early.to_pylist()}
    places = sorted({place for place, _ in shown})[:MOST_ZONES]
    couples = list(zip(periods[::2], periods[1::2], strict=False))
    return [(place, *couple) for place in places for couple in couples if {(place, each) for each in couple} <= shown]


@contextmanager
def _given(target: Target, truth: Truth, amount: str) -> Iterator[Given]:
    """The rows of the attacked periods as a table, and what each unit gave in each zone and period."""
    spec, con = target.spec, truth.con
    pairs = _pairs(target)
    moments = {moment for _, *couple in pairs for moment in couple}
    places = sorted({place for place, *_ in pairs})
    con.register(_JOINERS, pa.table({f"__z{n}": [place[n] for place in places] for n in range(len(spec.zones))}))
    same = " AND ".join(f"places.__z{n} = CAST(source.{ident(name)} AS VARCHAR)" for n, name in enumerate(spec.zones))
    con.register(_OUT, quarters_of(moments, str(spec.time_bin), spec.timezone))
    zones = "".join(f", CAST(source.{ident(name)} AS VARCHAR) AS __z{place}" for place, name in enumerate(spec.zones))
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS SELECT {_summed_sql(spec)}, periods.start AS __start{zones},"
            f" {unit_text(str(spec.unit), 'source.')} AS __member FROM {ident(truth.relation)} AS source"
            f" JOIN {_OUT} AS periods ON periods.quarter = {quarter_sql('source.' + ident(spec.time))}"
            f" SEMI JOIN {_JOINERS} AS places ON {same} GROUP BY ALL"
        )
        con.unregister(_OUT)
        con.unregister(_JOINERS)
        names = ", ".join(f"__z{place}" for place in range(len(spec.zones)))
        given: dict[tuple[Place, datetime], dict[str, Decimal]] = {}
        for *place, start, unit, value in con.execute(
            f"SELECT {names}, __start, __member, sum(CAST({ident(amount)} AS DECIMAL(18,6))) AS given FROM {_ROWS}"
            " GROUP BY ALL ORDER BY ALL"
        ).fetchall():
            if value is not None and all(each is not None for each in place):
                given.setdefault((tuple(place), start), {})[unit] = value
        yield given
    finally:
        con.execute(f"DROP TABLE IF EXISTS {_ROWS}")


def _summed_sql(spec: Spec) -> str:
    """One row for what a unit gave in a zone and period: amounts of a cell stay what they are, with fewer rows."""
    kept = dict.fromkeys(filter(None, (*spec.zones, *spec.units, spec.contributor)))
    parts = [f"source.{ident(name)}" for name in kept]
    parts.append(f"min(source.{ident(spec.time)}) AS {ident(spec.time)}")
    parts += [f"sum(CAST(source.{ident(name)} AS {VALUE_TYPE})) AS {ident(name)}" for name in spec.measures]
    return ", ".join(parts)


def _joiners(
    pairs: Sequence[tuple[Place, datetime, datetime]],
    given: Given,
    drawn: random.Random,
) -> list[Joiner]:
    """For each pair of periods one unit of every second zone, who is in both."""
    found: list[Joiner] = []
    places = sorted({place for place, _, _ in pairs})
    odd = {moment: number % 2 for number, moment in enumerate(sorted({before for _, before, _ in pairs}))}
    for place, before, after in pairs:
        if (places.index(place) + odd[before]) % 2 and len(places) > 1:
            continue
        now = given.get((place, after), {})
        both = sorted(unit for unit in given.get((place, before), {}) if now.get(unit))
        if both:
            unit = drawn.choice(both)
            found.append((place, before, after, unit, now[unit]))
    return found


def _usual(given: Given) -> dict[datetime, Decimal]:
    """For each period the amount that is close enough to the amounts of most units."""
    values: dict[datetime, list[Decimal]] = {}
    for (_, moment), amounts in given.items():
        values.setdefault(moment, []).extend(value for value in amounts.values() if value > 0)
    return {moment: _most_common(sorted(each)) for moment, each in values.items() if each}


def _most_common(values: list[Decimal]) -> Decimal:
    """The guess that is within `WITHIN_PERCENT` of most of the values: in the fullest window of that width."""
    best, most = values[0], 0
    for value in values:
        end = bisect_right(values, value * (100 + WITHIN_PERCENT) / (100 - WITHIN_PERCENT))
        inside = end - bisect_left(values, value)
        if inside > most:
            best, most = value * (100 + WITHIN_PERCENT) / 100, inside
    return best


def _estimated(
    target: Target,
    truth: Truth,
    joiners: Sequence[Sequence[Joiner]],
    amount: str,
    usual: Mapping[datetime, Decimal],
) -> Iterator[list[tuple[bool, bool]]]:
    """For each seed, and each of its joiners, whether the estimate and whether the baseline comes close enough."""
    tables = _released_without(target, truth, joiners)
    for number, drawn in enumerate(joiners):
        table = {(place_of(row, target.spec), row[PERIOD_COLUMN]): row for row in tables.get(str(number), ())}
        hits = []
        for place, before, after, _, true in drawn:
            old, new = table.get((place, before)), table.get((place, after))
            if old is not None and new is not None and after in usual:
                joined = {each for each, start, *_ in drawn if start == before}
                trend = _trend(table, joined, before, after, amount)
                guess = Decimal(new[amount]) - trend * Decimal(old[amount])
                hits.append((_close(guess, true), _close(usual[after], true)))
        yield hits


def _released_without(
    target: Target, truth: Truth, joiners: Sequence[Sequence[Joiner]]
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What the policy publishes for each seed when its joiners are not there in the period before."""
    flat = [(str(number), each) for number, drawn in enumerate(joiners) for each in drawn]
    columns: dict[str, list[Any]] = {f"__z{n}": [each[0][n] for _, each in flat] for n in range(len(target.spec.zones))}
    columns |= {
        "play": [play for play, _ in flat],
        "__start": [each[1] for _, each in flat],
        "__member": [each[3] for _, each in flat],
    }
    kinds = {"__start": pa.timestamp("us", "UTC")}
    out = pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()})
    same = " AND ".join(f"joiners.{name} = source.{name}" for name in columns if name != "play")
    truth.con.register(_JOINERS, out)
    try:
        return released_plays(
            target,
            Truth(con=truth.con, relation=_ROWS),
            pa.table({"play": [str(number) for number in range(len(joiners))]}),
            f"NOT EXISTS (SELECT 1 FROM {_JOINERS} AS joiners WHERE joiners.play = plays.play AND {same})",
        )
    finally:
        truth.con.unregister(_JOINERS)


def _trend(table: Table, joined: set[Place], before: datetime, after: datetime, amount: str) -> Decimal:
    """How the zones in which nobody joined changed from one period to the next; 1 where there is none."""
    old = new = Decimal(0)
    for place in {place for place, _ in table} - joined:
        first, second = (table.get((place, moment), {}).get(amount) for moment in (before, after))
        if first is not None and second is not None:
            old, new = old + Decimal(first), new + Decimal(second)
    return new / old if old else Decimal(1)


def _close(guess: Decimal, true: Decimal) -> bool:
    return abs(guess - true) * 100 <= WITHIN_PERCENT * abs(true)
