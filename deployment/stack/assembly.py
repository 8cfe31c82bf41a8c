"""Puts one stack together from settings and state: addresses, environments, processes.

Both `make up` and the supervisor assemble; ports and socket folders are chosen once, by :func:`choose_ports`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack import ckan_ini, jars, java, keys, postgres, redis_server, solr
from stack.layout import DEPLOYMENT, Layout
from stack.ports import free_port, is_free
from stack.private_files import State, ensure_secrets, write_private
from stack.process import Spec, Stage
from stack.say import StackError
from stack.settings import DATABASES, REDIS, SOLR, Settings, read_settings

#: Role and database behind each address.
ROLES = {
    "CKAN_SQLALCHEMY_URL": ("ckan", "ckan"),
    "CKAN_DATASTORE_WRITE_URL": ("datastore_rw", "datastore"),
    "CKAN_DATASTORE_READ_URL": ("datastore_ro", "datastore"),
    "CITYHARVEST_DATABASE_URL": ("cityharvest", "ckan"),
}
ADMIN_URL = "CITYOPEN_POSTGRES_ADMIN_URL"
#: What every process may know of the harvester; the rest is for the scheduler's children.
SHARED_HARVEST = (
    "CITYHARVEST_DATABASE_URL",
    "CITYHARVEST_STORAGE",
    "CITYHARVEST_RECIPIENT",
    "CITYHARVEST_WORK",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Everything known about one stack."""

    layout: Layout
    state: State
    settings: Settings
    secrets: Mapping[str, str]
    urls: Mapping[str, str]
    harvest: Mapping[str, str]
    postgres: postgres.Postgres | None
    redis_socket: Path | None
    careless: bool

    @property
    def admin_url(self) -> str | None:
        """The superuser's address, only for the set-up of our own cluster."""
        if self.postgres is None:
            return None
        return self.postgres.url(postgres.SUPERUSER, self.secrets["postgres_superuser"], "postgres")


def assemble(environ: Mapping[str, str], layout: Layout | None = None) -> Stack:
    """Return the stack that the environment and the data folder describe."""
    layout = layout or Layout.from_environ(environ)
    layout.create()
    state = State(layout.state_file)
    settings = read_settings(environ, state)
    secrets = ensure_secrets(layout.secrets_file)
    cluster = postgres.locate(layout, state, environ) if settings.own_postgres else None
    socket = redis_server.socket_path(layout, state) if settings.own_redis else None
    urls = dict(settings.external)
    test = "_test" if environ.get("CITYOPEN_TEST_DATABASES") == "1" else ""
    if cluster:
        for name, (role, database) in ROLES.items():
            urls.setdefault(name, cluster.url(role, secrets[f"postgres_{role}"], database + test))
    if socket:
        urls.setdefault(REDIS, redis_server.url(socket, 1))
    urls.setdefault(SOLR, solr.url(state.get("solr_port") or 0))
    return Stack(
        layout=layout,
        state=state,
        settings=settings,
        secrets=secrets,
        urls=urls,
        harvest=_harvest_environ(layout, state, settings, urls, environ),
        postgres=cluster,
        redis_socket=socket,
        careless=environ.get("CITYOPEN_CARELESS") == "1",
    )


def choose_ports(environ: Mapping[str, str], layout: Layout) -> None:
    """Remember free ports for this start; the portal's is the person's choice and must be free.

    Raises:
        StackError: another program has it.
    """
    state = State(layout.state_file)
    settings = read_settings(environ, state)
    if not is_free(settings.port):
        raise StackError(
            f"Port {settings.port} is taken by another program. Stop that, or choose another port: "
            f"make up CITYOPEN_PORT={free_port()}"
        )
    state.set(solr_port=free_port(state.get("solr_port")), demo_port=free_port(state.get("demo_port")))


