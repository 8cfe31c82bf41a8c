"""The fake portal and values of releases, for every test of the publisher."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from fake_portal import TOKEN, FakePortal
from release_values import StoredFiles

from cityharvest.fetch import Fetcher
from cityharvest.publisher import ActionApi, portal_policy


@pytest.fixture
def portal() -> Iterator[FakePortal]:
    with FakePortal() as running:
        running.organizations["company-1"] = {"id": "company-1", "name": "elektro", "title": "Elektro Primer"}
        yield running


@pytest.fixture
def action_api(portal: FakePortal) -> ActionApi:
    return ActionApi(portal_url=portal.url, token=TOKEN, fetcher=Fetcher(portal_policy(portal.url, frozenset())))


@pytest.fixture
def files() -> StoredFiles:
    return StoredFiles()
