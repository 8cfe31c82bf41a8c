"""The published counts as a sequence in time, and where people really were: only the latter needs the input."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import unit_text
from disclosure.attacks.periods import quarter_sql, quarters_of
from disclosure.attacks.sampling import Place, place_of
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN
from disclosure.sqltext import ident

MOST_PERIODS: Final = 48
_PERIODS: Final = "_attack_sighted"


def published_counts(target: Target, days: int) -> dict[datetime, dict[Place, int]]:
    """Number of people by period and place, for the first days that are published, `MOST_PERIODS` periods at most."""
    periods = sorted(target.table.column(PERIOD_COLUMN).unique().to_pylist())[:MOST_PERIODS]
    counts: dict[datetime, dict[Place, int]] = {
        moment: {} for moment in periods if moment < periods[0] + timedelta(days=days)
    }
    if counts:
        for row in target.table.filter(pc.field(PERIOD_COLUMN) <= pa.scalar(max(counts))).to_pylist():
            counts[row[PERIOD_COLUMN]][place_of(row, target.spec)] = int(row[UNITS_COLUMN])
    return counts


def places_in(target: Target, truth: Truth, periods: Sequence[datetime]) -> dict[str, list[tuple[Place, datetime]]]:
    """For each unit the places and periods in which it has rows; those with most rows first within a period."""
    spec, con = target.spec, truth.con
    zones = ", ".join(f"CAST(source.{ident(name)} AS VARCHAR) AS z{place}" for place, name in enumerate(spec.zones))
    names = ", ".join(f"z{place}" for place in range(len(spec.zones)))
    con.register(_PERIODS, quarters_of(periods, str(spec.time_bin), spec.timezone))
    try:
        rows = con.execute(
            f"SELECT {unit_text(str(spec.unit), 'source.')} AS unit, periods.start AS moment, {zones}, count(*) AS n"
            f" FROM {ident(truth.relation)} AS source"
            f" JOIN {_PERIODS} AS periods ON periods.quarter = {quarter_sql('source.' + ident(spec.time))}"
            f" GROUP BY ALL ORDER BY unit, moment, n DESC, {names}"
        ).fetchall()
    finally:
        con.unregister(_PERIODS)
    found: dict[str, list[tuple[Place, datetime]]] = {}
    for unit, moment, *place, _ in rows:
        if all(zone is not None for zone in place):
            found.setdefault(unit, []).append((tuple(place), moment))
    return found


def true_sightings(target: Target, truth: Truth, periods: Sequence[datetime]) -> dict[str, dict[datetime, Place]]:
    """For each unit where it was in each period; the place with most of its rows where it was in several."""
    ways: dict[str, dict[datetime, Place]] = {}
    for unit, places in places_in(target, truth, periods).items():
        way = ways.setdefault(unit, {})
        for place, moment in places:
            way.setdefault(moment, place)
    return ways
