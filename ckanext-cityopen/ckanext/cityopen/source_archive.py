"""The source code of the installed packages as an archive, for those who use the portal over a network."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["build"]

PACKAGES = ("ckanext.cityopen", "ckanext.datastrategy", "cityopen", "datastrategy", "cityharvest", "disclosure")
# Compiled files and what the install step built; neither is source.
_LEFT_OUT = {"__pycache__", "vendor"}


@cache
def build() -> bytes:
    """Return the archive; it stays the same for the life of the process, as the code does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in PACKAGES:
            _add(archive, files(package), package.replace(".", "/"))
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, folder: Traversable, name: str) -> None:
    for item in sorted(folder.iterdir(), key=lambda one: one.name):
        if item.name in _LEFT_OUT:
            continue
        if item.is_dir():
            _add(archive, item, f"{name}/{item.name}")
        else:
            archive.writestr(f"{name}/{item.name}", item.read_bytes())
