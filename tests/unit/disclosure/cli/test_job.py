"""The file of `--spec`: every field by its name, only stricter parameters, and a hint where a name is misspelled."""

from __future__ import annotations

import textwrap

import pytest

from disclosure import LaxerThanLaw, Presence, SpecInvalid
from disclosure.cli import job as jobs
from disclosure.errors import PresetInvalid

METERS = """
    unit: meter_id
    zone: area
    time: ts
    timezone: Europe/Ljubljana
    time_bin: P1D
    measures:
      kwh: {kind: sum, decimals: 1, unit: kWh}
    preset: house-personal
    parameters: {min_units: 12}
    local_time: Europe/Ljubljana
"""


def written(tmp_path, text):
    path = tmp_path / "spec.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def test_a_job_has_the_roles_the_stricter_rule_and_the_flat_policy(tmp_path):
    job = jobs.load(written(tmp_path, METERS))
    assert (job.spec.unit, job.spec.zones, str(job.spec.time_bin)) == ("meter_id", ("area",), "P1D")
    assert job.spec.measures["kwh"].unit == "kWh"
    assert job.required_preset().min_units == 12
    assert job.policy.name == "threshold"


def test_the_way_of_counting_comes_from_the_preset(tmp_path):
    text = METERS.replace("house-personal", "gbfs-free-floating").replace("measures:", "count_rows_as: bikes")
    text = text.replace("      kwh: {kind: sum, decimals: 1, unit: kWh}\n", "")
    assert jobs.load(written(tmp_path, text)).spec.presence is Presence.SIMULTANEOUS


def test_a_misspelled_field_is_named_with_what_was_meant(tmp_path):
    with pytest.raises(SpecInvalid) as refusal:
        jobs.load(written(tmp_path, METERS.replace("timezone:", "time_zone:")))
    assert refusal.value.code == "spec-key-unknown"
    assert refusal.value.params == {"key": "time_zone", "meant": ["timezone"]}


@pytest.mark.parametrize("text", ["- a\n- b\n", "unit: [", "unit: m\nzone: z\nmeasures: {kwh: 3}\n"])
def test_a_file_that_describes_no_table_is_refused(tmp_path, text):
    with pytest.raises(SpecInvalid) as refusal:
        jobs.load(written(tmp_path, text))
    assert refusal.value.code == "spec-unreadable"


def test_a_laxer_parameter_is_refused(tmp_path):
    with pytest.raises(LaxerThanLaw):
        jobs.load(written(tmp_path, METERS.replace("min_units: 12", "min_units: 9")))


def test_an_unknown_preset_and_an_unknown_policy_are_refused(tmp_path):
    with pytest.raises(PresetInvalid):
        jobs.load(written(tmp_path, METERS.replace("house-personal", "house-nobody")))
    with pytest.raises(SpecInvalid) as refusal:
        jobs.load(written(tmp_path, METERS + "    policy: {name: magic}\n"))
    assert refusal.value.code == "policy-unknown"


def test_area_codes_keep_their_zeros_and_local_times_get_their_offset(tmp_path):
    data = tmp_path / "in.csv"
    data.write_text("meter_id,area,ts,kwh\n007,001,2026-07-01 00:30:00,1.5\n", encoding="utf-8")
    job = jobs.load(written(tmp_path, METERS))
    with job.opened(data, "200MB") as (con, relation):
        row = con.execute(f"SELECT meter_id, area, epoch(ts)::BIGINT FROM {relation}").fetchall()[0]
    assert row == ("007", "001", 1782858600)
