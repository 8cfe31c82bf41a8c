"""How the stack talks to a person: sentences at once, progress on one line where there is a terminal."""

from __future__ import annotations

import sys


class StackError(Exception):
    """Something a person can mend; the message is a sentence and says how."""


def say(text: str) -> None:
    """Print one sentence at once, also when the output is a file."""
    print(text, flush=True)


class Progress:
    """Counts something long: rewrites one line in a terminal, prints every fifth of the way elsewhere."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done, self._told = what, max(total, 1), 0, 0
        self._live = sys.stdout.isatty()

    def step(self, note: str = "") -> None:
        """Count one more as done."""
        self._done += 1
        fifth = self._done * 5 // self._total
        last = self._done >= self._total
        line = f"  {self._what}: {self._done} of {self._total}"
        if self._live:
            print(f"\r\x1b[K{line} {note}"[:110], end="\n" if last else "", flush=True)
        elif fifth > self._told or last:
            self._told = fifth
            say(line)
