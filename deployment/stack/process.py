"""Processes: what to start, how to recognize one later, how to end it.

A process id alone proves nothing after a restart of the machine; the kernel's start time beside it does.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Stage(StrEnum):
    """When the supervisor starts a process."""

    SERVICES = "services"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemUser:
    """An operating-system account a process is dropped to."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One process of the stack."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    stage: Stage
    user: SystemUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Identity:
    """A running process, told apart from a later one with the same number."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Return the identity of a live process, None for a dead one or a zombie."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    def is_alive(self) -> bool:
        """Say whether exactly this process still runs."""
        return Identity.of(self.pid) == self


def die_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """Return a hook for the child that makes the kernel send it a signal when its parent is gone."""

    def hook() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)

    return hook


def start(spec: Spec, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own that ends when the caller ends."""
    return subprocess.Popen(
        spec.argv,
        env=dict(spec.env),
        cwd=spec.cwd,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=die_with_parent(spec.stop_signal),  # noqa: PLW1509  (the supervisor has one thread)
        user=spec.user.uid if spec.user else None,
        group=spec.user.gid if spec.user else None,
        extra_groups=[] if spec.user else None,
    )


def stop(identity: Identity, signum: signal.Signals = signal.SIGTERM, patience_s: float = 10.0) -> bool:
    """End a process and wait for it; after the patience its whole session is killed. False: it did not run."""
    if not identity.is_alive():
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(identity.pid, signum)
    if not wait_until(lambda: not identity.is_alive(), patience_s):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(identity.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(identity.pid, signal.SIGKILL)
        wait_until(lambda: not identity.is_alive(), 5.0)
    return True


def wait_until(condition: Callable[[], bool], seconds: float, pause_s: float = 0.1) -> bool:
    """Return True as soon as the condition holds, False when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(pause_s)
    return True
