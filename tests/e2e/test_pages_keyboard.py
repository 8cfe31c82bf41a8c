"""Journeys with the keyboard alone: the focus is always visible and reaches what one came for."""

from __future__ import annotations

import pytest

_FOCUS = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    text: (element.innerText || element.getAttribute('aria-label') || element.id || '').trim(),
    visible: box.width > 0 && box.height > 0 && box.top < innerHeight && box.bottom > 0,
    outlined: parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== 'none',
  };
}"""


def tab_to(page, wanted, limit=60):
    """Press Tab until the focused element's text starts with ``wanted``; every stop on the way must be visible."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        focus = page.evaluate(_FOCUS)
        assert focus["visible"], focus
        assert focus["outlined"], focus
        if focus["text"].startswith(wanted):
            return
    pytest.fail(f"Tab did not reach {wanted!r}")


def test_the_first_stop_leads_past_the_header(visitor):
    visit = visitor()
    visit.open("/city/skofja-loka")
    tab_to(visit.page, "Preskoči na vsebino", limit=1)
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("location.hash") == "#content"


def test_from_home_to_a_board_and_into_a_case(visitor):
    visit = visitor()
    visit.open("/")
    tab_to(visit.page, "Občina Škofja Loka")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/city/skofja-loka")
    tab_to(visit.page, "Zadeva, rok")
    visit.page.keyboard.press("Enter")
    assert visit.page.locator("details[open] ol li").first.is_visible()


def test_search_from_the_header(visitor):
    visit = visitor()
    visit.open("/mandates")
    tab_to(visit.page, "field-sitewide-search")
    visit.page.keyboard.type("proracun")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**q=proracun*")
    assert "Proračun" in visit.page.locator("body").inner_text()


def test_the_language_is_switched_on_the_same_page(visitor):
    visit = visitor()
    visit.open("/mandates/poraba-elektrike")
    tab_to(visit.page, "English")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/en/mandates/poraba-elektrike")
    assert visit.page.locator("h1").inner_text() == "Electricity use by settlement"


def test_the_published_dataset_has_chart_table_and_what_was_left_out(visitor):
    visit = visitor()
    visit.open("/dataset/poraba-elektrike")
    page = visit.page
    page.locator(".co-chart").scroll_into_view_if_needed()
    page.wait_for_selector(".co-chart-live svg")
    assert page.locator(".co-chart img").get_attribute("alt")
    assert page.locator("#co-table ~ .co-scroll tbody tr").count() == 10
    assert "Izpuščene celice" in page.locator("[aria-labelledby=co-protection]").inner_text()


def test_without_scripts_the_drawing_from_the_server_is_there(browser, base_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base_url}/dataset/poraba-elektrike")
    source = page.locator(".co-chart img").get_attribute("src")
    drawing = page.request.get(base_url + source if source.startswith("/") else source)
    assert drawing.headers["content-type"].startswith("image/svg+xml")
    assert "<svg" in drawing.text()
    context.close()
