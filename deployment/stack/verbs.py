"""What a person asks of the stack: up, down, status, logs, reset. Every verb speaks in sentences."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from stack.assembly import Stack, assemble, full_environ
from stack.layout import DEPLOYMENT, Layout
from stack.lifecycle import drop_outside, set_up, start_portal, start_services, stop_everything
from stack.logs import tail
from stack.private_files import State
from stack.process import Identity
from stack.readiness import answers_http
from stack.say import StackError, say
from stack.seeding import seed_demo
from stack.settings import Settings, read_settings
from stack.supervisor import identity_in, read_status, running_supervisor
from stack.version import setup_fingerprint

LOCKS = (DEPLOYMENT / "locks" / "local.txt",)
LOG_LINES = 40
#: Kept by `make reset`: what was downloaded, not what was made.
KEPT_BY_RESET = ("cache", "venv")


def up(environ: Mapping[str, str]) -> int:
    """Start everything, set up what is new, fill the demo region; the last line is the portal's address."""
    began = time.monotonic()
    layout = Layout.from_environ(environ)
    layout.create()
    if running_supervisor(layout):
        settings = read_settings(environ, State(layout.state_file))
        if _is_current(layout, environ, settings):
            say("The portal runs already.")
            seed_demo_if_wanted(assemble(environ, layout), environ)
            return _address(settings)
        say("Code or settings have changed: stopping the running portal first.")
        stop_everything(layout)
    try:
        stack = start_services(environ, layout)
        setup_if_changed(stack, environ)
        start_portal(stack)
    except StackError:
        stop_everything(layout)
        raise
    index_if_needed(stack, environ)
    seed_demo_if_wanted(stack, environ)
    say(f"Everything runs, after {time.monotonic() - began:.0f} s. `make status` shows it, `make down` stops it.")
    return _address(stack.settings)


def setup_if_changed(stack: Stack, environ: Mapping[str, str]) -> None:
    """Run the set-up when code, packages or databases are not those it ran with."""
    wanted = _fingerprint(stack)
    if stack.state.get("set_up_with") == wanted:
        return
    say(
        "Setting up: databases, migrations, permissions, keys." if _is_first(stack) else "New code: running migrations."
    )
    stack.state.set(set_up_with=None)
    set_up(stack, environ)
    stack.state.set(set_up_with=wanted, was_set_up=True)


def index_if_needed(stack: Stack, environ: Mapping[str, str]) -> None:
    """Fill the search index from the database after its schema changed; a first start has nothing to index."""
    if not stack.settings.own_solr or stack.state.get("solr_indexed"):
        return
    say("Filling the search index.")
    ckan = Path(sys.executable).with_name("ckan")
    with (stack.layout.logs / "index.log").open("ab") as log:
        command = [ckan, "search-index", "rebuild"]
        done = subprocess.run(command, env=full_environ(stack, environ), stdout=log, stderr=log, check=False)
    if done.returncode:
        raise StackError(f"The search index could not be filled; see {stack.layout.logs / 'index.log'}.")
    stack.state.set(solr_indexed=True)


def seed_demo_if_wanted(stack: Stack, environ: Mapping[str, str]) -> None:
    """Fill the demo region where it was asked for."""
    if stack.settings.demo:
        seed_demo(stack, environ)


def down(environ: Mapping[str, str]) -> int:
    """Stop everything; data stays."""
    layout = Layout.from_environ(environ)
    say("Stopping the portal and its services.")
    say("Stopped; the data stays." if stop_everything(layout) else "Nothing was running.")
    return 0


def status(environ: Mapping[str, str]) -> int:
    """Say what runs; 1 when something does not."""
    layout = Layout.from_environ(environ)
    settings = read_settings(environ, State(layout.state_file))
    if not running_supervisor(layout):
        say(f"The portal does not run. `make up` starts it; its data is in {layout.data}.")
        return 1
    well = True
    for name, entry in read_status(layout).get("processes", {}).items():
        found = identity_in(entry)
        alive = bool(found and found.is_alive())
        well = well and alive
        again = f", started again {entry['restarts']} times" if entry["restarts"] else ""
        runs = f"runs as process {found.pid}, {memory_mb(found)} MB" if found and alive else "does not run"
        say(f"{name:<10} {runs}{again}.")
    answers = answers_http(f"{settings.address}/api/3/action/status_show", 20.0)
    say(f"The portal {'answers' if answers else 'does not answer'} at {settings.site_url}.")
    return 0 if well and answers else 1


def logs(environ: Mapping[str, str]) -> int:
    """Show the end of every log, or of the one named by NAME."""
    layout = Layout.from_environ(environ)
    wanted = environ.get("NAME")
    paths = sorted(layout.logs.glob(f"{wanted or '*'}.log")) if layout.logs.is_dir() else []
    if not paths:
        say(f"There is no log{f' named {wanted}' if wanted else ' yet'} in {layout.logs}.")
        return 1
    for path in paths:
        say(f"== {path.name}, the last {LOG_LINES} lines:")
        say(tail(path, LOG_LINES).rstrip() or "(empty)")
    if not wanted:
        say("`make logs NAME=web` shows one of them; the whole files are in " + f"{layout.logs}.")
    return 0


def reset(environ: Mapping[str, str]) -> int:
    """Stop everything and drop the data; downloads are kept. Needs YES=1."""
    layout = Layout.from_environ(environ)
    if environ.get("YES") != "1":
        say(f"This drops all data in {layout.data}: datasets, deliveries, keys. To do it: make reset YES=1")
        return 2
    stop_everything(layout)
    drop_outside(State(layout.state_file))
    for path in layout.data.iterdir() if layout.data.is_dir() else ():
        if path.name not in KEPT_BY_RESET and path.absolute() != layout.cache:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    say("The data is gone; downloads are kept. `make up` starts with an empty installation.")
    return 0


def memory_mb(identity: Identity) -> int:
    """Return the memory of a process and of those below it in MB; what they share is counted once."""
    total_kb = 0
    for pid in [identity.pid, *descendants(identity.pid)]:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total_kb // 1024


def descendants(pid: int) -> list[int]:
    """Return the numbers of all processes below one."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            below = [int(word) for word in children.read_text(encoding="utf-8").split()]
        except OSError:
            continue
        found += [number for child in below for number in (child, *descendants(child))]
    return found


def _is_first(stack: Stack) -> bool:
    return not stack.state.get("was_set_up")


def _fingerprint(stack: Stack) -> str:
    return setup_fingerprint(LOCKS, stack.urls, stack.settings.plugins)


def _is_current(layout: Layout, environ: Mapping[str, str], settings: Settings) -> bool:
    """Say whether what runs is what was asked for: same code, port and demo, and it answers."""
    state = State(layout.state_file)
    same = (state.get("port"), state.get("demo")) == (settings.port, "1" if settings.demo else "0")
    stack = assemble(environ, layout)
    return (
        same
        and state.get("set_up_with") == _fingerprint(stack)
        and answers_http(f"{settings.address}/api/3/action/status_show", 20.0)
    )


def _address(settings: Settings) -> int:
    say(settings.site_url)
    return 0
