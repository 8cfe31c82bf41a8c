"""The published counts as a sequence in time, and where people really were: only the latter needs the input."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from disclosure.attacks.core import Target
from disclosure.attacks.members import unit_text
from disclosure.attacks.periods import quarter_sql, quarters_of
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN
from disclosure.sqltext import ident

_PERIODS = "_attack_sighted"


def published_counts(target: Target, days: int) -> dict[datetime, dict[str, int]]:
    """Number of people by period and place, for the first days that are published."""
    spec, counts = target.spec, dict[datetime, dict[str, int]]()
    if UNITS_COLUMN not in target.table.column_names:
        return counts
    rows = sorted(target.table.to_pylist(), key=lambda row: (row[PERIOD_COLUMN], place_of(row, target)))
    for row in rows:
        moment = row[PERIOD_COLUMN]
        if counts and moment >= next(iter(counts)) + timedelta(days=days):
            break
        counts.setdefault(moment, {})[place_of(row, target)] = int(row[UNITS_COLUMN])
    return counts if spec.time else {}


def place_of(row: dict[str, Any], target: Target) -> str:
    """The zones of a row as one text."""
    return "\x1f".join(str(row[name]) for name in target.spec.zones)


def true_sightings(target: Target, periods: Sequence[datetime]) -> dict[str, dict[datetime, str]]:
    """For each unit where it was in each period; the place with most of its rows where it was in several.

    Raises:
        ValueError: if the target has no truth.
    """
    if target.truth is None:
        raise ValueError("sightings need the truth")
    spec, con = target.spec, target.truth.con
    zones = " || chr(31) || ".join(f"CAST(source.{ident(name)} AS VARCHAR)" for name in spec.zones)
    con.register(_PERIODS, quarters_of(periods, str(spec.time_bin), spec.timezone))
    try:
        rows = con.execute(
            f"WITH seen AS (SELECT {unit_text(str(spec.unit), 'source.')} AS unit, periods.start AS moment,"
            f" {zones} AS place, count(*) AS n FROM {ident(target.truth.relation)} AS source"
            f" JOIN {_PERIODS} AS periods ON periods.quarter = {quarter_sql('source.' + ident(spec.time))}"
            " GROUP BY ALL)"
            " SELECT unit, moment, arg_max(place, (n, place)) FROM seen WHERE place IS NOT NULL"
            " GROUP BY unit, moment ORDER BY unit, moment"
        ).fetchall()
    finally:
        con.unregister(_PERIODS)
    found: dict[str, dict[datetime, str]] = {}
    for unit, moment, place in rows:
        found.setdefault(unit, {})[moment] = place
    return found