def _harvest_environ(
    layout: Layout, state: State, settings: Settings, urls: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the harvester's settings. The only private addresses are the portal's, the demo's and the operator's."""
    private = [settings.address.removeprefix("http://")]
    if settings.demo:
        private.append(f"127.0.0.1:{state.get('demo_port')}")
    private += [part.strip() for part in environ.get("CITYHARVEST_ALLOWED_PRIVATE", "").split(",") if part.strip()]
    return {
        "CITYHARVEST_DATABASE_URL": urls["CITYHARVEST_DATABASE_URL"],
        "CITYHARVEST_STORAGE": environ.get("CITYHARVEST_STORAGE") or f"file://{layout.harvest_storage}",
        "CITYHARVEST_RECIPIENT": keys.ensure_keys(layout.keys),
        "CITYHARVEST_IDENTITY_FILE": str(layout.keys / keys.IDENTITY),
        "CITYHARVEST_SITE_KEY_FILE": str(layout.keys / keys.SITE_KEY),
        "CITYHARVEST_DISCLOSURE_FILE": environ.get("CITYHARVEST_DISCLOSURE_FILE") or str(layout.keys / keys.DISCLOSURE),
        "CITYHARVEST_SIGNING_KEY_FILE": str(layout.keys / keys.SIGNING_KEY),
        "CITYHARVEST_PUBLIC_KEY_FILE": str(layout.keys / keys.PUBLIC_KEY),
        "CITYHARVEST_CKAN_URL": settings.address,
        "CITYHARVEST_CKAN_TOKEN_FILE": str(layout.keys / keys.TOKEN),
        "CITYHARVEST_ALLOWED_PRIVATE": ",".join(dict.fromkeys(private)),
        "CITYHARVEST_WORK": str(layout.work),
        "CITYHARVEST_DUCKDB_MEMORY": environ.get("CITYHARVEST_DUCKDB_MEMORY") or "1GB",
    }


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the person's environment without any address or key of ours, with this environment's programs first."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("CITYHARVEST_", "CKAN_"))}
    kept.pop(ADMIN_URL, None)
    kept.pop("PYTHONPATH", None)
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", "/usr/bin:/bin")])
    return kept | {"PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8"}


def web_environ(stack: Stack, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the web process and CKAN's worker get: no identity, no site key, no publisher's token."""
    shared = {name: stack.harvest[name] for name in SHARED_HARVEST}
    return {**inherited(environ), "CKAN_INI": str(stack.layout.ckan_ini), **shared}


def full_environ(stack: Stack, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what an operator's command and the scheduler get: everything but the superuser's address."""
    own = {
        "CKAN_INI": str(stack.layout.ckan_ini),
        "CITYOPEN_DATA": str(stack.layout.data),
        "CITYOPEN_URL": stack.settings.address,
        "CITYOPEN_DEMO_PORT": str(stack.state.get("demo_port") or ""),
    }
    return {**inherited(environ), **own, **stack.harvest}


def write_files(stack: Stack, environ: Mapping[str, str]) -> None:
    """Write CKAN's configuration and the environment file for a person's commands."""
    given = {
        **ckan_ini.secrets_options(stack.secrets),
        "sqlalchemy.url": stack.urls["CKAN_SQLALCHEMY_URL"],
        "ckan.datastore.write_url": stack.urls["CKAN_DATASTORE_WRITE_URL"],
        "ckan.datastore.read_url": stack.urls["CKAN_DATASTORE_READ_URL"],
        "ckan.redis.url": stack.urls[REDIS],
        "solr_url": stack.urls[SOLR],
        "ckan.site_url": stack.settings.site_url,
        "ckan.storage_path": str(stack.layout.storage),
        "ckanext.cityopen.assets_folder": str(stack.layout.assets),
        **ckan_ini.chosen(environ),
    }
    write_private(stack.layout.ckan_ini, ckan_ini.render(ckan_ini.options(stack.settings.plugins, given)))
    full = full_environ(stack, environ)
    names = [name for name in full if name.startswith(("CITYHARVEST_", "CKAN_", "CITYOPEN_"))]
    lines = [f"{name}={shlex.quote(full[name])}" for name in sorted(set(names) - {ADMIN_URL})]
    path = f'PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
    head = "# For a person's commands: `. .cityopen/env`. Written by `make up`; keep it private.\nset -a\n"
    write_private(stack.layout.env_file, head + "\n".join([*lines, path]) + "\nset +a\n")


def service_specs(stack: Stack) -> list[Spec]:
    """Return the processes the portal stands on."""
    specs = []
    if stack.postgres:
        specs.append(stack.postgres.spec(careless=stack.careless))
    if stack.redis_socket:
        specs.append(redis_server.spec(stack.layout, stack.redis_socket))
    if stack.settings.own_solr:
        folder = jars.ensure_jars(stack.layout.cache)
        specs.append(solr.spec(stack.layout, java.find(), folder, stack.state.get("solr_port")))
    return specs


def portal_specs(stack: Stack, environ: Mapping[str, str]) -> list[Spec]:
    """Return the portal's processes, started after the set-up is done."""
    python, web, full = sys.executable, web_environ(stack, environ), full_environ(stack, environ)
    gunicorn = ("-m", "gunicorn", "--bind", stack.settings.address.removeprefix("http://"), "--workers", "1")
    threads = (
        "--threads",
        "4",
        "--timeout",
        "120",
        "--graceful-timeout",
        "5",
        "--no-control-socket",
        "wsgi:application",
    )
    ours = {"PYTHONPATH": str(DEPLOYMENT)}
    commands = {
        "web": ((python, *gunicorn, *threads), web),
        "worker": ((str(Path(python).with_name("ckan")), "jobs", "worker"), web),
        "scheduler": ((python, "-m", "stack.scheduler"), full | ours),
    }
    if stack.settings.demo and (DEPLOYMENT / "demo" / "serve.py").is_file():
        port = str(stack.state.get("demo_port"))
        demo = inherited(environ) | ours | {"CITYOPEN_DEMO_PORT": port, "CITYOPEN_DATA": str(stack.layout.data)}
        commands["demo"] = ((python, "-m", "demo.serve"), demo)
    return [
        Spec(name=name, argv=argv, env=env, cwd=DEPLOYMENT, stage=Stage.PORTAL)
        for name, (argv, env) in commands.items()
    ]


def is_external(stack: Stack, name: str) -> bool:
    """Say whether an address was given from outside."""
    return name in stack.settings.external and name in (*DATABASES, REDIS, SOLR)
