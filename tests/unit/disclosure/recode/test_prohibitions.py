"""What single presets forbid: columns by any spelling, identifiers that come back, units without use."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from disclosure import DisclosureRefused, Measure, Spec, load_preset
from disclosure.engine import connect
from disclosure.prohibitions import Seen, check_prohibitions, forbidden_columns, is_idle, reappears

RENTALS = load_preset("str-open-aggregate")
FEED = Spec(unit="vehicle_id", zone="zone", time="ts")
START = datetime(2026, 10, 1, 6, tzinfo=UTC)


def feed(con, presence):
    """A feed with a snapshot each minute; `presence` says in which an identifier is seen."""
    rows = [(one, START + timedelta(minutes=m)) for one, minutes in presence.items() for m in minutes]
    con.register(
        "feed",
        pa.table(
            {
                "vehicle_id": pa.array([row[0] for row in rows], pa.string()),
                "zone": ["a"] * len(rows),
                "ts": pa.array([row[1] for row in rows], pa.timestamp("us", "UTC")),
            }
        ),
    )


@pytest.fixture
def con(tmp_path):
    with connect(tmp_path, "500MB") as connection:
        yield connection


@pytest.mark.parametrize(
    "name", ["registration_number", "Registration-Number", "REGISTRATION NUMBER", "URL", "host_id"]
)
def test_rental_data_never_carries_what_identifies_unit_or_host(name):
    assert forbidden_columns(["nights", name], RENTALS.forbid_fields) == (name,)


def test_numbers_of_nights_and_guests_may_leave():
    assert forbidden_columns(["municipality", "nights", "guests"], RENTALS.forbid_fields) == ()


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(first=1, last=4, times=4), False),
        (Seen(first=3, last=3, times=1), False),
        (Seen(first=1, last=4, times=3), True),
    ],
)
def test_an_identifier_reappears_when_a_snapshot_inside_its_span_lacks_it(seen, expected):
    assert reappears(seen) is expected


@pytest.mark.parametrize(("totals", "expected"), [((0, 0), True), ((0, 1), False), ((None, 0), True), ((), False)])
def test_a_unit_is_idle_when_no_quantity_has_a_value(totals, expected):
    assert is_idle(totals) is expected


def test_a_feed_whose_identifiers_stay_until_they_leave_is_accepted(con):
    feed(con, {"v1": range(5), "v2": (0, 1), "v3": (3, 4)})
    check_prohibitions(con, "feed", FEED, load_preset("gbfs-live"), ["zone"])


def test_a_feed_whose_identifier_comes_back_is_refused_without_naming_it(con):
    feed(con, {"v1": range(5), "secret-bike": (0, 1, 4)})
    with pytest.raises(DisclosureRefused) as caught:
        check_prohibitions(con, "feed", FEED, load_preset("gbfs-live"), ["zone"])
    assert caught.value.code == "identifier-reappears"
    assert caught.value.params["units"] == 1
    assert "secret" not in str(caught.value)


def test_points_without_use_are_refused_and_values_of_both_signs_are_use(con):
    preset = load_preset("fr-energy-res-elec-annual")
    spec = Spec(unit="prm", zone="zone", time="ts", measures={"kwh": Measure()})
    con.execute("CREATE TABLE points AS SELECT * FROM (VALUES ('a', 2.5), ('a', -2.5), ('b', 1.0)) AS t(prm, kwh)")
    check_prohibitions(con, "points", spec, preset, ["zone", "kwh"])
    con.execute("INSERT INTO points VALUES ('idle', 0.0), ('idle', NULL)")
    with pytest.raises(DisclosureRefused, match="idle-units"):
        check_prohibitions(con, "points", spec, preset, ["zone", "kwh"])


def test_a_prohibition_that_cannot_be_judged_is_refused(con):
    con.execute("CREATE TABLE points AS SELECT 'a' AS prm, 1 AS kwh")
    spec = Spec(unit="prm", zone="zone")
    with pytest.raises(DisclosureRefused, match="prohibition-not-judged"):
        check_prohibitions(con, "points", spec, load_preset("gbfs-live"), ["zone"])
    with pytest.raises(DisclosureRefused, match="prohibition-unknown"):
        check_prohibitions(con, "points", spec, replace(RENTALS, prohibitions=("no-such",)), ["zone"])
