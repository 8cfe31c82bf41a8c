"""The clock of a local stack: the harvester every minute, the reassessment every night.

In production cron does the same with the same commands. Each command gets only the part of the environment it
needs: CKAN's commands see no key of the pipeline.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stack.assembly import SHARED_HARVEST
from stack.layout import Layout
from stack.private_files import State
from stack.process import die_with_parent
from stack.say import say

EVERY_S = 60.0
NIGHT_HOUR = 2
TEMPORARY = 75
KEYED = "CITYHARVEST_"


def is_nightly_due(now: datetime, last: datetime | None) -> bool:
    """Say whether the nightly work is due: once after each 2 o'clock, also when the machine was off at night."""
    today = now.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    latest = today if now >= today else today - timedelta(days=1)
    return last is None or last < latest


def ckan_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a CKAN command: of the harvester's settings only what the web process has."""
    return {name: value for name, value in environ.items() if not name.startswith(KEYED) or name in SHARED_HARVEST}


def harvest_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a harvester command: nothing of CKAN's own."""
    return {name: value for name, value in environ.items() if not name.startswith("CKAN_")}


class Scheduler:
    """Runs the commands one after another, so that none overtakes itself."""

    def __init__(self, state: State, environ: Mapping[str, str]) -> None:
        self._state = state
        self._environ = environ
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self, *_: object) -> None:
        """End after passing the signal on to the running command."""
        self._stopping.set()
        if self._child and self._child.poll() is None:
            self._child.terminate()

    def run(self) -> None:
        """Work until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self._stopping.is_set():
            self.once(datetime.now(UTC))
            self._stopping.wait(EVERY_S)

    def once(self, now: datetime) -> None:
        """Do what is due now."""
        self._call(["cityharvest", "run", "--due"], harvest_environ(self._environ))
        last = self._state.get("nightly_at")
        if self._stopping.is_set() or not is_nightly_due(now, datetime.fromisoformat(last) if last else None):
            return
        if self._call(["ckan", "datastrategy", "reassess"], ckan_environ(self._environ)) == 0:
            self._state.set(nightly_at=now.isoformat())

    def _call(self, command: Sequence[str], environ: Mapping[str, str]) -> int:
        program = str(Path(sys.executable).with_name(command[0]))
        self._child = subprocess.Popen(
            [program, *command[1:]],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  (one thread)
        )
        code = self._child.wait()
        if code not in (0, TEMPORARY):
            say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} `{' '.join(command)}` ended with {code}.")
        return code


def main() -> None:
    """Run the scheduler of the data folder in the environment."""
    layout = Layout.from_environ()
    Scheduler(State(layout.data / "scheduler.json"), os.environ).run()


if __name__ == "__main__":
    main()
