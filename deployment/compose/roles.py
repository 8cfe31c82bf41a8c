"""What every container of the portal's image does: one table.

Boundary: values only. Who holds which key is decided by docker-compose.yml, by environment and mounts; here is only
which commands a role runs and how often.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

MINUTE_S = 60.0
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A command that runs again and again; `nightly` ones once after each 2 o'clock."""

    argv: tuple[str, ...]
    every_s: float = MINUTE_S
    nightly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A container: it becomes one program, or repeats commands. `needs_ini`: it needs CKAN's configuration."""

    name: str
    program: tuple[str, ...] = ()
    repeated: tuple[Repeated, ...] = ()
    needs_ini: bool = False


def gunicorn() -> tuple[str, ...]:
    """Return the web server's command; how many workers it has is the operator's choice."""
    return (
        "gunicorn",
        "--bind=0.0.0.0:5000",
        f"--workers={os.environ.get('CITYOPEN_WEB_WORKERS') or '2'}",
        "--threads=4",
        "--timeout=300",
        "--graceful-timeout=20",
        "--worker-tmp-dir=/tmp",
        "--no-control-socket",
        "--access-logfile=-",
        "--forwarded-allow-ips=*",
        "wsgi:application",
    )


def roles() -> dict[str, Role]:
    """Return the roles by name."""
    found = (
        Role(name="web", program=gunicorn(), needs_ini=True),
        Role(name="worker", program=("ckan", "jobs", "worker"), needs_ini=True),
        Role(
            name="scheduler",
            repeated=(
                Repeated(argv=("cityharvest", "plan")),
                Repeated(argv=("cityharvest", "purge"), every_s=HOUR_S),
                Repeated(argv=("cityharvest", "sweep"), every_s=HOUR_S),
                Repeated(argv=("ckan", "datastrategy", "reassess"), nightly=True),
            ),
            needs_ini=True,
        ),
        Role(name="fetch", repeated=(Repeated(argv=("cityharvest", "fetch")),)),
        Role(name="process", repeated=(Repeated(argv=("cityharvest", "process")),)),
        Role(name="publish", repeated=(Repeated(argv=("cityharvest", "publish")),)),
    )
    return {role.name: role for role in found}
