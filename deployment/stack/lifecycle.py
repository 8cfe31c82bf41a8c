"""Starts and ends the supervisor of a data folder, and clears what a kill has left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from stack import postgres, solr
from stack.assembly import Stack, assemble, choose_ports, write_files
from stack.jars import ensure_jars
from stack.layout import DEPLOYMENT, Layout
from stack.logs import open_log
from stack.ports import SHORT
from stack.private_files import State
from stack.process import die_with_parent, stop, wait_until
from stack.readiness import wait_for_portal, wait_for_services
from stack.say import StackError, say
from stack.settings import remember
from stack.supervisor import identity_in, read_status, running_supervisor, status_file, wanted_file

#: The supervisor ends its children one stage after the other; PostgreSQL alone may take 30 s.
STOP_S = 75.0


def start_services(environ: Mapping[str, str], layout: Layout, *, bound: bool = False) -> Stack:
    """Start PostgreSQL, Redis and Solr where they are ours, and wait until they answer.

    With ``bound`` everything ends when the calling process ends.

    Raises:
        StackError: a port is taken, a download fails, or a service does not come up.
    """
    layout.create()
    clear_leftovers(layout)
    choose_ports(environ, layout)
    stack = assemble(environ, layout)
    if stack.settings.own_solr:
        ensure_jars(layout.cache)
        solr.prepare(layout, stack.state)
    if stack.postgres:
        postgres.ensure_cluster(stack.postgres, stack.secrets["postgres_superuser"])
        postgres.clear_stale(stack.postgres)
    write_files(stack, environ)
    remember(stack.settings, stack.state)
    say("Starting the services.")
    start_supervisor(layout, environ, bound=bound)
    wait_for_services(stack)
    return stack


def start_portal(stack: Stack) -> None:
    """Let the supervisor start the portal's processes, and wait until the portal answers."""
    say("Starting the portal.")
    wanted_file(stack.layout).touch(mode=0o600)
    wait_for_portal(stack)


def start_supervisor(layout: Layout, environ: Mapping[str, str], *, bound: bool = False) -> None:
    """Start the supervisor as a daemon with the person's environment."""
    given = {**environ, "CITYOPEN_DATA": str(layout.data), "CITYOPEN_CACHE": str(layout.cache)}
    given["PYTHONPATH"] = str(DEPLOYMENT)
    with open_log(layout, "supervisor") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack.supervisor"],
            env=given,
            cwd=DEPLOYMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM) if bound else None,  # noqa: PLW1509  (one thread)
        )
    if not wait_until(lambda: running_supervisor(layout) is not None or process.poll() is not None, 20.0):
        raise StackError(f"The supervisor does not start; see {layout.logs / 'supervisor.log'}.")
    if process.poll() is not None:
        raise StackError(f"The supervisor ended at once; see {layout.logs / 'supervisor.log'}.")


def stop_everything(layout: Layout) -> bool:
    """Stop the supervisor and whatever it left; return whether anything ran."""
    supervisor = running_supervisor(layout)
    stopped = supervisor is not None and stop(supervisor, signal.SIGTERM, STOP_S)
    return clear_leftovers(layout) or stopped


def clear_leftovers(layout: Layout) -> bool:
    """End processes of an earlier start whose supervisor is gone; return whether there were any."""
    if running_supervisor(layout):
        raise StackError("The stack runs already.")
    found = False
    for entry in read_status(layout).get("processes", {}).values():
        leftover = identity_in(entry)
        if leftover:
            found = stop(leftover, signal.Signals(entry.get("stop_signal", signal.SIGTERM))) or found
    status_file(layout).unlink(missing_ok=True)
    wanted_file(layout).unlink(missing_ok=True)
    return found


def drop_outside(state: State) -> None:
    """Remove what lies outside the data folder: short socket folders, and the cluster that root's account owns."""
    places = [state.get(name) for name in ("postgres_sockets", "redis_sockets", "postgres_home")]
    for place in (Path(text) for text in places if text):
        if place.parent == Path(SHORT) or place.is_relative_to(postgres.ROOT_HOME):
            shutil.rmtree(place, ignore_errors=True)


def set_up(stack: Stack, environ: Mapping[str, str], *words: str) -> None:
    """Run the set-up script with everything it needs, the superuser's address included.

    Raises:
        StackError: it failed; it has said why.
    """
    from stack.assembly import ADMIN_URL, full_environ

    given = {**full_environ(stack, environ), **stack.urls}
    given |= {name: environ[name] for name in ("CKAN_INI", "CKAN_STORAGE_PATH") if environ.get(name)}
    admin_url = stack.admin_url or environ.get(ADMIN_URL)
    if admin_url:
        given[ADMIN_URL] = admin_url
    script = Path(DEPLOYMENT / "init.py")
    if subprocess.run([sys.executable, script, *words], env=given, cwd=DEPLOYMENT, check=False).returncode:
        raise StackError("The set-up did not finish; nothing was lost, and the next start tries it again.")
    os.sync()
