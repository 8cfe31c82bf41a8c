"""The published counts as a sequence in time, and where people really were: only the latter needs the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import MEMBERS, members, unit_text
from disclosure.attacks.periods import quarter_sql, quarters_of
from disclosure.attacks.sampling import Place
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN
from disclosure.sqltext import ident

MOST_PERIODS: Final = 48
_PERIODS: Final = "_attack_sighted"


def published_counts(target: Target, days: int) -> dict[datetime, dict[Place, int]]:
    """Number of people by period and place, for the first days that are published, `MOST_PERIODS` periods at most.

    Of a rolled-up table only the finest level is read: above it places and periods change from bin to bin.
    """
    table, names = _finest(target)
    periods = sorted(table.column(PERIOD_COLUMN).unique().to_pylist())[:MOST_PERIODS]
    counts: dict[datetime, dict[Place, int]] = {
        moment: {} for moment in periods if moment < periods[0] + timedelta(days=days)
    }
    if counts:
        for row in table.filter(pc.field(PERIOD_COLUMN) <= pa.scalar(max(counts))).to_pylist():
            counts[row[PERIOD_COLUMN]][_named(row, names)] = int(row[UNITS_COLUMN])
    return counts


def _finest(target: Target) -> tuple[pa.Table, tuple[str, ...]]:
    """The rows of one level, and the columns that name a place."""
    policy: Any = target.policy
    if policy.name != "rollup":
        return target.table, target.spec.zones
    finest = target.table.filter(pc.field("level") == pa.scalar(policy.levels[0].slug))
    return finest, tuple(policy.space.places)


def _named(row: Mapping[str, Any], names: Sequence[str]) -> Place:
    return tuple(str(row[name]) for name in names)


def sightings_in_bins(target: Target, units: int) -> dict[str, dict[datetime, Place]]:
    """Where units were in published bins of the finest level of a rolled-up table, for at most so many units."""
    _, names = _finest(target)
    rows = target.table.to_pylist()
    policy: Any = target.policy
    slug = policy.levels[0].slug
    with members(target) as found:
        seen = found.con.execute(
            f"SELECT {found.units[0]} AS unit, cell FROM {MEMBERS} WHERE unit IN (SELECT name FROM (SELECT DISTINCT"
            f" {found.units[0]} AS name FROM {MEMBERS}) ORDER BY md5(name) LIMIT {units}) ORDER BY unit, cell"
        ).fetchall()
    ways: dict[str, dict[datetime, Place]] = {}
    for unit, cell in seen:
        if rows[cell]["level"] == slug:
            ways.setdefault(unit, {}).setdefault(rows[cell][PERIOD_COLUMN], _named(rows[cell], names))
    return ways


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
