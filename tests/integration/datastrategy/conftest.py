"""A portal with a city, a company and their people, and a ledger in memory for tests about something else."""

from __future__ import annotations

import datetime as dt
from dataclasses import MISSING, fields, replace
from types import SimpleNamespace
from typing import Any

import ckan.plugins.toolkit as tk
import ckan.tests.factories as factories
import pytest
from ckan import model
from ckan.cli.cli import ckan

from cityharvest import api

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@pytest.fixture
def portal(with_plugins, reset_db, migrate_db_for, clean_index, clean_queues, clean_redis):
    """An empty portal with our tables."""
    reset_db()
    migrate_db_for("activity")
    migrate_db_for("datastrategy")


@pytest.fixture
def act():
    """Calls an action as a user (a name, or None for a visitor), with authorization."""

    def act(action: str, user: str | None, /, **data_dict: Any) -> Any:
        return tk.get_action(action)({"user": user or "", "ignore_auth": False}, data_dict)

    return act


@pytest.fixture
def system():
    """Calls an action as the system itself."""

    def system(action: str, /, **data_dict: Any) -> Any:
        site_user = tk.get_action("get_site_user")({"ignore_auth": True}, {})
        return tk.get_action(action)({"ignore_auth": True, "user": site_user["name"]}, data_dict)

    return system


def make_users(*names: str) -> dict[str, dict[str, str]]:
    """Adds users without a password: hashing one for each would take most of the time of these tests."""
    users = [model.User(name=name, email=f"{name}@example.org") for name in names]
    model.Session.add_all(users)
    model.Session.commit()
    return {user.name: {"id": user.id, "name": user.name} for user in users}


@pytest.fixture
def people(portal):
    """Who is on this portal. Each has exactly the one thing that their name says."""
    factories.Sysadmin(name="the-sysadmin")
    city = factories.Organization(name="brezje", organization_kind="city")
    neighbor = factories.Organization(name="lipa", organization_kind="city")
    company = factories.Organization(name="elektro", organization_kind="company")
    other_company = factories.Organization(name="kolo", organization_kind="company")
    users = make_users(
        *("admin", "editor", "officer", "steward", "dpo", "covered-officer", "covered-dpo", "sender", "member"),
        *("other-sender", "stranger", "cityharvest-publisher"),
    )
    join = tk.get_action("organization_member_create")
    for organization, name, capacity in (
        (city, "admin", "admin"),
        (city, "editor", "editor"),
        (company, "member", "member"),
    ):
        join(
            {"ignore_auth": True, "user": "the-sysadmin"},
            {"id": organization["id"], "username": name, "role": capacity},
        )
    grant = tk.get_action("datastrategy_role_grant")
    for organization, name, role in (
        (city, "officer", "officer"),
        (city, "steward", "steward"),
        (city, "dpo", "dpo"),
        (neighbor, "covered-officer", "officer"),
        (neighbor, "covered-dpo", "dpo"),
        (company, "sender", "sender"),
        (other_company, "other-sender", "sender"),
    ):
        grant({"ignore_auth": True}, {"organization_id": organization["id"], "user": users[name]["id"], "role": role})
    return SimpleNamespace(city=city, neighbor=neighbor, company=company, other_company=other_company, users=users)


@pytest.fixture
def make_dataset(people, system):
    """Builds a dataset of the city that meets the requirement on waste; a test overrides only what it is about."""

    def make_dataset(**changes: Any) -> dict[str, Any]:
        base = {
            "name": "odpadki",
            "title": "Odpadki",
            "owner_org": people.city["id"],
            "notes": "Količine zbranih odpadkov po mesecih, vrstah odpadkov in naseljih občine.",
            "license_id": "cc-by",
            "requirement_ids": ["waste"],
            "data_kind": "public-interest",
            "contact": [{"name": "Odprti podatki", "email": "podatki@example.org"}],
            "resources": [{"name": "2026", "url": "https://example.org/odpadki.csv", "format": "CSV"}],
        }
        return system("package_create", **{**base, **changes})

    return make_dataset


def record(kind: Any, /, **given: Any) -> Any:
    """Builds a value of the ledger; fields that a test does not care about are None."""
    rest = {item.name: None for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING}
    return kind(**{**rest, **given})


