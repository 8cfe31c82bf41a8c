"""Rules: a person decides about what is held; approval returns it there and is kept; refusal rejects it."""

from __future__ import annotations

import json

import pytest

from cityharvest import api
from cityharvest import ledger as stages
from cityharvest.errors import MandateInvalid, NotFound, StateError, WrongCall
from cityharvest.states import DeliveryState

from .conftest import mandate_spec, stream, to_cleared, to_published, to_released  # noqa: TID252 - one folder, one conftest


@pytest.fixture
def held(ledger, mandate, period):
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    to_cleared(ledger, got.id)
    with ledger.transaction() as session:
        stages.move(session, got.id, DeliveryState.HELD, actor="process", held_reason="first-release")
    return got


def test_an_approval_returns_the_delivery_and_is_kept_on_the_mandate(ledger, mandate, held) -> None:
    back = api.decide(held.id, "approve", "user-dpo", "pregledano", ledger=ledger)
    assert (back.state, back.held_from, back.held_reason) == (DeliveryState.CLEARED, None, None)
    assert [(one.reason, one.decision, one.actor, one.note) for one in back.decisions] == [
        ("first-release", "approve", "user-dpo", "pregledano")
    ]
    shown = api.mandate_show(mandate.id, ledger=ledger)
    assert shown.approved_by == "user-dpo"
    assert shown.first_release_approved_at is not None
    with ledger.transaction() as session:
        assert stages.is_approved(session, held.id, "first-release")
        assert not stages.is_approved(session, held.id, "other")
    assert back.history[-1].event == "approve"
    with pytest.raises(StateError, match="delivery-not-held"):
        api.decide(held.id, "approve", "user-dpo", "še enkrat", ledger=ledger)


def test_a_refusal_rejects_and_the_mandate_stays_unapproved(ledger, mandate, held) -> None:
    got = api.decide(held.id, "refuse", "user-dpo", "premalo enot", ledger=ledger)
    assert (got.state, got.error["code"]) == (DeliveryState.REJECTED, "refused-by-person")
    assert api.mandate_show(mandate.id, ledger=ledger).first_release_approved_at is None


def test_an_unsafe_correction_cannot_be_approved(ledger, mandate, period) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    with ledger.transaction() as session:
        stages.move(
            session,
            got.id,
            DeliveryState.HELD,
            actor="process",
            held_reason="correction",
            held_detail={"safe_correction": False, "reason": "few-units"},
        )
    with pytest.raises(StateError, match="correction-unsafe"):
        api.decide(got.id, "approve", "user-dpo", "vseeno", ledger=ledger)
    assert api.delivery_show(got.id, ledger=ledger).state is DeliveryState.HELD
    assert api.decide(got.id, "refuse", "user-dpo", "ostane", ledger=ledger).state is DeliveryState.REJECTED


def test_a_decision_needs_a_known_word_and_a_reason(ledger, held) -> None:
    with pytest.raises(WrongCall, match="decision-unknown"):
        api.decide(held.id, "maybe", "user-dpo", "x", ledger=ledger)
    with pytest.raises(WrongCall, match="reason-missing"):
        api.decide(held.id, "approve", "user-dpo", "  ", ledger=ledger)
    with pytest.raises(NotFound):
        api.decide("none", "approve", "user-dpo", "x", ledger=ledger)


def test_a_refused_release_is_withdrawn_with_its_delivery(ledger, mandate, period, tmp_path) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    release_id = to_released(ledger, got.id, tmp_path)
    with ledger.transaction() as session:
        stages.move(session, got.id, DeliveryState.HELD, actor="publish", held_reason="publish-refused")
    api.decide(got.id, "refuse", "user-dpo", "ne objavimo", ledger=ledger)
    with pytest.raises(NotFound):
        api.release_file(release_id, "data.csv", ledger=ledger)


