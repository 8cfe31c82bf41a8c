"""Worlds in which one unit of a zone joins between two periods: who, what it gives, and what is published then.

Boundary: the data side of ``attacks.joiner_leaver``. Looked at are the first `MOST_PERIODS` published periods of the
first `MOST_ZONES` published zones, in pairs of consecutive ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import unit_text
from disclosure.attacks.periods import quarter_sql, quarters_of
from disclosure.attacks.sampling import Place, place_of, released_plays
from disclosure.spec import PERIOD_COLUMN, Spec
from disclosure.sqltext import VALUE_TYPE, ident

MOST_PERIODS: Final = 12
MOST_ZONES: Final = 12
_ROWS, _OUT, _JOINERS = "_attack_periods", "_attack_without", "_attack_joiners"

Given = Mapping[tuple[Place, datetime], Mapping[str, Decimal]]
"""What each unit gave, by zone and period."""

Joiner = tuple[Place, datetime, datetime, str, Decimal]
"""Zone, period before, period of joining, unit, and what it gave in the latter."""


def consecutive(target: Target) -> list[tuple[Place, datetime, datetime]]:
    """Zones with two consecutive published periods; each period is in one pair only, so that joiners do not meet."""
    periods = sorted(target.table.column(PERIOD_COLUMN).unique().to_pylist())[:MOST_PERIODS]
    early = target.table.filter(pc.field(PERIOD_COLUMN) <= pa.scalar(periods[-1])) if periods else target.table
    shown = {(place_of(row, target.spec), row[PERIOD_COLUMN]) for row in early.to_pylist()}
    places = sorted({place for place, _ in shown})[:MOST_ZONES]
    couples = list(zip(periods[::2], periods[1::2], strict=False))
    return [(place, *couple) for place in places for couple in couples if {(place, each) for each in couple} <= shown]


@contextmanager
def given_in(target: Target, truth: Truth, amount: str) -> Iterator[Given]:
    """The rows of the attacked periods as a table, and what each unit gave in each zone and period."""
    spec, con = target.spec, truth.con
    pairs = consecutive(target)
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


def who_joins(
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


def released_without(
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
