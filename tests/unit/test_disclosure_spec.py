"""A specification that contradicts itself is refused when it is made."""

from __future__ import annotations

import json

import pytest

from disclosure import Measure, Spec, SpecInvalid

BASE = {"unit": "meter_id", "zone": "zone", "time": "ts"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"zone": ("zone", "meter_id")}, "unit-in-output"),
        ({"zone": "METER_ID"}, "unit-in-output"),
        ({"measures": {"meter_id": Measure()}}, "unit-in-output"),
        ({"count_rows_as": "meter_id"}, "unit-in-output"),
        ({"zone": "units"}, "output-columns-clash"),
        ({"zone": ()}, "zone-missing"),
        ({"time_bin": "PT30M"}, "time-bin-unknown"),
        ({"timezone": "Europe/Nowhere"}, "timezone-unknown"),
        ({"timezone": "../etc/passwd"}, "timezone-unknown"),
        ({"presence": "guessed"}, "presence-unknown"),
        ({"presence": "simultaneous"}, "presence-column-unnamed"),
        (
            {"presence": "simultaneous", "count_rows_as": "n", "measures": {"kwh": Measure()}},
            "measures-with-simultaneous-presence",
        ),
    ],
)
def test_contradiction_is_refused(changes, code):
    with pytest.raises(SpecInvalid) as refusal:
        Spec(**{**BASE, **changes})
    assert refusal.value.code == code


@pytest.mark.parametrize("kind", ["min", "max", "median", "quantile"])
def test_extremes_and_quantiles_cannot_be_asked_for(kind):
    with pytest.raises(SpecInvalid) as refusal:
        Measure(kind=kind)
    assert refusal.value.code == "measure-kind-forbidden"


@pytest.mark.parametrize("decimals", [-1, 7])
def test_rounding_has_limits(decimals):
    with pytest.raises(SpecInvalid):
        Measure(decimals=decimals)


def test_description_can_be_read_back():
    spec = Spec(**BASE, measures={"kwh": Measure(kind="mean", decimals=2, unit="kWh"), "gas": Measure()})
    sorted_by_json = json.loads(json.dumps(spec.as_dict(), sort_keys=True))
    assert Spec.from_mapping(sorted_by_json).output_columns == spec.output_columns
    assert Spec.from_mapping(sorted_by_json).as_dict() == spec.as_dict()


def test_published_columns_are_keys_then_counts_then_measures():
    spec = Spec(unit="rider", zone=("a", "b"), time="ts", measures={"fare": Measure()}, count_rows_as="trips")
    assert spec.output_columns == ("a", "b", "period_start", "units", "trips", "fare")
    stations = Spec(unit=None, zone="station", time="ts", presence="none", measures={"bikes": Measure(kind="mean")})
    assert stations.output_columns == ("station", "period_start", "bikes")
