"""What every test may ask for: the folder of real fixtures, and the rule that CI accepts no silent skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = Path(os.environ.get("CITYOPEN_FIXTURES", ROOT.parent / "shared" / "fixtures"))


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def fixtures_dir() -> Path:
    """Real data and official schemas; the tests that need them skip where the folder is absent."""
    if not FIXTURES.is_dir():
        pytest.skip(f"real fixtures are not on this machine ({FIXTURES})")
    return FIXTURES
