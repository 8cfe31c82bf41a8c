"""A browser on the portal with the demo region. Address: CITYOPEN_E2E_URL or CITYOPEN_URL; browser: CHROMIUM.

Logins of the demo lie in the data folder (CITYOPEN_DATA); a page that tried to reach another host is reported by
``visit``, together with what the console said about the Content-Security-Policy.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

LOGINS_FILE = "demo-logins.txt"
DPO, SENDER = "loka-dpo", "elektro-posiljatelj"


@pytest.fixture(scope="session")
def base_url() -> str:
    """The portal's address."""
    url = os.environ.get("CITYOPEN_E2E_URL") or os.environ.get("CITYOPEN_URL")
    if not url:
        pytest.skip("needs the portal with the demo region: make e2e")
    return url.rstrip("/")


@pytest.fixture(scope="session")
def logins() -> dict[str, str]:
    """Passwords of the demo's people by name."""
    path = Path(os.environ.get("CITYOPEN_DATA", "")) / LOGINS_FILE
    if not path.is_file():
        pytest.skip(f"the logins of the demo are not in {path}")
    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {words[0]: words[1] for words in lines if len(words) > 1}


@pytest.fixture(scope="session")
def browser():
    """Chromium as the system brings it; nothing is downloaded."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(path).exists():
        pytest.skip("no Chromium here: `sudo apt install chromium` brings one, or set CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright is missing")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@dataclass
class Visit:
    """A page and what was noticed while it was open."""

    page: object
    base_url: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note_request(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc != urlsplit(self.base_url).netloc:
            self.foreign.append(request.url)

    def note_console(self, message) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def open(self, path: str):
        """Go to a page of the portal and wait until it is quiet."""
        answer = self.page.goto(self.base_url + path)
        self.page.wait_for_load_state("networkidle")
        return answer


@pytest.fixture
def visitor(browser, base_url) -> Iterator:
    """Opens a browser window: ``visitor(width=320)`` or ``visitor(name="loka-dpo", password=…)``."""
    contexts = []

    def visitor(*, width: int = 1280, name: str = "", password: str = "", bypass_csp: bool = False) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=bypass_csp)
        contexts.append(context)
        visit = Visit(page=context.new_page(), base_url=base_url)
        visit.page.on("request", visit.note_request)
        visit.page.on("console", visit.note_console)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        if name:
            visit.open("/user/login")
            visit.page.fill("#field-login", name)
            visit.page.fill("#field-password", password)
            visit.page.keyboard.press("Enter")
            visit.page.wait_for_url(lambda url: "/user/login" not in url)
        return visit

    yield visitor
    for context in contexts:
        context.close()
