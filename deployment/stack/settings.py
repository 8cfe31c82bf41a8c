"""What a person chose for this stack, and which services are somebody else's.

Read from the environment; a choice that was made once (port, demo) is remembered, so that a later plain `make up`
neither moves the portal nor fills an installation in use with demo data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stack.ports import parse_port
from stack.private_files import State
from stack.say import StackError

DEFAULT_PORT = 5000
#: Variables that point a part at an external service; their names are CKAN's own and the harvester's.
DATABASES = (
    "CKAN_SQLALCHEMY_URL",
    "CKAN_DATASTORE_WRITE_URL",
    "CKAN_DATASTORE_READ_URL",
    "CITYHARVEST_DATABASE_URL",
)
REDIS = "CKAN_REDIS_URL"
SOLR = "CKAN_SOLR_URL"
PLUGINS = (
    "cityopen datastrategy scheming_datasets scheming_organizations dcat structured_data spatial_metadata "
    "spatial_query datastore datatables_view activity"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Choices and external addresses."""

    port: int
    demo: bool
    site_url: str
    plugins: str
    admin_name: str
    external: Mapping[str, str]

    @property
    def address(self) -> str:
        """Where the portal listens on this machine."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def own_postgres(self) -> bool:
        """Whether the stack's own PostgreSQL is needed."""
        return not any(name in self.external for name in DATABASES)

    @property
    def own_redis(self) -> bool:
        """Whether the stack's own Redis is needed."""
        return REDIS not in self.external

    @property
    def own_solr(self) -> bool:
        """Whether the stack's own Solr is needed."""
        return SOLR not in self.external


def read_settings(environ: Mapping[str, str], state: State) -> Settings:
    """Return the choices in the environment, else the remembered ones, else the defaults.

    Raises:
        StackError: the port is not one, or only some of the databases are external.
    """
    check_databases(environ)
    port = parse_port(environ.get("CITYOPEN_PORT") or str(state.get("port") or DEFAULT_PORT), "CITYOPEN_PORT")
    demo = environ.get("DEMO") or str(state.get("demo") or "1")
    return Settings(
        port=port,
        demo=demo not in ("0", "no", "false"),
        site_url=(environ.get("CITYOPEN_SITE_URL") or f"http://127.0.0.1:{port}").rstrip("/"),
        plugins=environ.get("CITYOPEN_PLUGINS") or PLUGINS,
        admin_name=environ.get("CITYOPEN_ADMIN") or "admin",
        external={name: environ[name] for name in (*DATABASES, REDIS, SOLR) if environ.get(name)},
    )


def check_databases(environ: Mapping[str, str]) -> None:
    """Refuse a half: roles and permissions reach across all four databases' addresses.

    Raises:
        StackError: some are given and some are not.
    """
    missing = [name for name in DATABASES if not environ.get(name)]
    if missing and len(missing) < len(DATABASES):
        raise StackError(f"An external PostgreSQL needs all its addresses; {', '.join(missing)} is missing.")


def remember(settings: Settings, state: State) -> None:
    """Keep the choices for the next start."""
    state.set(port=settings.port, demo="1" if settings.demo else "0")
