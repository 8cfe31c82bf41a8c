"""One empty portal for all tests of the whole way, with a city, a company and their people added by public means."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "deployment")]

from way_portal import Way, own_portal  # noqa: E402
from way_region import Region, settle  # noqa: E402
from way_site import Site  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fourth city goes first: it begins with the empty portal, and nobody else's sources are due there."""
    places = [place for place, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted((items[place] for place in places), key=lambda item: item.path.name != "test_fourth_city.py")
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture(scope="session")
def way(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp("way") / "portal"
    # As root PostgreSQL runs under another account, which must be able to reach its folder.
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    with own_portal(folder, [site.host_port]) as portal:
        yield portal


@pytest.fixture(scope="session")
def region(way: Way) -> Region:
    return settle(way)
