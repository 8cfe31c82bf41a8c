"""A world per test: ledger in PostgreSQL, storage, keys, portal on loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import pipeline_world
from fake_portal import FakePortal
from pipeline_world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    pipeline_world.database_url()
    with FakePortal() as portal:
        made = pipeline_world.build(tmp_path, portal)
        yield made
        made.ledger.database.dispose()