def test_a_withdrawn_period_takes_no_more_deliveries(ledger, mandate, period, tmp_path) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    release_id = to_published(ledger, got.id, tmp_path)
    with ledger.transaction() as session:
        stages.mark_withdrawn(session, release_id, "napaka", actor="user-dpo")
    with pytest.raises(StateError, match="delivery-withdrawn"):
        api.receive(mandate, period, stream(b"new"), "user-7", ledger=ledger)


def codes(error: pytest.ExceptionInfo[MandateInvalid]) -> set[tuple[str, str]]:
    return {(one["code"], one["field"]) for one in error.value.problems}


def test_a_mandate_comes_back_as_it_was_given(ledger, mandate) -> None:
    shown = api.mandate_show("poraba-vode", ledger=ledger)
    assert shown == mandate
    assert shown.municipality_organization_ids == ("org-lead", "org-b", "org-c")
    assert shown.as_dict()["starts_on"] == mandate_spec()["starts_on"]
    assert [one.slug for one in api.mandate_list(organization_id="org-c", ledger=ledger)] == ["poraba-vode"]
    assert api.mandate_list(organization_id="org-x", ledger=ledger) == []
    assert [one.slug for one in api.mandate_list(company_id="org-company", ledger=ledger)] == ["poraba-vode"]


def test_a_taken_slug_is_refused(ledger, mandate) -> None:
    with pytest.raises(MandateInvalid) as error:
        api.mandate_create(mandate_spec(), "user-1", ledger=ledger)
    assert codes(error) == {("slug-taken", "slug")}


def test_a_new_contract_takes_back_the_approval_and_fixed_fields_stay(ledger, mandate, held) -> None:
    api.decide(held.id, "approve", "user-dpo", "pregledano", ledger=ledger)
    renamed = api.mandate_update(mandate.id, {"due_days": 20}, "user-1", ledger=ledger)
    assert renamed.first_release_approved_at is not None
    contract = {"fields": [*mandate.contract["fields"], {"name": "note", "type": "string", "role": "attribute"}]}
    changed = api.mandate_update(mandate.id, {"contract": contract}, "user-1", ledger=ledger)
    assert changed.first_release_approved_at is None
    with pytest.raises(MandateInvalid) as error:
        api.mandate_update(mandate.id, {"cadence": "day", "slug": "drugo"}, "user-1", ledger=ledger)
    assert codes(error) == {("field-fixed", "cadence"), ("field-fixed", "slug")}


def test_the_cities_of_a_mandate_can_change(ledger, mandate) -> None:
    changes = {"municipality_organization_ids": ["org-d", "org-lead"]}
    changed = api.mandate_update(mandate.slug, changes, "user-1", ledger=ledger)
    assert changed.municipality_organization_ids == ("org-d", "org-lead")
    assert api.mandate_list(organization_id="org-b", ledger=ledger) == []


def test_an_update_that_changes_nothing_writes_nothing(ledger, mandate) -> None:
    head = api.audit_head(ledger=ledger)
    api.mandate_update(mandate.slug, {"due_days": mandate.due_days}, "user-1", ledger=ledger)
    assert api.audit_head(ledger=ledger) == head


def test_an_unknown_kind_of_source_is_refused(ledger, mandate) -> None:
    with pytest.raises(MandateInvalid) as error:
        api.source_create(mandate.id, "ftp", {}, "user-1", ledger=ledger)
    assert codes(error) == {("source-kind-unknown", "kind")}
    assert api.source_list(ledger=ledger) == []


def test_every_value_is_json_safe(ledger, mandate, period, tmp_path) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    to_published(ledger, got.id, tmp_path)
    shown = api.delivery_show(got.id, ledger=ledger).as_dict()
    assert json.loads(json.dumps(shown))["release"]["resource_ids"] == ["res-1", "res-2"]
    assert "object_name" not in json.dumps(shown)
    json.dumps(mandate.as_dict())
    json.dumps([one.as_dict() for one in api.delivery_list(["poraba-vode"], states=["published"], ledger=ledger)])
    assert api.delivery_list([], ledger=ledger) == []
    assert len(api.delivery_list(company_id="org-company", lead="org-lead", ledger=ledger)) == 1
