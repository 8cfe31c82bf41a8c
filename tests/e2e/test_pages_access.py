"""Every page in both languages: no serious barrier, no sideways scrolling at 320 px, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PUBLIC = (
    "/",
    "/city/skofja-loka",
    "/dataset/",
    "/dataset/poraba-elektrike",
    "/dataset/meje-skofja-loka",
    "/organization/",
    "/organization/skofja-loka",
    "/mandates",
    "/mandates/poraba-elektrike",
    "/user/login",
    "/about",
    "/accessibility",
)
OWN = ("/deliveries", "/mandates/poraba-elektrike")
PREFIXES = ("", "/en")
TEMPLATES = Path(__file__).resolve().parents[2] / "ckanext-cityopen" / "ckanext" / "cityopen" / "templates"


def barriers(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing")
    found = axe.Axe().run(page).response["violations"]
    return [
        (item["id"], [node["html"][:200] for node in item["nodes"]])
        for item in found
        if item["impact"] in {"serious", "critical"}
    ]


def reaches_right_of_the_screen(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_public_page_has_a_serious_barrier(visitor, prefix):
    # axe is a script of ours that the page's own policy would not run.
    visit = visitor(bypass_csp=True)
    found = {}
    for path in PUBLIC:
        assert visit.open(prefix + path).ok, path
        found[path] = barriers(visit.page)
    assert {path: items for path, items in found.items() if items} == {}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_page_of_a_company_or_officer_has_a_serious_barrier(visitor, logins, prefix):
    visit = visitor(name="loka-dpo", password=logins["loka-dpo"], bypass_csp=True)
    visit.open(prefix + "/deliveries")
    first = visit.page.locator(".co-table tbody th a").first.get_attribute("href")
    for path in (*(prefix + own for own in OWN), first):
        visit.open(path)
        assert barriers(visit.page) == [], path


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_page_scrolls_sideways_at_320_pixels(visitor, logins, prefix):
    visit = visitor(width=320, name="loka-dpo", password=logins["loka-dpo"])
    for path in (*PUBLIC, *OWN):
        visit.open(prefix + path)
        assert reaches_right_of_the_screen(visit.page) <= 0, path


def test_no_page_asks_another_host_for_anything_or_breaks_its_own_policy(visitor):
    visit = visitor()
    for path in PUBLIC:
        visit.open(path)
        visit.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        visit.page.wait_for_load_state("networkidle")
    assert visit.foreign == []
    assert visit.complaints == []


def english_texts():
    for path in TEMPLATES.rglob("*.html"):
        for text in re.findall(r"_\('([^'\\]{12,})'\)", path.read_text(encoding="utf-8")):
            if "{" not in text and "%" not in text:
                yield text


def test_no_english_text_of_ours_is_left_on_a_slovene_page(visitor, logins):
    texts = set(english_texts())
    assert len(texts) > 80
    visit = visitor(name="loka-dpo", password=logins["loka-dpo"])
    for path in (*PUBLIC, *OWN):
        visit.open(path)
        assert visit.page.locator("html").get_attribute("lang") == "sl"
        shown = visit.page.locator("body").inner_text()
        assert [text for text in texts if text in shown] == [], path


def test_titles_tell_pages_apart(visitor):
    visit = visitor()
    titles = []
    for path in PUBLIC:
        visit.open(path)
        titles.append(visit.page.title())
    assert len(set(titles)) == len(titles)
