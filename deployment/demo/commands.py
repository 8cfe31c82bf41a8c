"""Public commands, run beside this interpreter as an operator would run them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: `run --due` ends with 1 when a delivery waits for a person, with 75 when the next run goes on: both are normal here.
NORMAL_EXITS = (0, 1, 75)


class CommandFailedError(Exception):
    """A command ended with a code that was not expected; the message has the end of what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Runs commands in one environment."""

    environ: Mapping[str, str]

    def run(self, program: str, *words: str, expected: Sequence[int] = (0,)) -> str:
        """Return what a command printed.

        Raises:
            CommandFailedError: it is not there, or ended with a code that is not expected.
        """
        beside = Path(sys.executable).with_name(program)
        argv = [str(beside) if beside.exists() else program, *words]
        try:
            done = subprocess.run(argv, env=dict(self.environ), capture_output=True, text=True, check=False)
        except OSError as error:
            raise CommandFailedError(f"`{program}` cannot be started: {error.strerror}") from error
        if done.returncode not in expected:
            said = (done.stdout + done.stderr).strip()[-1500:]
            raise CommandFailedError(f"`{program} {' '.join(words)}` ended with {done.returncode}:\n{said}")
        return done.stdout

    def harvest(self, *words: str) -> str:
        """Run `cityharvest run` with some words; a delivery that waits is no failure."""
        return self.run("cityharvest", "run", *words, expected=NORMAL_EXITS)
