"""Fields of a dataset: nothing more is required, values take one shape, and release fields belong to the publisher."""

from __future__ import annotations

from typing import ClassVar

import ckan.plugins.toolkit as tk
import pytest

FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/MONTHLY"


def test_name_and_owner_are_enough(people, act):
    created = act("package_create", "editor", name="seznam", owner_org=people.city["id"])
    assert (created["name"], created["title"], created["state"]) == ("seznam", "seznam", "active")


def test_frequency_code_is_stored_as_authority_address(make_dataset):
    assert make_dataset(frequency="MONTHLY")["frequency"] == FREQUENCY


def test_unknown_frequency_is_kept_as_it_came(make_dataset):
    assert make_dataset(frequency="every full moon")["frequency"] == "every full moon"


@pytest.mark.parametrize(
    "given", [["waste", "noise"], '["waste", "noise"]', "waste, noise", ["waste", "noise", "waste"]]
)
def test_requirement_ids_take_one_shape(make_dataset, given):
    assert make_dataset(requirement_ids=given)["requirement_ids"] == ["waste", "noise"]


def test_theme_codes_become_authority_addresses(make_dataset):
    theme = "http://publications.europa.eu/resource/authority/data-theme/ENVI"
    assert make_dataset(theme=["ENVI"])["theme"] == [theme]


def test_unknown_kind_of_data_is_refused(make_dataset):
    with pytest.raises(tk.ValidationError) as caught:
        make_dataset(data_kind="secret")
    assert "data_kind" in caught.value.error_dict


def test_all_fields_survive_a_round_trip(make_dataset, system):
    created = make_dataset(
        frequency="MONTHLY",
        spatial_coverage=[{"text": "Brezje"}],
        publisher=[{"name": "Občina Brezje"}],
        creator=[{"name": "Elektro"}],
        temporal_coverage=[{"start": "2026-01-01", "end": "2026-10-31"}],
        issued="2026-01-15",
        modified="2026-11-02",
        language=["sl"],
        spatial='{"type": "Point", "coordinates": [14.5, 46.05]}',
    )
    updated = system("package_update", **created)
    for name in ("contact", "publisher", "creator", "spatial_coverage", "temporal_coverage", "issued", "spatial"):
        assert updated[name] == created[name]


class TestReleaseFields:
    """What follows from a release may be set by the publisher and sysadmins only."""

    FIELDS: ClassVar = {
        "mandate_id": "mandate-1",
        "release_id": "r-1",
        "suppression": "{}",
        "covered_organizations": ["org-9"],
    }

    def test_editor_cannot_set_them(self, people, act):
        created = act("package_create", "editor", name="seznam", owner_org=people.city["id"], **self.FIELDS)
        assert not set(self.FIELDS) & {name for name, value in created.items() if value}

    @pytest.mark.parametrize("user", ["cityharvest-publisher", "the-sysadmin"])
    def test_publisher_and_sysadmin_set_them(self, people, act, system, user):
        system("organization_member_create", id=people.city["id"], username="cityharvest-publisher", role="editor")
        created = act("package_create", user, name="seznam", owner_org=people.city["id"], **self.FIELDS)
        assert {name: created[name] for name in self.FIELDS} == self.FIELDS

    def test_editor_keeps_them_when_saving(self, make_dataset, act):
        created = make_dataset(**self.FIELDS)
        changed = {**created, "notes": "changed", "release_id": "forged", "covered_organizations": ["forged"]}
        saved = act("package_update", "editor", **changed)
        assert saved["notes"] == "changed"
        assert {name: saved[name] for name in self.FIELDS} == self.FIELDS

    @pytest.mark.parametrize("user", ["editor", "the-sysadmin"])
    def test_they_stay_when_the_form_does_not_send_them(self, make_dataset, act, user):
        created = make_dataset(**self.FIELDS)
        sent = {name: value for name, value in created.items() if name not in self.FIELDS}
        saved = act("package_update", user, **sent)
        assert {name: saved[name] for name in self.FIELDS} == self.FIELDS

    def test_publisher_clears_one_with_an_empty_value(self, make_dataset, system):
        created = make_dataset(**self.FIELDS)
        assert not system("package_update", **{**created, "suppression": ""}).get("suppression")


def test_dataset_is_served_as_rdf_with_its_frequency(make_dataset, app):
    dataset = make_dataset(frequency="MONTHLY", theme=["ENVI"])
    answer = app.get(f"/dataset/{dataset['name']}.ttl")
    assert answer.status_code == 200
    assert "frequency/MONTHLY" in answer.body
    assert "data-theme/ENVI" in answer.body


def test_organization_keeps_kind_and_code(people, system):
    created = system(
        "organization_create", name="dobje", organization_kind="city", municipality_code="SI-154", user="the-sysadmin"
    )
    shown = system("organization_show", id=created["id"])
    assert (shown["organization_kind"], shown["municipality_code"]) == ("city", "SI-154")


@pytest.mark.parametrize("locale", ["sl", "en"])
def test_dataset_form_opens_in_both_languages(people, app, locale, api_token_of):
    answer = app.get(f"/{locale}/dataset/new", headers={"Authorization": api_token_of("the-sysadmin")})
    assert answer.status_code == 200
    assert {"sl": "Vrsta podatkov", "en": "Kind of data"}[locale] in answer.body
    assert {"sl": "Kakovost zraka", "en": "Air quality"}[locale] in answer.body


@pytest.mark.parametrize(("locale", "label"), [("sl", "Vrsta organizacije"), ("en", "Kind of organisation")])
def test_organization_form_opens_in_both_languages(people, app, locale, label, api_token_of):
    answer = app.get(f"/{locale}/organization/new", headers={"Authorization": api_token_of("the-sysadmin")})
    assert answer.status_code == 200
    assert label in answer.body


@pytest.mark.parametrize(("locale", "label"), [("sl", "Vrsta podatkov"), ("en", "Kind of data")])
def test_dataset_page_shows_the_inventory_but_no_machine_fields(make_dataset, app, locale, label):
    make_dataset(frequency="MONTHLY", suppression='{"band": "raw"}', mandate_id="mandate-1")
    answer = app.get(f"/{locale}/dataset/odpadki")
    assert answer.status_code == 200
    assert label in answer.body
    assert "raw" not in answer.body.split("additional-info")[-1]
    assert "mandate-1" not in answer.body


def test_form_of_a_resource_opens(make_dataset, app, api_token_of):
    make_dataset()
    answer = app.get("/sl/dataset/odpadki/resource/new", headers={"Authorization": api_token_of("the-sysadmin")})
    assert answer.status_code == 200
    assert "Datoteka ali povezava" in answer.body
