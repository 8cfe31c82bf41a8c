"""`make doctor`: what this machine has, what the stack uses, where its boundaries are. It changes nothing."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version

from stack import java, keys
from stack.assembly import Stack, assemble, is_external
from stack.layout import Layout
from stack.ports import is_free
from stack.postgres import binary_major
from stack.private_files import State
from stack.readiness import answers_http, answers_postgres, answers_redis
from stack.say import StackError, say
from stack.settings import DATABASES, REDIS, SOLR, read_settings
from stack.supervisor import running_supervisor

ENOUGH_GB = 2
PACKAGES = ("ckan", "ckanext-dcat", "ckanext-spatial", "ckanext-scheming", "cityopen")


def doctor(environ: Mapping[str, str]) -> int:
    """Say what is well and what is not; 1 when something must be mended."""
    layout = Layout.from_environ(environ)
    checks: tuple[Callable[[Mapping[str, str], Layout], bool], ...] = (machine, disk, ports, services, boundary)
    well = [check(environ, layout) for check in checks]
    say("All is well." if all(well) else "Something must be mended; see above.")
    return 0 if all(well) else 1


def machine(_environ: Mapping[str, str], _layout: Layout) -> bool:
    """Versions of what the stack is made of."""
    say(f"Python {platform.python_version()} at {sys.executable}.")
    say("Packages: " + ", ".join(f"{name} {_installed(name)}" for name in PACKAGES) + ".")
    try:
        found = java.find()
    except StackError as error:
        say(str(error))
        return False
    say(f"Java {found.major} from {found.source}.")
    return True


def disk(_environ: Mapping[str, str], layout: Layout) -> bool:
    """Room in the data folder."""
    place = next(folder for folder in (layout.data, *layout.data.parents) if folder.exists())
    free = shutil.disk_usage(place).free / 1024**3
    say(f"Data folder {layout.data}: {free:.1f} GB free.")
    if free < ENOUGH_GB:
        say(f"That is little: less than {ENOUGH_GB} GB.")
    return free >= ENOUGH_GB


def ports(environ: Mapping[str, str], layout: Layout) -> bool:
    """The portal's port, and Solr's."""
    state = State(layout.state_file)
    settings = read_settings(environ, state)
    if running_supervisor(layout):
        say(f"The portal listens on port {settings.port}, Solr on {state.get('solr_port')}, both on loopback only.")
        return True
    free = is_free(settings.port)
    say(f"The portal does not run; port {settings.port} is {'free' if free else 'taken by another program'}.")
    return free


def services(environ: Mapping[str, str], layout: Layout) -> bool:
    """Whether PostgreSQL, Redis, Solr and the ledger answer, ours or somebody else's."""
    if not layout.state_file.exists():
        say("Nothing was set up here yet; `make up` does that.")
        return True
    stack = assemble(environ, layout)
    own = bool(running_supervisor(layout))
    well = True
    for name in DATABASES:
        if own or is_external(stack, name):
            well = _tell(stack, name, answers_postgres(stack.urls[name])) and well
    if own or is_external(stack, SOLR):
        well = _tell(stack, SOLR, answers_http(f"{stack.urls[SOLR]}/select?q=*:*&rows=0")) and well
    if own and stack.redis_socket:
        well = _tell(stack, REDIS, answers_redis(stack.redis_socket)) and well
    if own and stack.postgres:
        say(f"PostgreSQL {binary_major(stack.postgres.binaries)}, socket in {stack.postgres.socket_folder}.")
    return (ledger(stack) if own else True) and well


def ledger(stack: Stack) -> bool:
    """Whether the ledger's tables are those this code expects."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    from cityharvest.migrations import current, expected

    engine = create_engine(stack.urls["CITYHARVEST_DATABASE_URL"])
    try:
        found = current(engine)
    except SQLAlchemyError:
        found = None
    finally:
        engine.dispose()
    if found != expected():
        say(f"The delivery ledger is at {found or 'no version'}, this code needs {expected()}: `make up` migrates it.")
        return False
    say(f"The delivery ledger's tables are up to date ({found}).")
    return True


def boundary(environ: Mapping[str, str], layout: Layout) -> bool:
    """What keeps processes apart here, and which private addresses the harvester may reach."""
    if layout.state_file.exists():
        allowed = assemble(environ, layout).harvest["CITYHARVEST_ALLOWED_PRIVATE"]
        say(f"Private addresses the harvester may reach: {allowed}. Every other one is refused.")
        _secret_rules(layout)
    say("All processes here are one account of this machine: only their environments keep the pipeline's key apart.")
    say("In production (docker-compose.yml) they are separate containers with separate mounts.")
    loose = [
        path.name
        for path in (layout.secrets_file, layout.env_file, *(layout.keys / name for name in keys.SECRET))
        if path.exists() and path.stat().st_mode & 0o77
    ]
    if loose:
        say(f"Others may read {', '.join(loose)} in {layout.data}: chmod 600.")
    return not loose


def _secret_rules(layout: Layout) -> None:
    """Whether the secret rules of disclosure control are set; what they are is shown nowhere."""
    found = {name: (layout.keys / name).exists() for name in (keys.DISCLOSURE, keys.SIGNING_KEY)}
    for name, shown in ((keys.DISCLOSURE, "Secret rules of disclosure control"), (keys.SIGNING_KEY, "Signing key")):
        say(f"{shown}: {'set' if found[name] else 'not set'}.")


def _tell(stack: Stack, name: str, answers: bool) -> bool:
    whose = "external" if is_external(stack, name) else "ours"
    say(f"{name} ({whose}) {'answers' if answers else 'does not answer'}.")
    return answers


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
