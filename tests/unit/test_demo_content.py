from __future__ import annotations

import csv
import io
import json
import stat
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deployment"))

from cityharvest.mandate_spec import MandateSpec, problems
from cityharvest.periods import Period
from datastrategy.profiles import load_profile
from demo import people
from demo.catalogue import make_dataset, make_mandate
from demo.content import all_datasets
from demo.mandates import consumption, feed_in, stations_daily
from demo.months import Month, demo_months
from demo.portal import RefusedError

DATASETS = all_datasets(2026)


class MemoryPortal:
    """Keeps what the Action API is asked to make."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls: list[str] = []

    def find(self, action, **values):
        return self.made.get((action.removesuffix("_show"), values["id"]))

    def call(self, action, **values):
        if action == "datastrategy_source_list":
            return self.made.get(("sources", values["mandate_id"]), {}).get("list", [])
        self.calls.append(action)
        kind = action.removesuffix("_create")
        if kind == "datastrategy_source":
            self.made.setdefault(("sources", values["mandate_id"]), {"list": []})["list"].append(values)
        elif kind == "datastore":
            next(r for p in self.made.values() for r in p.get("resources", []) if r["id"] == values["resource_id"])[
                "datastore_active"
            ] = True
        else:
            self.made[kind, values.get("name") or values["slug"]] = {
                **values,
                "id": values.get("name"),
                "resources": [],
            }
            return self.made[kind, values.get("name") or values["slug"]]
        return values

    def upload(self, action, file, **values):
        self.calls.append(action)
        resource = {"id": f"{values['package_id']}/{values['name']}", **values}
        self.made["package", values["package_id"]]["resources"].append(resource)
        return resource


def test_every_dataset_answers_a_requirement_of_the_profile_or_says_that_it_is_closed():
    known = {item.id for item in load_profile("cityopen-core", on=date(2026, 11, 24)).requirements}
    for dataset in DATASETS:
        assert dataset.requirement_id in known or "NON_PUBLIC" in dataset.extra["access_rights"]


def test_the_boards_have_something_met_something_without_a_license_and_something_missing():
    loka = [one for one in DATASETS if one.organization == "skofja-loka"]
    assert [one.requirement_id for one in loka if one.file and not one.license_id] == ["cycle-network"]
    assert len({one.requirement_id for one in loka if one.license_id}) >= 5
    assert "building-permits" not in {one.requirement_id for one in DATASETS}


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda one: one.name)
def test_texts_are_in_both_languages_and_admit_that_values_are_invented(dataset):
    notes = dataset.package()["notes"]
    assert "Prikazni podatki" in notes
    assert "Demo data" in notes
    assert dataset.notes.keys() == {"sl", "en"}


@pytest.mark.parametrize("dataset", [one for one in DATASETS if one.file], ids=lambda one: one.name)
def test_files_are_what_their_format_says(dataset):
    body = dataset.file.body
    if dataset.file.format == "CSV":
        assert len(list(csv.DictReader(io.StringIO(body.decode())))) == len(dataset.file.rows) > 3
    elif dataset.file.format == "GeoJSON":
        assert json.loads(body)["type"] == "FeatureCollection"
    else:
        start = int(body.split(b"startxref\n")[1].split()[0])
        assert body.startswith(b"%PDF")
        assert body[start:].startswith(b"xref")


def test_contents_are_the_same_every_time():
    assert all_datasets(2026) == DATASETS


def test_making_a_dataset_twice_makes_it_once():
    portal, dataset = MemoryPortal(), DATASETS[3]
    assert make_dataset(portal, dataset)
    calls = list(portal.calls)
    assert calls == ["package_create", "resource_create", "datastore_create"]
    assert not make_dataset(portal, dataset)
    assert portal.calls == calls


def test_a_dataset_whose_file_is_missing_is_completed():
    portal, dataset = MemoryPortal(), DATASETS[3]
    portal.call("package_create", **dataset.package())
    assert make_dataset(portal, dataset)
    assert portal.calls == ["package_create", "resource_create", "datastore_create"]


def test_a_mandate_without_its_source_gets_it():
    portal, mandate = MemoryPortal(), consumption(Month(2026, 10))
    assert make_mandate(portal, mandate, None)
    assert make_mandate(portal, mandate, ("meter_drop", {"url": "x"}))
    assert not make_mandate(portal, mandate, ("meter_drop", {"url": "x"}))
    assert portal.calls == ["datastrategy_mandate_create", "datastrategy_source_create"]


@pytest.mark.parametrize("day", ["2026-11-01T12:00:00+00:00", "2026-11-24T12:00:00+00:00", "2027-03-31T12:00:00+00:00"])
def test_on_any_day_one_mandate_is_late_and_the_others_are_not(day):
    now = datetime.fromisoformat(day)
    before_last, last = demo_months(now)
    late = Period.parse("month", before_last.key, "Europe/Ljubljana").due_at(feed_in(before_last)["due_days"])
    in_time = Period.parse("month", last.key, "Europe/Ljubljana").due_at(consumption(last)["due_days"])
    assert late < now < in_time


def test_mandates_are_what_the_ledger_takes():
    for mandate in (consumption(Month(2026, 10)), feed_in(Month(2026, 9)), stations_daily(date(2026, 11, 23))):
        kind = "none" if mandate["preset_id"] == "gbfs-docked-stations" else "personal"
        assert problems(MandateSpec.of(mandate), lambda *_, kind=kind: kind) == []


def test_logins_are_private_and_survive_a_second_run(tmp_path):
    people.write_logins(tmp_path, {"loka-dpo": "secret"})
    people.write_logins(tmp_path, people.read_logins(tmp_path) | {"loka-uradnica": "other"})
    assert people.read_logins(tmp_path) == {"loka-dpo": "secret", "loka-uradnica": "other"}
    assert stat.S_IMODE((tmp_path / people.LOGINS_FILE).stat().st_mode) == 0o600


def test_passwords_are_noted_before_the_account_is_made(tmp_path):
    class Refusing(MemoryPortal):
        def call(self, action, **values):
            raise RefusedError(action)

    with pytest.raises(RefusedError):
        people.make_people(Refusing(), tmp_path)
    assert set(people.read_logins(tmp_path)) == {one.name for one in people.PEOPLE}
