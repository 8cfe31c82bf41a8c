"""Who may do what: every action against every kind of person."""

from __future__ import annotations

import io

import ckan.plugins.toolkit as tk
import pytest

EVERYBODY = {
    *("admin", "editor", "officer", "steward", "dpo", "covered-officer", "covered-dpo", "sender", "member"),
    *("other-sender", "stranger", "cityharvest-publisher", "the-sysadmin", None),
}
ALL = frozenset(EVERYBODY)
SEES = {"admin", "officer", "steward", "dpo", "covered-officer", "covered-dpo", "sender", "member", "the-sysadmin"}
LEADS = {"admin", "officer", "the-sysadmin"}

MATRIX = {
    "datastrategy_role_grant": (
        {"organization_id": "brezje", "user": "stranger", "role": "steward"},
        {"admin", "the-sysadmin"},
    ),
    "datastrategy_role_revoke": (
        {"organization_id": "brezje", "user": "stranger", "role": "steward"},
        {"admin", "the-sysadmin"},
    ),
    "datastrategy_role_list": (
        {"organization_id": "brezje"},
        {"admin", "editor", "officer", "steward", "dpo", "the-sysadmin"},
    ),
    "datastrategy_mandate_update": ({"id": "poraba", "due_days": 20}, LEADS),
    "datastrategy_mandate_show": ({"id": "poraba"}, ALL),
    "datastrategy_mandate_list": ({}, ALL),
    "datastrategy_source_create": ({"mandate_id": "mandate-1", "kind": "meter_drop", "config": {}}, LEADS),
    "datastrategy_source_list": ({"mandate_id": "mandate-1"}, LEADS),
    "datastrategy_delivery_receive": ({"mandate": "poraba", "period": "2026-10"}, {"sender"}),
    "datastrategy_delivery_nil": ({"mandate": "poraba", "period": "2026-10", "reason": "nothing"}, {"sender"}),
    "datastrategy_delivery_show": ({"id": "delivery-1"}, SEES),
    "datastrategy_delivery_report": ({"id": "delivery-1"}, {"officer", "dpo"}),
    "datastrategy_delivery_list": ({}, ALL - {None}),
    "datastrategy_delivery_decide": ({"id": "delivery-1", "decision": "approve", "reason": "checked"}, {"dpo"}),
    "datastrategy_reassess": ({"organization_ids": ["brezje"]}, LEADS | {"cityharvest-publisher"}),
    "datastrategy_report_show": ({"organization_id": "brezje"}, ALL),
    "datastrategy_case_list": ({"organization_id": "brezje"}, ALL),
    "datastrategy_board": ({"organization_id": "brezje"}, ALL),
}


def is_allowed(act, action, user, data_dict):
    given = {**data_dict, "stream": io.BytesIO(b"file")} if action.endswith("receive") else data_dict
    try:
        act(action, user, **given)
    except tk.NotAuthorized:
        return False
    return True


@pytest.mark.parametrize("action", sorted(MATRIX))
def test_exactly_these_people_may(act, ledger, action):
    data_dict, expected = MATRIX[action]
    # Each person starts from the same held delivery: an approval by one would change what the next one meets.
    held = dict(ledger.deliveries)
    allowed = set()
    for user in EVERYBODY:
        ledger.deliveries.update(held)
        if is_allowed(act, action, user, data_dict):
            allowed.add(user)
    assert allowed == expected


def test_every_action_stands_in_the_matrix(portal):
    from ckanext.datastrategy.logic import action, auth

    assert set(action.__all__) == set(auth.__all__) == {*MATRIX, "datastrategy_mandate_create"}


def test_only_the_lead_city_creates_a_mandate(act, ledger, people):
    spec = {"company_organization_id": "elektro", "lead_organization_id": "brezje"}
    refused = set()
    for user in EVERYBODY:
        try:
            tk.check_access("datastrategy_mandate_create", {"user": user or ""}, dict(spec))
        except tk.NotAuthorized:
            refused.add(user)
    assert EVERYBODY - refused == LEADS


