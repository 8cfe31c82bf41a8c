"""Which presets may release, and what they refuse before any data is read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from disclosure import (
    DisclosureRefused,
    LaxerThanLaw,
    PresetInvalid,
    SiteRules,
    Spec,
    UnitKind,
    load_preset,
    preset_ids,
)
from disclosure.floors import Circumstances, Direction
from disclosure.messages import table
from disclosure.presets import HOUSE_FLOOR, PRESETS_FOLDER, Use
from disclosure.protect import check_preset

SITE = SiteRules(p_percent=10)
ALL = [load_preset(preset_id) for preset_id in preset_ids()]
CURVE = load_preset("fr-energy-curve-personal")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def _spec(**changes):
    values = {"unit": "meter", "zone": "zone", "time": "ts", "jurisdiction": "FR"}
    return Spec(**{**values, **changes})


@pytest.mark.parametrize("preset", ALL, ids=lambda preset: preset.id)
def test_a_preset_releases_only_with_checked_evidence_or_as_a_rule_of_the_house(preset):
    if preset.release is not Use.ALLOWED:
        assert preset.why_not in table()
        return
    assert preset.evidence == "checked" or preset.min_units >= HOUSE_FLOOR
    assert preset.counts not in {"trip", "row"}
    if preset.unit_kind is UnitKind.PERSONAL:
        assert preset.min_units >= HOUSE_FLOOR
    if preset.unit_kind is UnitKind.BUSINESS:
        assert "p-percent" in preset.needs


@pytest.mark.parametrize("preset", ALL, ids=lambda preset: preset.id)
def test_a_statutory_share_never_stands_alone(preset):
    if preset.max_share_percent is not None and preset.release is Use.ALLOWED:
        assert "p-percent" in preset.needs
        assert preset.public_parameters()["max_share_percent"] == preset.max_share_percent


@pytest.mark.parametrize(
    "preset_id", ["mds-reports", "us-15-15", "uk-postcode-energy", "gbfs-live", "mobility-chicago"]
)
def test_a_preset_for_reference_releases_nothing(preset_id):
    with pytest.raises(DisclosureRefused) as refusal:
        check_preset(_spec(), load_preset(preset_id), SITE)
    assert refusal.value.code == "preset-reference-only"


def test_data_received_for_an_exceptional_need_are_never_published():
    with pytest.raises(DisclosureRefused) as refusal:
        check_preset(_spec(unit=None), load_preset("eu-data-act-b2g"), SITE)
    assert refusal.value.code == "preset-publication-forbidden"


def test_business_data_need_the_secret_rule_of_the_house():
    with pytest.raises(DisclosureRefused) as refusal:
        check_preset(_spec(), load_preset("house-business"))
    assert refusal.value.code == "site-rule-missing"
    check_preset(_spec(), load_preset("house-business"), SITE)


@pytest.mark.parametrize(("jurisdiction", "fits"), [("FR", True), ("SI", False), ("EU", False)])
def test_a_national_preset_is_for_data_of_its_own_country(jurisdiction, fits):
    preset = load_preset("fr-energy-building")
    assert preset.applies_in(jurisdiction) is fits
    if not fits:
        with pytest.raises(DisclosureRefused) as refusal:
            check_preset(_spec(jurisdiction=jurisdiction), preset, SITE)
        assert refusal.value.code == "preset-of-another-jurisdiction"


def test_union_law_and_house_rules_apply_in_every_country():
    assert load_preset("str-open-aggregate").applies_in("SI")
    assert load_preset("house-personal").applies_in("US")


@pytest.mark.parametrize(
    ("interval", "period", "direction", "floor"),
    [
        (DAY, 400 * DAY, Direction.WITHDRAWAL, 100),
        (DAY, 400 * DAY, Direction.INJECTION, 10),
        (30 * MINUTE, DAY, Direction.WITHDRAWAL, 100),
        (30 * MINUTE, DAY, Direction.INJECTION, 10),
        (30 * MINUTE, DAY + MINUTE, Direction.WITHDRAWAL, 500),
        (60 * MINUTE, 31 * DAY, Direction.INJECTION, 50),
        (DAY - MINUTE, 31 * DAY, Direction.WITHDRAWAL, 500),
        (60 * MINUTE, 31 * DAY + MINUTE, Direction.WITHDRAWAL, 5000),
        (60 * MINUTE, 365 * DAY, Direction.INJECTION, 500),
    ],
)
def test_floors_of_load_curves_are_those_of_article_d111_63(interval, period, direction, floor):
    case = Circumstances(interval=interval, period=period, direction=direction)
    preset = CURVE.under(case)
    assert preset.min_units == floor
    with pytest.raises(LaxerThanLaw):
        preset.tightened(min_units=floor - 1)


def test_without_its_circumstances_a_curve_needs_the_highest_floor():
    assert CURVE.min_units == 5000
    with pytest.raises(LaxerThanLaw):
        CURVE.tightened(min_units=500)


def test_a_curve_finer_than_half_an_hour_is_refused():
    case = Circumstances(interval=15 * MINUTE, period=DAY, direction=Direction.WITHDRAWAL)
    with pytest.raises(DisclosureRefused) as refusal:
        CURVE.under(case)
    assert refusal.value.code == "interval-too-fine"


@given(
    interval=st.integers(30, 3000),
    period=st.integers(1, 600_000),
    direction=st.sampled_from(list(Direction)),
    longer=st.integers(0, 100_000),
    finer=st.integers(0, 3000),
)
def test_a_longer_period_or_a_finer_interval_never_lowers_the_floor(interval, period, direction, longer, finer):
    def floor(interval_min, period_min):
        case = Circumstances(interval=interval_min * MINUTE, period=period_min * MINUTE, direction=direction)
        return CURVE.under(case).min_units

    assert floor(max(30, interval - finer), period + longer) >= floor(interval, period)


def test_what_no_table_can_show_must_be_confirmed_by_somebody():
    case = Circumstances(interval=DAY, period=31 * DAY, direction=Direction.WITHDRAWAL)
    with pytest.raises(DisclosureRefused) as refusal:
        check_preset(_spec(), CURVE.under(case), SITE)
    assert refusal.value.code == "preset-condition-unconfirmed"
    check_preset(_spec(), CURVE.under(case).confirming("atypical-points-left-out"), SITE)
    with pytest.raises(PresetInvalid):
        CURVE.confirming("something-else")


def _changed(folder: Path, name: str, **changes: object) -> Path:
    data = yaml.safe_load((PRESETS_FOLDER / name).read_text(encoding="utf-8")) | changes
    (folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.mark.parametrize("evidence", ["secondary", "judgement"])
def test_a_file_that_would_release_without_checked_evidence_is_refused(tmp_path, evidence):
    folder = _changed(tmp_path, "uk-postcode-energy-2024.yaml", release="allowed", why_not=None, evidence=evidence)
    with pytest.raises(PresetInvalid) as refusal:
        load_preset("uk-postcode-energy", folder=folder)
    assert refusal.value.code == "preset-evidence-unchecked"


def test_a_file_that_would_release_people_below_the_house_floor_is_refused(tmp_path):
    folder = _changed(tmp_path, "uk-postcode-energy-2024.yaml", release="allowed", why_not=None)
    with pytest.raises(LaxerThanLaw) as refusal:
        load_preset("uk-postcode-energy", folder=folder)
    assert refusal.value.code == "below-house-floor"


def test_a_reference_without_a_reason_is_refused(tmp_path):
    with pytest.raises(PresetInvalid):
        load_preset("mds-reports", folder=_changed(tmp_path, "mds-reports-2026.yaml", why_not=None))
