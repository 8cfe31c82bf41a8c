from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

from demo import gbfs, stations
from demo.months import day_bounds
from demo.replay import ReplayClock, replayed_day

NOW = datetime(2026, 11, 24, 16, 2, 30, tzinfo=UTC)
MIDNIGHT = day_bounds(replayed_day(NOW))[0]


@pytest.mark.parametrize("version", gbfs.VERSIONS)
@pytest.mark.parametrize("name", ["gbfs", *gbfs.FEEDS])
def test_documents_follow_the_official_schema(fixtures_dir, version, name):
    made = (
        gbfs.discovery(version, NOW, "http://127.0.0.1:1/gbfs") if name == "gbfs" else gbfs.document(version, name, NOW)
    )
    schema = json.loads((fixtures_dir / "gbfs" / "schemas" / f"v{version}" / f"{name}.json").read_text())
    jsonschema.validate(json.loads(json.dumps(made)), schema, format_checker=jsonschema.FormatChecker())


def test_station_names_are_known_to_both_documents_and_unique():
    information = gbfs.document("3.0", "station_information", NOW)["data"]["stations"]
    status = gbfs.document("3.0", "station_status", NOW)["data"]["stations"]
    assert [one["station_id"] for one in information] == [one["station_id"] for one in status]
    assert len({one["station_id"] for one in information}) == len({str(one["name"]) for one in information}) == 30


def test_bicycles_and_free_docks_never_exceed_what_a_station_holds():
    for step in range(0, 24 * 60, 20):
        for state in stations.states_at(MIDNIGHT + timedelta(minutes=step)):
            assert state.bikes >= 0
            assert state.free_docks >= 0
            assert state.bikes + state.disabled_bikes + state.free_docks == state.station.capacity


def test_a_moment_gives_the_same_counts_whenever_it_is_asked():
    assert stations.states_at(NOW) == stations.states_at(NOW)
    assert gbfs.document("3.0", "station_status", NOW) == gbfs.document(
        "3.0", "station_status", NOW - timedelta(minutes=2)
    )


def test_homes_empty_and_workplaces_fill_on_a_working_day():
    def taken(habit, hour):
        states = stations.states_at(datetime(2026, 11, 24, hour, 30, tzinfo=UTC))
        chosen = [one for one in states if one.station.habit is habit]
        return sum(one.bikes for one in chosen) / sum(one.station.capacity for one in chosen)

    assert taken(stations.Habit.HOME, 4) > taken(stations.Habit.HOME, 11)
    assert taken(stations.Habit.WORK, 4) < taken(stations.Habit.WORK, 11)


def test_a_reader_who_looks_at_every_snapshot_gets_a_whole_day_of_288(tmp_path):
    clock = ReplayClock(tmp_path / "clock.json", NOW)
    seen = []
    while (moment := clock.read(NOW).moment) < MIDNIGHT + timedelta(days=1):
        seen.append(moment)
        clock.seen(moment, NOW)
    assert seen == [MIDNIGHT + i * stations.SNAPSHOT for i in range(288)]


def test_the_clock_stands_still_until_its_snapshot_is_read(tmp_path):
    clock = ReplayClock(tmp_path / "clock.json", NOW)
    assert clock.read(NOW) == clock.read(NOW + timedelta(hours=1))
    clock.seen(MIDNIGHT, NOW)
    clock.seen(MIDNIGHT, NOW)
    assert clock.read(NOW).moment == MIDNIGHT + stations.SNAPSHOT


def test_the_clock_goes_on_where_it_was_left_and_never_passes_the_true_time(tmp_path):
    file = tmp_path / "clock.json"
    before = ReplayClock(file, NOW)
    while not before.read(NOW).live:
        before.seen(before.read(NOW).moment, NOW)
    assert before.read(NOW).moment == NOW
    before.seen(NOW, NOW)
    later = NOW + timedelta(hours=2)
    after = ReplayClock(file, later).read(later)
    assert not after.live
    assert after.moment == stations.snapshot_time(NOW) + stations.SNAPSHOT


def test_a_damaged_clock_file_starts_the_day_again(tmp_path):
    (tmp_path / "clock.json").write_text("{")
    assert ReplayClock(tmp_path / "clock.json", NOW).read(NOW).moment == MIDNIGHT
