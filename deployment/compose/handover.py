"""What `init` hands over to the other containers: public keys, and the mark that this very image has set up.

The folder is one volume that `init` may write and the others may read. Containers start in any order: who comes before
`init` waits and says so, and after an update nobody works on tables of the earlier code.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

RECIPIENT = "recipient.txt"
PUBLIC_KEY = "public-key.pem"
READY = "ready.txt"
PAUSE_S = 2.0
SAY_EVERY_S = 30.0


def write_handover(folder: Path, recipient: str, public_key: str, version: str) -> None:
    """Hand over; the mark comes last."""
    for name, text in ((RECIPIENT, recipient), (PUBLIC_KEY, public_key), (READY, version)):
        draft = folder / f".{name}.new"
        draft.write_text(f"{text}\n", encoding="ascii")
        draft.replace(folder / name)


def is_ready(folder: Path, version: str) -> bool:
    """Tell whether `init` of this version has finished."""
    return _read(folder / READY) == version


def wait_for_init(folder: Path, version: str, say: Callable[[str], None], pause_s: float = PAUSE_S) -> str:
    """Wait until `init` of this version has finished; return the recipient."""
    said = -SAY_EVERY_S
    while not is_ready(folder, version):
        if time.monotonic() - said >= SAY_EVERY_S:
            said = time.monotonic()
            say("Waiting for the set-up of this version (service `init`).")
        time.sleep(pause_s)
    return _read(folder / RECIPIENT)


def image_version(root: Path) -> str:
    """Return what the image was built from, written by its build."""
    return _read(root / "image-version.txt") or "unknown"


def handover_folder() -> Path:
    """Return the volume's folder."""
    return Path(os.environ["CITYOPEN_HANDOVER"])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
