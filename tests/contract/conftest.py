"""The contract every kind of source keeps is one class in ``tests/support``; each kind inherits it here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from way_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running
