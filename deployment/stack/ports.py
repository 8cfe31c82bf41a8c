"""Free ports, and folders short enough for a Unix socket."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from pathlib import Path

from stack.say import StackError

LOOPBACK = "127.0.0.1"
#: The kernel's `sun_path` is 108 bytes with the closing zero.
SOCKET_PATH_BYTES = 107
#: Short wherever the data folder is; only folders with random names are made there.
SHORT = "/tmp"  # noqa: S108


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Say whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(remembered: int | None = None) -> int:
    """Return the remembered port if it is still free, else one the system chooses."""
    if remembered and is_free(remembered):
        return remembered
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def parse_port(text: str, name: str) -> int:
    """Return a port number.

    Raises:
        StackError: it is not one.
    """
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise StackError(f"{name} must be a port between 1 and 65535, not '{text}'.")
    return int(text)


def is_private_folder(folder: Path, owner: int) -> bool:
    """Say whether this is a real folder that only its owner may enter."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and stat.S_IMODE(found.st_mode) == 0o700


def socket_folder(
    preferred: Path, socket_name: str, remembered: str | None, owner: int | None = None, short: str = SHORT
) -> Path:
    """Return a 0700 folder whose socket path the kernel accepts.

    A deep data folder would make the path too long; then a new short folder is made, never a guessable one that
    somebody else could have made before us.
    """
    owner = os.geteuid() if owner is None else owner
    if len(os.fsencode(preferred / socket_name)) <= SOCKET_PATH_BYTES:
        folder = preferred
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    elif remembered and is_private_folder(Path(remembered), owner):
        return Path(remembered)
    else:
        folder = Path(tempfile.mkdtemp(prefix="cityopen-", dir=short))
    folder.chmod(0o700)
    if owner != os.geteuid():
        os.chown(folder, owner, -1)
    return folder
