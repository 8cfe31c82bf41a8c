"""Private work folders: mode 0700, removed on every exit, and left-overs of killed processes on every start."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PREFIX: Final = "work-"
LOCK: Final = ".lock"


@contextmanager
def workspace(root: Path) -> Iterator[Path]:
    """Give a fresh private folder below ``root`` and remove it afterwards, whatever happens.

    The folder is locked while it is in use, so that another process can tell a left-over from a working one.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    remove_leftovers(root)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    descriptor = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def remove_leftovers(root: Path) -> int:
    """Remove the folders that no living process holds; return how many."""
    removed = 0
    for folder in root.glob(f"{PREFIX}*"):
        if _abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _abandoned(folder: Path) -> bool:
    with suppress(FileNotFoundError, BlockingIOError):
        descriptor = os.open(folder / LOCK, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        finally:
            os.close(descriptor)
    return False
