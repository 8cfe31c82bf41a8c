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


def _may_not_skip(item: pytest.Item) -> bool:
    kind = Path(str(item.path)).relative_to(ROOT / "tests").parts[0]
    if "fixtures_dir" in getattr(item, "fixturenames", ()):
        return FIXTURES.is_dir()
    return os.environ.get("CI") == "true" and kind in {"integration", "faults", "e2e"}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """A skip where everything needed is there, or in CI, is a failure: a skipped test is not a passed one."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and _may_not_skip(item):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must not skip here: {report.longrepr}"
