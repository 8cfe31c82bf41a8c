"""Services for tests: PostgreSQL, Redis and Solr (and, if wanted, the portal) in a folder of their own.

    python -m stack.testing --folder F -- pytest …        start, run, stop; the command's exit code
    python -m stack.testing --folder F --keep             start and print the environment
    python -m stack.testing --folder F --stop

Ports and sockets are free ones, so several may run beside each other. With ``--portal`` web and worker run too
(address in CITYOPEN_URL, sysadmin in CITYOPEN_ADMIN and CITYOPEN_ADMIN_PASSWORD), with ``--demo`` the demo region.
Without it CKAN_INI is ``deployment/test.ini``, whose addresses come from the same environment.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from stack.assembly import ADMIN_URL, Stack, full_environ
from stack.database_setup import LEDGER, at_database, create_database, parse
from stack.layout import DEPLOYMENT, Layout
from stack.lifecycle import drop_outside, set_up, start_portal, start_services, stop_everything
from stack.ports import free_port
from stack.private_files import State
from stack.say import StackError, say
from stack.seeding import seed_demo

TEST_INI = DEPLOYMENT / "test.ini"
#: The ledger's tests drop and make its schema; they get a database of their own, beside CKAN's.
LEDGER_TESTS = "ledger_test"


def base_environ(folder: Path, *, portal: bool, demo: bool) -> dict[str, str]:
    """Return the environment that describes a test stack."""
    cache = os.environ.get("CITYOPEN_CACHE") or str(Layout.from_environ().cache)
    given = {
        **os.environ,
        "CITYOPEN_DATA": str(folder),
        "CITYOPEN_CACHE": cache,
        "CITYOPEN_CARELESS": "1",
        "CITYOPEN_PORT": str(free_port()),
        "DEMO": "1" if demo else "0",
    }
    if portal:
        return given | {"CITYOPEN_ADMIN": "admin", "CITYOPEN_ADMIN_PASSWORD": secrets.token_urlsafe(15)}
    storage = str(folder / "uploads")
    return given | {
        "CITYOPEN_TEST_DATABASES": "1",
        "CKAN_INI": str(test_ini(folder, os.environ.get("CITYOPEN_PLUGINS"))),
        "CKAN_STORAGE_PATH": storage,
    }


def begin(environ: dict[str, str], *, portal: bool, demo: bool, bound: bool) -> Stack:
    """Start the services, set the databases up, and start the portal if it is wanted."""
    stack = start_services(environ, Layout.from_environ(environ), bound=bound)
    set_up(stack, environ, *([] if portal else ["--databases"]))
    if not portal:
        create_database(stack.admin_url or "", LEDGER_TESTS, parse(stack.urls[LEDGER]).role)
    if portal:
        start_portal(stack)
    if demo:
        seed_demo(stack, environ)
    return stack


def exported(stack: Stack, environ: dict[str, str]) -> dict[str, str]:
    """Return what the tests get: all addresses, and the superuser's as well, which no portal process has."""
    names = ("CKAN_INI", "CKAN_STORAGE_PATH", "CITYOPEN_ADMIN", "CITYOPEN_ADMIN_PASSWORD")
    chosen = {name: environ[name] for name in names if environ.get(name)}
    superuser = {ADMIN_URL: stack.admin_url} if stack.admin_url else {}
    if "CITYOPEN_TEST_DATABASES" in environ:
        chosen["CITYHARVEST_TEST_DATABASE_URL"] = at_database(stack.urls[LEDGER], LEDGER_TESTS)
    return {**full_environ(stack, environ), **stack.urls, **chosen, **superuser}


def main(words: Sequence[str] | None = None) -> int:
    """Start, run, stop."""
    parser = argparse.ArgumentParser(prog="stack.testing", description=__doc__, allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    for flag in ("--portal", "--demo", "--keep", "--stop"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("command", nargs="*")
    asked = parser.parse_args(words)
    folder = asked.folder.absolute()
    portal = asked.portal or asked.demo
    environ = base_environ(folder, portal=portal, demo=asked.demo)
    layout = Layout.from_environ(environ)
    if asked.stop:
        _finish(layout)
        return 0
    keep = asked.keep and not asked.command
    try:
        stack = begin(environ, portal=portal, demo=asked.demo, bound=not keep)
        given = exported(stack, environ)
        if keep:
            _print(given)
            return 0
        return subprocess.run(asked.command, env=given, check=False).returncode
    except StackError as error:
        say(str(error))
        keep = False
        return 2
    finally:
        if not keep:
            _finish(layout)


def _finish(layout: Layout) -> None:
    stop_everything(layout)
    drop_outside(State(layout.state_file))


def test_ini(folder: Path, plugins: str | None) -> Path:
    """Return CKAN's configuration for tests; CITYOPEN_PLUGINS makes a copy with only those plugins."""
    if not plugins:
        return TEST_INI
    folder.mkdir(parents=True, exist_ok=True)
    lines = TEST_INI.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("ckan.plugins =", "scheming."))]
    kept.insert(kept.index("use = egg:ckan"), f"ckan.plugins = {plugins}")
    copy = folder / "test.ini"
    copy.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return copy


def _print(given: dict[str, str]) -> None:
    for name in sorted(given):
        if name.startswith(("CKAN_", "CITYHARVEST_", "CITYOPEN_")):
            say(f"export {name}={shlex.quote(given[name])}")


if __name__ == "__main__":
    sys.exit(main())
