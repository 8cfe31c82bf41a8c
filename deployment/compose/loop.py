"""Repeats commands until told to stop, and keeps a sign of life that the health check reads.

A command's exit code 75 means that a service it needs is away: the next round tries again. Only 2, a wrong
configuration, makes the container unhealthy, since waiting will not cure it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from compose.roles import Repeated
from stack.scheduler import is_nightly_due

SIGN_OF_LIFE = Path("/tmp/alive.json")  # noqa: S108  (a tmpfs of this container alone)
BEAT_S = 10.0
WRONG_CALL = 2


@dataclass(slots=True)
class Loop:
    """The commands of one container, one after another, so that none overtakes itself."""

    repeated: Sequence[Repeated]
    environ: Mapping[str, str]
    say: Callable[[str], None]
    sign_of_life: Path = SIGN_OF_LIFE
    _stopping: threading.Event = field(default_factory=threading.Event)
    _child: subprocess.Popen[bytes] | None = None
    _exits: dict[str, int] = field(default_factory=dict)
    _next_s: dict[int, float] = field(default_factory=dict)
    _nightly_at: datetime | None = None

    def stop(self, *_: object) -> None:
        """End after passing the signal on to the running command; also the handler of SIGTERM and SIGINT."""
        self._stopping.set()
        if self._child and self._child.poll() is None:
            self._child.terminate()

    def run(self) -> None:
        """Work until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self._stopping.is_set():
            self.once(time.monotonic(), datetime.now(UTC))
            self.beat()
            self._stopping.wait(1.0)

    def once(self, monotonic_s: float, now: datetime) -> None:
        """Run the commands that are due."""
        for number, one in enumerate(self.repeated):
            if self._stopping.is_set() or not self._is_due(number, one, monotonic_s, now):
                continue
            code = self._call(one.argv)
            self._next_s[number] = time.monotonic() + one.every_s
            if one.nightly and code == 0:
                self._nightly_at = now

    def beat(self) -> None:
        """Show that this process lives, and how its commands ended."""
        draft = self.sign_of_life.with_suffix(".new")
        draft.write_text(json.dumps({"at": time.time(), "exits": self._exits}), encoding="ascii")
        os.replace(draft, self.sign_of_life)

    def _is_due(self, number: int, one: Repeated, monotonic_s: float, now: datetime) -> bool:
        if monotonic_s < self._next_s.get(number, 0.0):
            return False
        return is_nightly_due(now, self._nightly_at) if one.nightly else True

    def _call(self, argv: Sequence[str]) -> int:
        name = " ".join(argv)
        self._child = subprocess.Popen(argv, env=dict(self.environ), stdin=subprocess.DEVNULL)
        while True:
            self.beat()
            try:
                code = self._child.wait(BEAT_S)
                break
            except subprocess.TimeoutExpired:
                continue
        if code != self._exits.get(name, 0):
            self.say(f"`{name}` ends with {code} now.")
        self._exits[name] = code
        return code
