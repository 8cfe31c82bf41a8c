"""Once the raw data is gone, only what has been published can be published again: as it is, or added up.

No difference can be checked without the input, so a further table for the period is refused unless each of its cells
is an exact union of published cells of one release, with figures that are sums of the printed ones. Such a table tells
nothing new. The number of distinct units of a union is not the sum of the units (who was in two cells is counted
once), and a mean of means needs numbers that were not printed: both would have to come from the input, so they are
allowed only where a cell is taken over as it is.

Boundary: printed tables and public knowledge (which zones make up a larger one); no input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from disclosure.errors import DisclosureRefused
from disclosure.history.ledger import PublishedRelease
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, MeasureKind, Presence, Spec, TimeBin

_LENGTHS: Final = {TimeBin.QUARTER_HOUR: timedelta(minutes=15), TimeBin.HOUR: timedelta(hours=1)}
_FLAT: Final = frozenset({"threshold"})
"""Policies of which each row's place and time are its key columns."""

Row = Mapping[str, Any]
Zones = Mapping[str, Sequence[str]]


def check_purged(candidate: PublishedRelease, earlier: Sequence[PublishedRelease], zones: Zones | None = None) -> None:
    """Refuse a table that says more than the published ones, when the input of these is gone.

    Args:
        candidate: the further table.
        earlier: what has been published for its subject and period.
        zones: for a larger zone all the smaller zones that make it up, as everybody knows them.

    Raises:
        DisclosureRefused: code ``raw-purged``, with the number of cells that are no union of published ones.
    """
    fewest = min((_unexplained(candidate, each, zones or {}) for each in earlier), default=candidate.table.num_rows)
    if fewest:
        raise DisclosureRefused("raw-purged", cells=fewest)


def _unexplained(candidate: PublishedRelease, earlier: PublishedRelease, zones: Zones) -> int:
    rows = candidate.table.to_pylist()
    published = earlier.table.to_pylist()
    if candidate.policy == earlier.policy and candidate.table.schema.equals(earlier.table.schema):
        known = {_frozen(row) for row in published}
        rows = [row for row in rows if _frozen(row) not in known]
    if not rows:
        return 0
    if {str(each.policy["name"]) for each in (candidate, earlier)} - _FLAT:
        return len(rows)
    new, old = Spec.from_mapping(candidate.spec), Spec.from_mapping(earlier.spec)
    if new.zones != old.zones or new.timezone != old.timezone:
        return len(rows)
    by_key = {tuple(row[name] for name in old.key_columns): row for row in published}
    return sum(not _is_sum(row, _parts(row, new, old, by_key, zones), new, old) for row in rows)


def _frozen(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple((name, repr(value)) for name, value in row.items())


def _parts(row: Row, new: Spec, old: Spec, by_key: Mapping[tuple[Any, ...], Row], zones: Zones) -> list[Row | None]:
    """The published rows that make up the cell of `row`; None for a part that was not published."""
    places: list[tuple[Any, ...]] = [()]
    for name in new.zones:
        places = [(*place, part) for place in places for part in zones.get(row[name], [row[name]])]
    if not new.time or not old.time:
        return [by_key.get(place) if new.time == old.time else None for place in places]
    start: datetime = row[PERIOD_COLUMN]
    periods = _periods(start, _end(start, new), old)
    return [by_key.get((*place, each)) for place in places for each in periods]


def _end(start: datetime, spec: Spec) -> datetime:
    if spec.time_bin in _LENGTHS:
        return start + _LENGTHS[spec.time_bin]
    # A local day has 23, 24 or 25 hours: the next midnight on the wall, as an instant.
    wall = start.astimezone(ZoneInfo(spec.timezone)).replace(tzinfo=None) + timedelta(days=1)
    return wall.replace(tzinfo=ZoneInfo(spec.timezone)).astimezone(start.tzinfo)


def _periods(start: datetime, end: datetime, spec: Spec) -> list[datetime | None]:
    """Starts of the periods that tile [start, end); None where they do not fit."""
    found: list[datetime | None] = []
    while start < end:
        found.append(start)
        start = _end(start, spec)
    return found if start == end else [None]


def _is_sum(row: Row, parts: list[Row | None], new: Spec, old: Spec) -> bool:
    present = [part for part in parts if part is not None]
    if not present or len(present) < len(parts):
        return False
    figures = [*new.measures]
    if new.presence is not Presence.NONE:
        figures.append(UNITS_COLUMN)
    if new.count_rows_as:
        figures.append(new.count_rows_as)
    for name in figures:
        if name not in present[0]:
            return False
        values = [part[name] for part in present]
        if len(values) > 1 and not _adds_up(name, new, old):
            return False
        if None in values or row[name] != sum(values):
            return False
    return True


def _adds_up(name: str, new: Spec, old: Spec) -> bool:
    if name in new.measures:
        return name in old.measures and {new.measures[name].kind, old.measures[name].kind} == {MeasureKind.SUM}
    return name != UNITS_COLUMN and Presence.SIMULTANEOUS not in (new.presence, old.presence)
