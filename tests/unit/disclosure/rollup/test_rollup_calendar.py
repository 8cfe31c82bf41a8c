"""Local periods: half-open, in UTC, correct on the days on which the clock changes, and alike in both calendars."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from rollup_world import SPEC, least, town

from disclosure.engine import connect
from disclosure.errors import DisclosureRefused
from disclosure.protect import protect
from disclosure.recounts import rollup_calendar
from disclosure.rollup.calendar import Covers, time_axis
from disclosure.rollup.ladder import Level
from disclosure.site import NO_SITE

LJUBLJANA = ZoneInfo("Europe/Ljubljana")
LENGTHS = ("PT15M", "PT1H", "PT3H", "P1D")


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("calendar"), "300MB", threads=1) as connection:
        connection.execute("CREATE TABLE nothing (start TIMESTAMPTZ)")
        yield connection


def axis_of(con, first, last=None, times=LENGTHS, zone="Europe/Ljubljana"):
    covers = Covers(first=first, last=last or first)
    return time_axis(con, "nothing", replace(SPEC, timezone=zone), times, covers)


def starts(axis, level):
    import numpy as np

    return axis.labels(level, np.arange(axis.sizes[level])).to_pylist()


@pytest.mark.parametrize(
    ("day", "quarters", "hours", "first_three_hours"),
    [
        (date(2026, 10, 1), 96, 24, 3),
        (date(2026, 3, 29), 92, 23, 2),
        (date(2026, 10, 25), 100, 25, 4),
    ],
)
def test_days_of_clock_changes_have_the_hours_they_have(con, day, quarters, hours, first_three_hours):
    axis = axis_of(con, day)
    assert axis.sizes == (quarters, hours, 8, 1)
    assert axis.capacity[1][0] == first_three_hours
    assert starts(axis, 3) == [datetime(day.year, day.month, day.day, tzinfo=LJUBLJANA).astimezone(UTC)]


def test_repeated_hour_is_two_hours_and_one_three_hour_period(con):
    axis = axis_of(con, date(2026, 10, 25))
    hourly = starts(axis, 1)
    assert [moment.astimezone(LJUBLJANA).hour for moment in hourly[:5]] == [0, 1, 2, 2, 3]
    assert len({int(axis.parents[1][at]) for at in range(4)}) == 1


def test_day_that_begins_at_one_begins_at_one(con):
    """In Beirut the clock jumps from midnight to one: the day begins when its first quarter does."""
    axis = axis_of(con, date(2026, 3, 29), zone="Asia/Beirut")
    assert starts(axis, 3) == [datetime(2026, 3, 28, 22, tzinfo=UTC)]
    assert axis.sizes[1] == 23


@pytest.mark.parametrize(
    "zone", ["Europe/Ljubljana", "Asia/Beirut", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago"]
)
@pytest.mark.parametrize("lengths", [LENGTHS, ("PT1H", "PT6H", "P1D", "P7D"), ("PT2H", "P1D", "P1M", "all")])
def test_both_calendars_say_the_same(con, zone, lengths):
    """zoneinfo for `protect`, the engine's time zones for the gate."""
    first, last = date(2026, 3, 1), date(2026, 10, 31)
    axis = axis_of(con, first, last, lengths, zone)
    levels = [Level(space="zone", time=each) for each in lengths]
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    rollup_calendar.map_quarters(con, levels, zone, (moment, moment), Covers(first=first, last=last))
    for level in range(len(lengths)):
        found = con.execute(f"SELECT DISTINCT s{level} FROM gate_quarters ORDER BY 1").fetchall()
        ours = [int(each.timestamp()) * 1_000_000 for each in starts(axis, level)]
        assert [each for (each,) in found] == ours
    periods = rollup_calendar.periods(con, len(lengths), frozenset())
    for step, room in enumerate(periods.room):
        ours = dict(
            zip(
                (int(each.timestamp()) * 1_000_000 for each in starts(axis, step + 1)), axis.capacity[step], strict=True
            )
        )
        assert room == ours
    rollup_calendar.forget(con)


def test_trip_belongs_to_the_period_in_which_it_starts(con):
    """A period holds its first instant and not its last."""
    edge = datetime(2026, 10, 25, 1, tzinfo=UTC)  # the second 02:00 of that night
    moments = [edge - timedelta(microseconds=1)] * 6 + [edge] * 6
    con.register(
        "rows_in",
        pa.table(
            {
                "rider": [f"r{n % 6}" for n in range(12)],
                "zone": ["A0"] * 12,
                "start": pa.array(moments, pa.timestamp("us", "UTC")),
            }
        ),
    )
    con.execute("CREATE OR REPLACE TABLE night AS SELECT * FROM rows_in")
    policy = town(("zone", "PT1H"), ("zone", "P1D"), covers=None)
    result = protect(con, "night", SPEC, least(4), policy)
    policy.recount(con, "night", result, SPEC, least(4), NO_SITE)
    assert [row["period_start"] for row in result.table.to_pylist()] == [edge - timedelta(hours=1), edge]


def test_date_of_another_century_is_refused_instead_of_a_calendar_of_centuries(con):
    con.execute(
        "CREATE OR REPLACE TABLE wrong AS SELECT 'r' || (i % 5) AS rider, 'A0' AS zone,"
        " TIMESTAMPTZ '2026-01-01' - INTERVAL (i * 10) YEAR AS start FROM range(5) AS t(i)"
    )
    with pytest.raises(DisclosureRefused, match="time-span-too-long"):
        protect(con, "wrong", SPEC, least(4), town(("zone", "PT1H"), covers=None))