class MemoryLedger:
    """A ledger that answers from memory, through the same facade and with the same values as the real one."""

    def __init__(self) -> None:
        self.mandates: dict[str, api.Mandate] = {}
        self.deliveries: dict[str, api.Delivery] = {}
        self.overdue: list[dict[str, Any]] = []
        self.published: list[dict[str, Any]] = []
        self.is_down = False
        self.calls: list[tuple[Any, ...]] = []

    def _up(self) -> None:
        if self.is_down:
            raise api.errors.LedgerUnavailable

    def mandate_show(self, mandate_id, **_):
        self._up()
        for mandate in self.mandates.values():
            if mandate_id in {mandate.id, mandate.slug}:
                return mandate
        raise api.errors.NotFound(kind="mandate", id=mandate_id)

    def mandate_list(self, organization_id=None, company_id=None, **_):
        self._up()
        return [
            item
            for item in self.mandates.values()
            if organization_id in {None, *item.organization_ids} and company_id in {None, item.company_organization_id}
        ]

    def disclosure_report(self, delivery_id, **_):
        self.delivery_show(delivery_id)
        return {"lost": {"cells_withheld": 7}}

    def disclosure_report_html(self, delivery_id, lang, **_):
        return f"<p lang={lang}>7</p>"

    def delivery_show(self, delivery_id, **_):
        self._up()
        if delivery_id not in self.deliveries:
            raise api.errors.NotFound(kind="delivery", id=delivery_id)
        return self.deliveries[delivery_id]

    def delivery_list(self, mandate_ids=None, *, states=None, limit=1000, offset=0, **_):
        self._up()
        found = [
            item
            for item in self.deliveries.values()
            if item.mandate_id in mandate_ids and (states is None or item.state in states)
        ]
        return found[offset : offset + limit]

    def receive(self, mandate, period, stream, sender, **_):
        self.calls.append(("receive", mandate, period, sender, stream.read()))
        return self.deliveries["delivery-1"]

    def nil(self, mandate, period, reason, sender, **_):
        self.calls.append(("nil", mandate, period, sender, reason))
        return self.deliveries["delivery-1"]

    def decide(self, delivery_id, decision, actor, reason, **_):
        self.calls.append(("decide", delivery_id, decision, actor, reason))
        self.deliveries[delivery_id] = replace(self.deliveries[delivery_id], state=api.DeliveryState.CLEARED)
        return self.deliveries[delivery_id]

    def late(self, now=None, **_):
        self._up()
        return list(self.overdue)

    def published_for(self, organization_id, **_):
        self._up()
        return [item for item in self.published if organization_id in item["organization_ids"]]

    def source_list(self, mandate_id=None, **_):
        self._up()
        return []

    def source_create(self, mandate_id, kind, config, actor, **_):
        self.calls.append(("source_create", mandate_id, kind, actor))
        return record(
            api.Source,
            id="source-1",
            mandate_id=mandate_id,
            kind=kind,
            config=config,
            enabled=True,
            memory={},
            created_at=NOW,
        )

    def mandate_update(self, mandate_id, changes, actor, **_):
        self.calls.append(("mandate_update", mandate_id, actor))
        return self.mandate_show(mandate_id)


@pytest.fixture
def ledger(people, monkeypatch):
    """A ledger in memory with one mandate of the company towards both cities, and one held delivery of the sender."""
    memory = MemoryLedger()
    mandate = record(
        api.Mandate,
        id="mandate-1",
        slug="poraba",
        title={"sl": "Poraba elektrike", "en": "Electricity use"},
        company_organization_id=people.company["id"],
        lead_organization_id=people.city["id"],
        municipality_organization_ids=(people.city["id"], people.neighbor["id"]),
        legal_basis={},
        cadence="month",
        timezone="Europe/Ljubljana",
        due_days=15,
        starts_on=dt.date(2026, 1, 1),
        contract={"fields": []},
        product={},
        preset_id="house-personal-2026",
        preset_parameters={"min_units": 12},
        raw_retention_days=30,
        created_at=NOW,
        updated_at=NOW,
    )
    delivery = record(
        api.Delivery,
        id="delivery-1",
        mandate_id=mandate.id,
        mandate_slug=mandate.slug,
        period="2026-10",
        period_start=NOW,
        period_end=NOW,
        sequence=1,
        state=api.DeliveryState.HELD,
        late=False,
        due_at=NOW,
        received_at=NOW,
        sender=people.users["sender"]["id"],
        sha256="0" * 64,
        held_from=api.DeliveryState.CHECKED,
        held_reason="first-release",
        held_detail={},
        findings=(),
        failures=0,
    )
    memory.mandates[mandate.id] = mandate
    memory.deliveries[delivery.id] = delivery
    for name in dir(memory):
        if callable(getattr(memory, name)) and not name.startswith("_"):
            monkeypatch.setattr(api, name, getattr(memory, name))
    return memory


@pytest.fixture
def command(cli):
    """Runs `ckan datastrategy …`."""

    def command(*words: str) -> Any:
        return cli.invoke(ckan, ["datastrategy", *words])

    return command


@pytest.fixture
def api_token_of(people):
    """Makes an API token of a user."""

    def api_token_of(user: str) -> str:
        return factories.APIToken(user=user)["token"]

    return api_token_of
