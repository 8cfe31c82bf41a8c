"""What code a stack was set up with: when it changes, the set-up runs again before the portal starts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from stack.layout import ROOT

MIGRATION_FOLDERS = ("ckanext-datastrategy", "ckanext-cityopen", "harvesters")


def git_head(root: Path = ROOT) -> str:
    """Return the checked-out commit without needing git; empty where there is no repository."""
    folder = root / ".git"
    if folder.is_file():
        folder = root / folder.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    try:
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    if not head.startswith("ref: "):
        return head
    name = head.removeprefix("ref: ")
    try:
        return (folder / name).read_text(encoding="utf-8").strip()
    except OSError:
        return _packed(folder / "packed-refs", name)


def migrations(root: Path = ROOT) -> list[str]:
    """Return the names of all migration files of ours."""
    found = (path for top in MIGRATION_FOLDERS for path in (root / top).glob("**/versions/*.py"))
    return sorted(path.relative_to(root).as_posix() for path in found)


def fingerprint(parts: Iterable[str]) -> str:
    """Return one value that changes when any part does."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def setup_fingerprint(locks: Iterable[Path], urls: Mapping[str, str], plugins: str, root: Path = ROOT) -> str:
    """Return what a finished set-up is remembered by: code, migrations, locked packages, databases, plugins."""
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in locks]
    addresses = [f"{name}={urls[name].rpartition('@')[2]}" for name in sorted(urls) if "DATA" in name or "SQL" in name]
    return fingerprint([git_head(root), *migrations(root), *hashes, *addresses, plugins, str(os.geteuid())])


def _packed(path: Path, name: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
