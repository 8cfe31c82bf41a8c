"""The DPO's decision on the page; last, because it ends the held delivery of the demo region."""

from __future__ import annotations

import pytest


@pytest.fixture
def held(visitor, logins):
    """The DPO's window on the one delivery that is held."""
    visit = visitor(name="loka-dpo", password=logins["loka-dpo"])
    visit.open("/deliveries?state=held")
    link = visit.page.locator(".co-table tbody th a").first
    assert link.count() == 1, "the demo region holds one delivery for the DPO"
    visit.open(link.get_attribute("href").replace(visit.base_url, ""))
    return visit


def test_the_company_s_sender_sees_why_but_no_form(visitor, logins):
    visit = visitor(name="kolesa-posiljateljica", password=logins["kolesa-posiljateljica"])
    visit.open("/deliveries?state=held")
    visit.page.locator(".co-table tbody th a").first.click()
    visit.page.wait_for_load_state("networkidle")
    assert "Zakaj je zadržana" in visit.page.locator("main").inner_text()
    assert visit.page.locator("#decision").count() == 0


def test_a_decision_needs_a_reason_and_says_so_at_the_field(held):
    page = held.page
    page.check("#decision-approve")
    page.click("#decision button[type=submit]")
    page.wait_for_load_state("networkidle")
    assert page.locator("[role=alert]").is_visible()
    assert page.locator("#decision-approve").is_checked()
    page.click("[role=alert] a")
    assert page.evaluate("document.activeElement.id") == "decision-reason"


def test_a_forged_request_changes_nothing(held):
    address = held.page.locator("#decision").get_attribute("action").split("#")[0]
    url = address if address.startswith("http") else held.base_url + address
    answer = held.page.request.post(url, form={"decision": "approve", "reason": "forged"})
    assert answer.status == 400
    held.page.reload()
    assert held.page.locator("#decision").count() == 1


def test_the_dpo_approves_and_the_record_says_who_and_why(held):
    page = held.page
    page.check("#decision-approve")
    page.fill("#decision-reason", "Podatki postaj ne govorijo o posameznikih.")
    page.click("#decision button[type=submit]")
    page.wait_for_load_state("networkidle")
    shown = page.locator("main").inner_text()
    assert "Podatki postaj ne govorijo o posameznikih." in shown
    assert "Bojan Primer" in shown
    assert page.locator("#decision").count() == 0