class TestDeliveries:
    def test_list_shows_only_what_the_user_may_see(self, act, ledger):
        shown = {user: len(act("datastrategy_delivery_list", user)) for user in ("sender", "covered-dpo")}
        hidden = {user: len(act("datastrategy_delivery_list", user)) for user in ("other-sender", "stranger", "editor")}
        assert set(shown.values()) == {1}
        assert set(hidden.values()) == {0}

    def test_stream_reaches_the_ledger_with_the_users_id(self, act, ledger, people):
        act(
            "datastrategy_delivery_receive",
            "sender",
            mandate="poraba",
            period="2026-10",
            stream=io.BytesIO(b"meter;kWh"),
        )
        assert ledger.calls == [("receive", "poraba", "2026-10", people.users["sender"]["id"], b"meter;kWh")]

    def test_call_without_a_stream_says_how_to_send(self, act, ledger):
        with pytest.raises(tk.ValidationError) as caught:
            act("datastrategy_delivery_receive", "sender", mandate="poraba", period="2026-10", stream="text")
        assert caught.value.error_dict["code"] == ["stream-missing"]
        assert set(caught.value.error_dict["message"][0]) == {"sl", "en"}

    def test_sender_who_is_also_dpo_cannot_decide(self, act, ledger, people, system):
        system("datastrategy_role_grant", organization_id="brezje", user="sender", role="dpo")
        with pytest.raises(tk.ValidationError) as caught:
            act("datastrategy_delivery_decide", "sender", id="delivery-1", decision="approve", reason="mine")
        assert caught.value.error_dict["code"] == ["four-eyes"]
        assert ledger.calls == []

    def test_page_knows_who_may_decide(self, act, ledger):
        may = {
            user: act("datastrategy_delivery_show", user, id="delivery-1")["may_decide"] for user in ("dpo", "sender")
        }
        assert may == {"dpo": True, "sender": False}

    def test_unknown_delivery_is_not_found(self, act, ledger):
        with pytest.raises(tk.ObjectNotFound):
            act("datastrategy_delivery_show", "officer", id="no-such")

    def test_ledger_that_is_down_is_a_retriable_error_in_both_languages(self, act, ledger):
        ledger.is_down = True
        with pytest.raises(tk.ValidationError) as caught:
            act("datastrategy_delivery_list", "officer")
        assert caught.value.error_dict["code"] == ["ledger-unavailable"]
        assert caught.value.error_dict["category"] == ["retriable"]
        assert set(caught.value.error_dict["message"][0]) == {"sl", "en"}


def test_protection_parameters_and_contract_are_not_public(act, ledger):
    assert not {"contract", "preset_parameters"} & set(act("datastrategy_mandate_show", None, id="poraba"))
    assert act("datastrategy_mandate_show", "sender", id="poraba")["preset_parameters"] == {"min_units": 12}


class TestRoles:
    def test_granting_twice_changes_nothing(self, act, people):
        given = {"organization_id": "brezje", "user": "stranger", "role": "steward"}
        assert act("datastrategy_role_grant", "admin", **given)["changed"] is True
        assert act("datastrategy_role_grant", "admin", **given)["changed"] is False
        assert act("datastrategy_role_revoke", "admin", **given)["changed"] is True
        assert act("datastrategy_role_revoke", "admin", **given)["changed"] is False

    def test_unknown_role_is_refused_in_both_languages(self, act, people):
        with pytest.raises(tk.ValidationError) as caught:
            act("datastrategy_role_grant", "admin", organization_id="brezje", user="stranger", role="king")
        assert caught.value.error_dict["code"] == ["role-unknown"]

    def test_role_ends_with_revoking(self, act, ledger, people):
        act("datastrategy_role_revoke", "admin", organization_id="brezje", user="dpo", role="dpo")
        with pytest.raises(tk.NotAuthorized):
            act("datastrategy_delivery_decide", "dpo", id="delivery-1", decision="approve", reason="x")
