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
    fast, h3, spark = (names[key] for key in ("FAST", "H3", "SPARK"))
    # The fast kernels are an extra, but what a city installs has them.
    portal = portal + fast
    pure = [line for line in test if not line.startswith(NOT_PURE)] + fast + h3
    files = {
        "build": BUILD,
        "portal": base + portal + BUILD,
        "local": base + portal + local + BUILD,
        "test": base + portal + local + test + h3 + BUILD,
        "pure": base + pure + BUILD,
        # Apart from the others: Spark 3.5 wants another Java than Solr.
        "spark": base + pure + spark + BUILD,
    }
    for name, lines in files.items():
        (ROOT / "deployment" / "locks" / f"{name}.in").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    import os

    os.chdir(ROOT)
    main()
