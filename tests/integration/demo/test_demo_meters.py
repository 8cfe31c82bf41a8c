from __future__ import annotations

import csv
import hashlib
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "deployment"))

from demo import meters
from demo.months import Month, day_bounds, demo_months, local_quarters
from demo.region import Zone

TWO_ZONES = (
    Zone(name="Godešič", longitude=14.3, latitude=46.1, meter_count=3),
    Zone(name="Reteče", longitude=14.4, latitude=46.1, meter_count=2),
)


def _rows(path, encoding="utf-8-sig"):
    with path.open(encoding=encoding, newline="") as source:
        return list(csv.DictReader(source, delimiter=";"))


@pytest.mark.parametrize(
    ("key", "day", "quarters"),
    [("2026-10", "2026-10-25", 100), ("2026-10", "2026-10-24", 96), ("2027-03", "2027-03-28", 92)],
)
def test_a_day_has_the_quarters_that_the_local_clock_gives_it(tmp_path, key, day, quarters):
    rows = _rows(meters.write_month(tmp_path, Month.parse(key), zones=TWO_ZONES))
    per_day = Counter((row["meter_id"], row["ts"][:10]) for row in rows)
    assert len(rows) == 5 * len(local_quarters(Month.parse(key).start, Month.parse(key).end))
    assert {count for (_, date), count in per_day.items() if date == day} == {quarters}


def test_the_hour_that_happens_twice_comes_in_the_order_of_time(tmp_path):
    rows = _rows(meters.write_month(tmp_path, Month.parse("2026-10"), zones=TWO_ZONES))
    night = [row["ts"][11:] for row in rows if row["meter_id"] == "M000001" and row["ts"].startswith("2026-10-25 02")]
    assert night == ["02:00", "02:15", "02:30", "02:45"] * 2


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    month = Month.parse("2026-09")
    one, same, other = (
        meters.write_month(tmp_path / name, month, zones=TWO_ZONES, seed=seed).read_bytes()
        for name, seed in (("one", 1), ("same", 1), ("other", 2))
    )
    assert one == same
    assert one != other
    assert len(one) == len(other)


def test_the_checksum_file_states_the_hash_of_the_file(tmp_path):
    path = meters.write_month(tmp_path, Month.parse("2026-09"), zones=TWO_ZONES)
    stated, name = (tmp_path / "2026-09.csv.sha256").read_text().split()
    assert stated == hashlib.sha256(path.read_bytes()).hexdigest()
    assert name == path.name
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(("encoding", "beginning"), [("utf-8-sig", b"\xef\xbb\xbfmeter_id"), ("cp1250", b"meter_id")])
def test_both_encodings_of_the_contract_carry_the_same_rows(tmp_path, encoding, beginning):
    path = meters.write_month(tmp_path, Month.parse("2026-09"), zones=TWO_ZONES, encoding=encoding)
    assert path.read_bytes().startswith(beginning)
    assert path.read_bytes().endswith(b"\r\n")
    assert {row["zone"] for row in _rows(path, encoding)} == {"Godešič", "Reteče"}


def test_an_encoding_outside_the_contract_is_refused(tmp_path):
    with pytest.raises(ValueError, match="latin-1"):
        meters.write_month(tmp_path, Month.parse("2026-09"), encoding="latin-1", zones=TWO_ZONES)


def test_use_is_positive_below_the_fuse_and_written_with_a_decimal_comma(tmp_path):
    rows = _rows(meters.write_month(tmp_path, Month.parse("2026-09"), zones=TWO_ZONES))
    assert all(row["usage_kwh"][1] == "," for row in rows)
    usage_kwh = [float(row["usage_kwh"].replace(",", ".")) for row in rows]
    assert min(usage_kwh) > 0
    assert max(usage_kwh) <= meters.FUSE_WH / 1000


def test_households_use_more_in_the_evening_than_at_night_and_start_later_on_weekends():
    month = Month.parse("2026-09")
    wh = meters.usage_wh(month, 40, meters.np.random.default_rng(1)).sum(axis=0)
    quarters = local_quarters(month.start, month.end)

    def mean(hour, *, weekend):
        found = [v for v, t in zip(wh, quarters, strict=True) if t.hour == hour and (t.weekday() >= 5) == weekend]
        return sum(found) / len(found)

    assert mean(19, weekend=False) > 2 * mean(3, weekend=False)
    assert mean(7, weekend=False) > mean(7, weekend=True)


def test_files_cover_the_last_two_complete_months():
    assert [one.key for one in demo_months(datetime(2026, 11, 24, tzinfo=UTC))] == ["2026-09", "2026-10"]
    # Half an hour before midnight UTC it is already January in Ljubljana.
    assert [one.key for one in demo_months(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))] == ["2026-11", "2026-12"]


def test_a_local_day_has_23_24_or_25_hours():
    hours = [
        (after - first).total_seconds() / 3600
        for first, after in (day_bounds(day.date()) for day in map(datetime.fromisoformat, DAYS))
    ]
    assert hours == [23, 24, 25]


DAYS = ("2027-03-28", "2026-11-24", "2026-10-25")
