"""One process that starts the others, starts them again when they end, and ends them all when told to.

Services come at once; the portal's processes when `make up` has finished the set-up and asks for them by a file.
Children get a signal from the kernel when the supervisor itself is killed, so nothing is left over.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stack.layout import Layout
from stack.logs import open_log, rotate
from stack.private_files import load_json, write_private
from stack.process import Identity, Spec, Stage, start, stop

TICK_S = 0.5
ROTATE_EVERY_S = 60.0
#: A process that ran this long is counted as well again.
STEADY_S = 60.0
LONGEST_PAUSE_S = 60.0


def pause_before_restart(failures: int) -> float:
    """Return the seconds to wait after that many failures in a row: 1, 2, 4 … 60."""
    return min(2.0 ** max(failures - 1, 0), LONGEST_PAUSE_S)


def status_file(layout: Layout) -> Path:
    """Return where the supervisor writes what runs."""
    return layout.run / "status.json"


def wanted_file(layout: Layout) -> Path:
    """Return the file by which `make up` asks for the portal's processes."""
    return layout.run / "portal.wanted"


def read_status(layout: Layout) -> dict[str, Any]:
    """Return what the supervisor wrote last."""
    return load_json(status_file(layout))


def identity_in(entry: Mapping[str, Any]) -> Identity | None:
    """Return the process an entry of the status names."""
    return Identity(entry["pid"], entry["started"]) if entry.get("pid") else None


def running_supervisor(layout: Layout) -> Identity | None:
    """Return the live supervisor of this data folder, None after a kill."""
    found = identity_in(read_status(layout).get("supervisor", {}))
    return found if found and found.is_alive() else None


class Child:
    """One process under supervision."""

    def __init__(self, spec: Spec, layout: Layout) -> None:
        self.spec = spec
        self._layout = layout
        self._running: subprocess.Popen[bytes] | None = None
        self._identity: Identity | None = None
        self._since = 0.0
        self._next = 0.0
        self.failures = 0
        self.restarts = 0
        self.last_exit: int | None = None

    def tend(self, now: float) -> bool:
        """Start it if it is due, notice if it ended; return whether something changed."""
        if self._running is None:
            if now < self._next:
                return False
            with open_log(self._layout, self.spec.name) as log:
                self._running = start(self.spec, log)
            self._identity, self._since = Identity.of(self._running.pid), now
            return True
        code = self._running.poll()
        if code is None:
            if self.failures and now - self._since > STEADY_S:
                self.failures = 0
            return False
        self._running, self._identity, self.last_exit = None, None, code
        self.failures = 1 if now - self._since > STEADY_S else self.failures + 1
        self.restarts += 1
        self._next = now + pause_before_restart(self.failures)
        return True

    def ask_to_stop(self) -> None:
        """Send the signal and do not wait."""
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(self.spec.stop_signal)

    def end(self) -> None:
        """Stop it and wait."""
        if self._running is None:
            return
        try:
            self._running.wait(self.spec.patience_s)
        except subprocess.TimeoutExpired:
            if self._identity:
                stop(self._identity, signal.SIGKILL, 5.0)
            self._running.wait()

    def entry(self) -> dict[str, Any]:
        """Return its line of the status."""
        found = self._identity
        return {
            "pid": found.pid if found else None,
            "started": found.started if found else None,
            "stage": self.spec.stage,
            "restarts": self.restarts,
            "last_exit": self.last_exit,
            "stop_signal": int(self.spec.stop_signal),
        }


class Supervisor:
    """Tends the children until it is told to stop."""

    def __init__(self, layout: Layout, specs: Sequence[Spec], clock: Callable[[], float] = time.monotonic) -> None:
        self._layout = layout
        self._children = [Child(spec, layout) for spec in specs]
        self._clock = clock
        self._stopping = threading.Event()
        self._rotated = clock()

    def stop(self, *_: object) -> None:
        """Ask the loop to end; also the handler of SIGTERM and SIGINT."""
        self._stopping.set()

    def run(self) -> None:
        """Tend until stopped, then end everything: the portal first, then what it stands on."""
        wanted_file(self._layout).unlink(missing_ok=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        self._write()
        while not self._stopping.wait(TICK_S):
            self.tick()
        for stage in (Stage.PORTAL, Stage.SERVICES):
            children = [child for child in self._children if child.spec.stage is stage]
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.end()
        status_file(self._layout).unlink(missing_ok=True)

    def tick(self) -> None:
        """Look once after every child that is wanted."""
        now = self._clock()
        portal = wanted_file(self._layout).exists()
        due = [child for child in self._children if portal or child.spec.stage is Stage.SERVICES]
        changed = [child.tend(now) for child in due]
        if any(changed):
            self._write()
        if now - self._rotated > ROTATE_EVERY_S:
            self._rotated = now
            rotate(self._layout)

    def _write(self) -> None:
        own = Identity.of(os.getpid())
        status = {
            "supervisor": {"pid": own.pid, "started": own.started} if own else {},
            "processes": {child.spec.name: child.entry() for child in self._children},
        }
        write_private(status_file(self._layout), json.dumps(status, indent=1))


def main() -> None:
    """Run the supervisor of the data folder in the environment."""
    from stack.assembly import assemble, portal_specs, service_specs

    stack = assemble(os.environ)
    Supervisor(stack.layout, [*service_specs(stack), *portal_specs(stack, os.environ)]).run()


if __name__ == "__main__":
    main()
