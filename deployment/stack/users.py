"""The account PostgreSQL is dropped to when the stack is started by root, which PostgreSQL refuses to run as."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from stack.process import SystemUser
from stack.say import StackError

EXISTING = ("postgres", "cityopen")
NEW = "cityopen"


def postgres_user() -> SystemUser | None:
    """Return the account for PostgreSQL: None for an ordinary user, who runs it himself.

    Raises:
        StackError: root has no such account and none can be made.
    """
    if os.geteuid() != 0:
        return None
    for name in EXISTING:
        found = _lookup(name)
        if found:
            return found
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NEW]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise StackError(
            f"PostgreSQL does not run as root, and the account '{NEW}' for it could not be made ({error}). "
            "Start the stack as an ordinary user, or make that account."
        ) from error
    made = _lookup(NEW)
    if made is None:
        raise StackError(f"useradd made no account '{NEW}'.")
    return made


def can_reach(user: SystemUser, path: Path) -> bool:
    """Say whether the account may enter a folder or run a file."""
    probe = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return subprocess.run(probe, user=user.uid, group=user.gid, extra_groups=[], cwd="/", check=False).returncode == 0


def _lookup(name: str) -> SystemUser | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
