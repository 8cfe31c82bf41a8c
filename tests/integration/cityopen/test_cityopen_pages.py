"""Pages: who sees what, decisions with a token of the page, both languages, and what still opens without the search."""

from __future__ import annotations

import re

import ckan.lib.search as search
import pytest
from ckan.lib.search.common import SolrConnectionError

DECISION = "/deliveries/delivery-1/decision"


def csrf(page):
    return re.search(r'name="_csrf_token" content="([^"]+)"', page).group(1)


@pytest.mark.ckan_config("WTF_CSRF_ENABLED", True)
def test_a_dpo_decides_with_the_token_of_the_page(app, ledger, login, people):
    login("dpo")
    page = app.get("/deliveries/delivery-1").body
    form = {"_csrf_token": csrf(page), "decision": "approve", "reason": "dovolj enot"}
    answer = app.post(DECISION, data=form, follow_redirects=False)
    assert answer.status_code == 302
    assert ledger.calls == [("decide", "delivery-1", "approve", people.users["dpo"]["id"], "dovolj enot")]


@pytest.mark.ckan_config("WTF_CSRF_ENABLED", True)
def test_without_the_token_of_the_page_nothing_is_decided_whatever_came_before(app, ledger, login, token):
    # A request with an API token makes CKAN stop checking this view; the page must check all the same.
    app.post(DECISION, data={"decision": "approve"}, headers=token("dpo"))
    login("dpo")
    answer = app.post(DECISION, data={"decision": "approve", "reason": "x"})
    assert answer.status_code == 400
    assert ledger.calls == []


def test_a_decision_without_a_reason_is_asked_for_again(app, ledger, login, monkeypatch):
    monkeypatch.setattr("ckanext.cityopen.security.csrf_checked", lambda: True)
    login("dpo")
    answer = app.post(DECISION, data={"decision": "approve", "reason": " "})
    assert answer.status_code == 422
    assert "Napišite razlog." in answer.body
    assert 'href="#decision-reason"' in answer.body
    assert ledger.calls == []


def test_somebody_else_sees_no_form_and_cannot_decide(app, ledger, login, monkeypatch):
    monkeypatch.setattr("ckanext.cityopen.security.csrf_checked", lambda: True)
    login("officer")
    assert "decision-approve" not in app.get("/deliveries/delivery-1").body
    assert app.post(DECISION, data={"decision": "approve", "reason": "x"}).status_code == 403
    assert ledger.calls == []


def test_a_visitor_is_asked_to_log_in(app, ledger):
    for address in ("/deliveries", "/deliveries/delivery-1"):
        answer = app.get(address, follow_redirects=False)
        assert answer.status_code == 302
        assert "/user/login" in answer.headers["Location"]


def test_a_stranger_is_refused_and_the_company_is_not(app, ledger, login):
    login("stranger")
    assert app.get("/deliveries/delivery-1").status_code == 403
    login("member")
    answer = app.get("/deliveries/delivery-1")
    assert answer.status_code == 200
    assert "Zakaj je zadržana" in answer.body


def test_lists_show_only_one_s_own(app, ledger, login):
    login("other-sender")
    assert "/deliveries/delivery-1" not in app.get("/deliveries").body
    login("sender")
    assert "/deliveries/delivery-1" in app.get("/deliveries?state=held").body
    assert "/deliveries/delivery-1" not in app.get("/deliveries?state=published").body


LANGUAGES = (
    ("/", "Občine in njihove osnovne zbirke", "Cities and their minimum datasets"),
    ("/city/brezje", "Kaj podjetja dolgujejo občini", "What companies owe this city"),
    ("/mandates", "Kaj podjetja dolgujejo občinam", "What companies owe to cities"),
    ("/mandates/poraba", "Kako poslati", "How to send"),
    ("/accessibility", "Izjava o dostopnosti", "Accessibility statement"),
)


def test_each_page_speaks_slovene_first_and_english_under_en(app, ledger):
    for address, slovene, english in LANGUAGES:
        default, other = app.get(address).body, app.get(f"/en{address}").body
        assert '<html lang="sl"' in default
        assert slovene in default
        assert english not in default
        assert '<html lang="en"' in other
        assert english in other


def test_the_contract_is_not_for_the_public(app, ledger, login):
    ledger.mandates["mandate-1"].contract["fields"].append({"name": "meter_id", "type": "string", "role": "unit"})
    assert "meter_id" not in app.get("/mandates/poraba").body
    login("sender")
    assert "meter_id" in app.get("/mandates/poraba").body


def test_a_company_has_no_board(app, ledger):
    answer = app.get("/city/elektro", follow_redirects=False)
    assert answer.status_code == 302
    assert "/organization/elektro" in answer.headers["Location"]


def test_an_unknown_city_is_404(app, ledger):
    assert app.get("/city/nowhere").status_code == 404


def test_boards_and_datasets_open_without_the_search_and_lists_say_so(app, ledger, make_dataset, monkeypatch):
    name = make_dataset()["name"]

    def fail(*_arguments, **_named):
        raise SolrConnectionError("down")

    monkeypatch.setattr(search.query.PackageSearchQuery, "run", fail)
    for address in ("/", "/city/brezje", "/mandates", "/mandates/poraba", f"/dataset/{name}", f"/en/dataset/{name}"):
        assert app.get(address).status_code == 200, address
    answer = app.get("/organization/brezje")
    assert answer.status_code == 503
    assert "Iskanje se znova zaganja" in answer.body


def test_the_plural_rule_of_the_pages_has_four_forms(app, make_dataset):
    for number in range(5):
        make_dataset(name=f"zbirka-{number}", title=f"Zbirka {number}")
    assert "5 najdenih zbirk podatkov" in app.get("/dataset/").body


def test_the_language_switch_leads_to_the_same_page(app, ledger):
    assert re.search(r'href="[^"]*/en/mandates/poraba" lang="en"', app.get("/mandates/poraba").body)
    assert re.search(r'href="[^"]*(?<!/en)/mandates/poraba" lang="sl"', app.get("/en/mandates/poraba").body)
