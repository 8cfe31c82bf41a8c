"""Log files: one per process, cut at a size; the last part of one for a person."""

from __future__ import annotations

import os
import shutil
from collections import deque
from pathlib import Path
from typing import IO

from stack.layout import Layout

LARGEST_BYTES = 10 * 1024 * 1024
KEPT = 3


def open_log(layout: Layout, name: str) -> IO[bytes]:
    """Open the log of a process for appending; nobody else may read it."""
    path = layout.logs / f"{name}.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab")


def rotate(layout: Layout, largest: int = LARGEST_BYTES, kept: int = KEPT) -> None:
    """Copy each log that grew too large aside and empty it; the writers keep their open file."""
    for path in layout.logs.glob("*.log"):
        if path.stat().st_size <= largest:
            continue
        for number in range(kept - 1, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            if older.exists():
                older.replace(path.with_name(f"{path.name}.{number + 1}"))
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        path.with_name(f"{path.name}.1").chmod(0o600)
        os.truncate(path, 0)


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a log, an empty text when there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, lines))
    except FileNotFoundError:
        return ""
