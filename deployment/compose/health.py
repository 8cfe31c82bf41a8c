"""Health checks inside the portal's containers: `python -m compose.health ROLE`; exit code 0 is healthy."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.request
from pathlib import Path

from compose.loop import SIGN_OF_LIFE, WRONG_CALL

#: Six beats may be missed.
OLDEST_S = 60.0
#: The job worker reports to Redis at least every seven minutes while it is idle.
OLDEST_HEARTBEAT_S = 600.0


def main() -> int:
    """Check one role and say what is wrong."""
    role = sys.argv[1]
    problem = web() if role == "web" else worker() if role == "worker" else loop(SIGN_OF_LIFE, time.time())
    if problem:
        print(problem, flush=True)
    return 1 if problem else 0


def web(url: str = "http://127.0.0.1:5000/health/live") -> str | None:
    """Return what is wrong with the web server, None when it answers."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310  (a fixed address of this container)
            return None if answer.status == 200 else f"web answers {answer.status}"
    except OSError as error:
        return f"web does not answer: {error}"


def worker() -> str | None:
    """Return what is wrong with the worker of background jobs of this container, None when it reports to Redis."""
    import redis
    import rq

    try:
        known = rq.Worker.all(connection=redis.Redis.from_url(os.environ["CKAN_REDIS_URL"], socket_timeout=10))
    except redis.RedisError as error:
        return f"Redis does not answer: {type(error).__name__}"
    beats = [one.last_heartbeat for one in known if one.hostname == socket.gethostname() and one.last_heartbeat]
    fresh = any(time.time() - beat.timestamp() < OLDEST_HEARTBEAT_S for beat in beats)
    return None if fresh else "no worker of this container reports to Redis"


def loop(file: Path, now_s: float) -> str | None:
    """Return what is wrong with a loop of commands, None when it lives and no command is set up wrongly."""
    try:
        seen = json.loads(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return "no sign of life yet"
    if now_s - seen["at"] > OLDEST_S:
        return f"no sign of life for {now_s - seen['at']:.0f} s"
    wrong = [name for name, code in seen["exits"].items() if code == WRONG_CALL]
    return f"wrongly set up: {', '.join(wrong)}" if wrong else None


if __name__ == "__main__":
    sys.exit(main())
