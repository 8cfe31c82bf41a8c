"""The publisher's user: created once, token readable by its owner only, editor of lead cities, never a sysadmin."""

from __future__ import annotations

import datetime as dt

import ckan.plugins.toolkit as tk
import ckan.tests.factories as factories
import pytest
from ckan import model

from cityharvest import api
from ckanext.datastrategy import roles

NAME = "cityharvest-publisher"


@pytest.fixture
def init(portal, command, tmp_path):
    path = tmp_path / "keys" / "token"

    def init():
        return command("init-publisher", "--token-file", str(path)), path

    return init


def test_token_file_is_private_and_its_token_works(init, app):
    result, path = init()
    assert result.exit_code == 0, result.output
    assert path.stat().st_mode & 0o777 == 0o600
    assert model.User.get(NAME).sysadmin is False
    answer = app.get("/api/action/organization_list_for_user", headers={"Authorization": path.read_text().strip()})
    assert answer.json["success"] is True


def test_running_again_keeps_the_token(init):
    _, path = init()
    before = path.read_text()
    result, _ = init()
    assert result.exit_code == 0
    assert path.read_text() == before
    assert model.Session.query(model.ApiToken).count() == 1


def test_lost_file_gives_a_new_token_and_ends_the_old_one(init):
    _, path = init()
    before = path.read_text()
    path.unlink()
    init()
    assert path.read_text() != before
    assert model.Session.query(model.ApiToken).count() == 1


def test_sysadmin_of_that_name_is_refused(init):
    factories.Sysadmin(name=NAME)
    result, path = init()
    assert result.exit_code == 2
    assert "must not be a sysadmin" in result.output
    assert not path.exists()


class TestMandateCreate:
    @pytest.fixture
    def created(self, people, ledger, monkeypatch):
        """What the ledger was asked to create."""
        specs = []

        def mandate_create(spec, actor, **_):
            specs.append((spec, actor))
            return ledger.mandates["mandate-1"]

        monkeypatch.setattr(api, "mandate_create", mandate_create)
        return specs

    def spec(self, **changes):
        base = {
            "company_organization_id": "elektro",
            "lead_organization_id": "brezje",
            "municipality_organization_ids": ["brezje", "lipa"],
            "slug": "poraba",
            "starts_on": dt.date(2026, 1, 1).isoformat(),
        }
        return {**base, **changes}

    def test_publisher_becomes_editor_of_the_lead_city_only(self, act, people, created):
        act("datastrategy_mandate_create", "officer", **self.spec())
        user = model.User.get(NAME)
        assert user.sysadmin is False
        assert roles.is_member(user.id, people.city["id"], "editor")
        assert not roles.is_member(user.id, people.neighbor["id"])

    def test_ledger_gets_ids_and_the_actor(self, act, people, created):
        act("datastrategy_mandate_create", "officer", **self.spec())
        [(spec, actor)] = created
        assert actor == people.users["officer"]["id"]
        assert spec["company_organization_id"] == people.company["id"]
        assert spec["municipality_organization_ids"] == [people.city["id"], people.neighbor["id"]]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"company_organization_id": "lipa"}, "organization-not-company"),
            ({"municipality_organization_ids": ["elektro"]}, "organization-not-city"),
            ({"company_organization_id": "nowhere"}, "organization-unknown"),
        ],
    )
    def test_organizations_of_the_wrong_kind_are_refused(self, act, created, changes, code):
        with pytest.raises(tk.ValidationError) as caught:
            act("datastrategy_mandate_create", "officer", **self.spec(**changes))
        assert caught.value.error_dict["code"] == [code]
        assert created == []

    def test_without_a_publisher_nothing_is_created(self, act, created, system):
        system("user_delete", id=NAME)
        with pytest.raises(tk.ValidationError) as caught:
            act("datastrategy_mandate_create", "officer", **self.spec())
        assert caught.value.error_dict["code"] == ["publisher-missing"]
        assert created == []

    def test_publisher_that_became_sysadmin_is_refused(self, act, created):
        model.User.get(NAME).sysadmin = True
        model.Session.commit()
        with pytest.raises(tk.ValidationError) as caught:
            act("datastrategy_mandate_create", "officer", **self.spec())
        assert caught.value.error_dict["code"] == ["publisher-too-powerful"]
        assert created == []
