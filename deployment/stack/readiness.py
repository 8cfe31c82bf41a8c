"""Waits until a service answers, and says why when it does not."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from stack.assembly import Stack
from stack.logs import tail
from stack.process import wait_until
from stack.say import StackError, say
from stack.supervisor import read_status, running_supervisor

GIVE_UP_AFTER = 3


def answers_http(url: str, timeout_s: float = 5.0) -> bool:
    """Say whether a GET is answered with success."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_s) as answer:
            return 200 <= answer.status < 300
    except (OSError, urllib.error.URLError, ValueError):
        return False


def answers_redis(path: Path) -> bool:
    """Say whether Redis on this socket answers a ping."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(2)
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def answers_postgres(url: str) -> bool:
    """Say whether the database lets us in."""
    import psycopg2

    try:
        psycopg2.connect(url, connect_timeout=3).close()
    except psycopg2.OperationalError:
        return False
    return True


def wait_for_services(stack: Stack, seconds: float = 90.0) -> None:
    """Wait for those services that are ours.

    Raises:
        StackError: one does not come; the end of its log is in the message.
    """
    checks: dict[str, Callable[[], bool]] = {}
    admin, socket_path = stack.admin_url, stack.redis_socket
    if admin:
        checks["postgres"] = lambda: answers_postgres(admin)
    if socket_path:
        checks["redis"] = lambda: answers_redis(socket_path)
    if stack.settings.own_solr:
        checks["solr"] = lambda: answers_http(f"{stack.urls['CKAN_SOLR_URL']}/select?q=*:*&rows=0")
    for name, check in checks.items():
        wait_for(stack, name, check, seconds)


def wait_for_portal(stack: Stack, seconds: float = 120.0) -> None:
    """Wait until the portal answers; raises as :func:`wait_for_services`."""
    address = f"{stack.settings.address}/api/3/action/status_show"
    wait_for(stack, "web", lambda: answers_http(address, 20.0), seconds)


def wait_for(stack: Stack, name: str, check: Callable[[], bool], seconds: float) -> None:
    """Wait for one process; give up early when it ends again and again."""
    failed = False

    def settled() -> bool:
        nonlocal failed
        entry = read_status(stack.layout).get("processes", {}).get(name, {})
        failed = entry.get("restarts", 0) >= GIVE_UP_AFTER or running_supervisor(stack.layout) is None
        return failed or check()

    if not wait_until(settled, seconds, 0.2) or (failed and not check()):
        log = stack.layout.logs / f"{name}.log"
        if "No space left on device" in tail(log, 25):
            raise StackError(f"{name} does not come up because the disk is full. Make room, then `make up` again.")
        raise StackError(f"{name} does not come up. The end of {log}:\n{tail(log, 25) or '(it is empty)'}")
    say(f"  {name} answers.")
