"""`python -m stack VERB`: what the Makefile's targets call after the bootstrap."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping

from stack import doctor, verbs
from stack.say import StackError, say

VERBS: dict[str, Callable[[Mapping[str, str]], int]] = {
    "up": verbs.up,
    "down": verbs.down,
    "status": verbs.status,
    "logs": verbs.logs,
    "reset": verbs.reset,
    "doctor": doctor.doctor,
}


def main() -> int:
    """Run one verb; what a person can mend is a sentence, not a traceback."""
    verb = sys.argv[1] if len(sys.argv) == 2 else ""
    if verb not in VERBS:
        say(f"usage: python -m stack {'|'.join(VERBS)}")
        return 2
    try:
        return VERBS[verb](os.environ)
    except StackError as error:
        say(str(error))
    except KeyboardInterrupt:
        say("Interrupted; `make up` goes on from here, `make down` stops what was started.")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        say(f"The disk is full: {error.filename or error}. Make room, then run the same command again.")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
