"""Where an error came from, without what it says: the text of an exception may quote a cell, its place cannot."""

from __future__ import annotations

import traceback
from pathlib import Path


def places(error: BaseException) -> str:
    """Return files, lines and functions, innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
