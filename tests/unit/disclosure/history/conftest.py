"""A confined connection for each test."""

from __future__ import annotations

import pytest

from disclosure.engine import connect


@pytest.fixture
def con(tmp_path):
    """In memory, and blind to every folder but the test's own."""
    with connect(tmp_path, "500MB") as connection:
        yield connection
