"""Writes locks/*.in from the requirement lists in setup.py, so that they are stated once."""

from __future__ import annotations

import runpy
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
BUILD = ["pip", "setuptools", "setuptools-scm", "wheel"]
# Test tools that need CKAN or a browser are left out of the CKAN-free environment.
NOT_PURE = (
    "flask",
    "moto",
    "file-keeper[s3]",
    "pytest-ckan",
    "pytest-factoryboy",
    "pytest-freezegun",
    "factory-boy",
    "playwright",
    "axe-",
    "responses",
)


def main() -> None:
    """Write one input file per lock."""
    with mock.patch("setuptools.setup"):
        names = runpy.run_path(str(ROOT / "setup.py"))
    base, portal, local, test = (names[key] for key in ("BASE", "PORTAL", "LOCAL", "TEST"))
    files = {
        "build": BUILD,
        "portal": base + portal + BUILD,
        "local": base + portal + local + BUILD,
        "test": base + portal + local + test + BUILD,
        "pure": base + [line for line in test if not line.startswith(NOT_PURE)] + BUILD,
    }
    for name, lines in files.items():
        (ROOT / "deployment" / "locks" / f"{name}.in").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    import os

    os.chdir(ROOT)
    main()
