"""The claim of the policy's docstring, tried out: whatever an unpublished cell may hold, the table stays the same.

For each bin above the finest level, each unpublished finest cell inside it and each number of units from none to one
below the least, another input is built in which the cell holds that number; protecting it must give the same table.
An intruder who knows the table and the whole procedure can then exclude none of these numbers.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rollup_world import MIDNIGHT, SPEC, TREE, at, least, load, made, town

from disclosure.engine import connect
from disclosure.errors import DisclosureRefused, GateRefused
from disclosure.protect import protect

K = 3
LEVELS = (("zone", "PT6H"), ("district", "PT6H"), ("district", "P1D"), ("all", "all"))
HOURS = (0, 6, 12, 18)


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("attacker"), "300MB", threads=1) as connection:
        yield connection


def above(cell, level):
    """The cell of a level that holds a finest cell (zone, hour), by hand."""
    zone, hour = cell
    return [(zone, hour), (zone[0], hour), (zone[0], 0), ("all", 0)][level]


def bin_of(cell, bins):
    """The finest published bin that holds a finest cell."""
    return next(((level, above(cell, level)) for level in range(4) if (level, above(cell, level)) in bins), None)


def published(result):
    slugs = [f"{space}-{time}" for space, time in LEVELS]
    found = {}
    for row in result.table.to_pylist():
        hour = int((row["period_start"] - MIDNIGHT) / timedelta(hours=1))
        found[slugs.index(row["level"]), (row["zone"], hour)] = row["units"]
    return found


def other_world(rows, bins, chosen, cell, wanted):
    """Move the rows of the bin `chosen` so that `cell` holds `wanted` units; None where there is no room."""
    level = chosen[0]
    cells = [(zone, hour) for zone in TREE for hour in HOURS if bin_of((zone, hour), bins) == chosen]
    open_cells = {above(each, level - 1): each for each in cells}
    open_cells[above(cell, level - 1)] = cell
    others = [each for each in open_cells.values() if each != cell]
    units = sorted({row[0] for row in rows if bin_of(row[1:3], bins) == chosen})
    places = [cell] * wanted + [each for each in others for _ in range(K - 1)]
    if len(places) < len(units):
        return None
    place = dict(zip(units, places, strict=False))
    return [(row[0], *place[row[0]]) if bin_of(row[1:3], bins) == chosen else row for row in rows]


def protected(con, rows):
    load(con, [(rider, zone, at(hour), 1.0) for rider, zone, hour in rows])
    return protect(con, "input", SPEC, least(K), town(*LEVELS))


riders = st.integers(0, 8).map(lambda number: f"r{number}")
visits = st.tuples(riders, st.sampled_from(sorted(TREE)), st.sampled_from(HOURS))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(visits, min_size=12, max_size=70))
def test_every_unpublished_cell_keeps_every_small_number(con, rows):
    # Every rider comes twice, so that the column is no row number.
    rows = rows * 2
    try:
        result = protected(con, rows)
    except DisclosureRefused as refusal:
        assert refusal.code == "remainder-unsafe"
        return
    bins = published(result)
    hidden = defaultdict(list)
    for zone in TREE:
        for hour in HOURS:
            chosen = bin_of((zone, hour), bins)
            if chosen is not None and chosen[0] > 0:
                hidden[chosen].append((zone, hour))
    # Every cell of every bin must have room for every number; some of these inputs are protected as well.
    worlds = [
        other_world(rows, bins, chosen, cell, wanted)
        for chosen, cells in hidden.items()
        for cell in cells
        for wanted in range(K)
    ]
    assert all(world is not None for world in worlds)
    for world in worlds[:: len(worlds) // 4 + 1]:
        assert protected(con, world).table.equals(result.table)


def test_attacker_catches_a_rest_without_the_audit(con, monkeypatch):
    """The same reasoning on a table made without the audit finds a cell that cannot be empty."""
    monkeypatch.setattr("disclosure.rollup.rest.audit_sql", lambda most, open_cells, least: "true")
    rows = [(f"r{n}", zone, 0) for zone in ("A2", "A3") for n in range(6)] * 2
    rows += [(f"s{n}", "A0", 0) for n in range(2)] + [(f"s{n}", "A1", 0) for n in range(2, 4)]
    bins = published(protected(con, rows))
    assert other_world(rows, bins, (1, ("A", 0)), ("A0", 0), 0) is None


def test_gate_refuses_a_rest_without_the_audit(con, monkeypatch):
    monkeypatch.setattr("disclosure.rollup.rest.audit_sql", lambda most, open_cells, least: "true")
    rows = [(f"r{n}", zone, at(0), 1.0) for zone in ("A2", "A3") for n in range(6)] * 2
    rows += [(f"s{n}", "A0", at(0), 1.0) for n in range(2)] + [(f"s{n}", "A1", at(0), 1.0) for n in range(2, 4)]
    with pytest.raises(GateRefused, match="rest-bin-narrow"):
        made(con, rows, town(*LEVELS), least(K))
