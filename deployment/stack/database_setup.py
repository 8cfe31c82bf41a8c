"""Roles, databases, the ledger's schema and DataStore permissions, from the addresses CKAN itself uses.

Every statement may run again. The superuser's address is known only during the set-up; where a managed server
gives none, roles and databases are expected to exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

from stack.say import StackError

SCHEMA = "cityharvest"
CKAN = "CKAN_SQLALCHEMY_URL"
WRITE = "CKAN_DATASTORE_WRITE_URL"
READ = "CKAN_DATASTORE_READ_URL"
LEDGER = "CITYHARVEST_DATABASE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Role, password and database of a database address."""

    role: str
    password: str
    database: str


def parse(url: str) -> Address:
    """Return the parts of an address that a set-up needs."""
    parts = urlsplit(url)
    return Address(
        role=unquote(parts.username or ""), password=unquote(parts.password or ""), database=parts.path.strip("/")
    )


def at_database(url: str, database: str) -> str:
    """Return the same address with another database."""
    return urlunsplit(urlsplit(plain(url))._replace(path=f"/{database}"))


def plain(url: str) -> str:
    """Return an address without SQLAlchemy's driver name, as libpq reads it."""
    scheme, rest = url.split("://", 1)
    return f"{scheme.partition('+')[0]}://{rest}"


def create_databases(admin_url: str, urls: Mapping[str, str]) -> None:
    """Make roles (with their current passwords), databases, and the ledger's schema."""
    ckan, write, read, ledger = (parse(urls[name]) for name in (CKAN, WRITE, READ, LEDGER))
    with closing(psycopg2.connect(plain(admin_url))) as connection:
        connection.autocommit = True
        for address in {one.role: one for one in (ckan, write, read, ledger)}.values():
            _role(connection, address)
        for database, owner, guests in (
            (ckan.database, ckan.role, [ledger.role]),
            (write.database, write.role, [ckan.role, read.role]),
        ):
            _database(connection, database, owner, guests)
    statements: Sequence[tuple[str, Mapping[str, str]]] = (
        ("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {ledger}", {"schema": SCHEMA, "ledger": ledger.role}),
        ("REVOKE ALL ON SCHEMA public FROM PUBLIC", {}),
        ("GRANT ALL ON SCHEMA public TO {ckan}", {"ckan": ckan.role}),
    )
    _execute(at_database(admin_url, parse(urls[LEDGER]).database), statements[:1])
    _execute(at_database(admin_url, ckan.database), statements[1:])


def create_database(admin_url: str, database: str, owner: str) -> None:
    """Make one more database for a role that exists."""
    with closing(psycopg2.connect(plain(admin_url))) as connection:
        connection.autocommit = True
        _database(connection, database, owner, [])


def set_datastore_permissions(urls: Mapping[str, str], admin_url: str | None) -> None:
    """Run CKAN's own script of DataStore permissions; its client command `\\connect` is what we do ourselves.

    Raises:
        StackError: nobody with the right to do so ever ran it.
    """
    from ckanext.datastore.cli import permissions_sql

    ckan, write, read = (parse(urls[name]) for name in (CKAN, WRITE, READ))
    script = permissions_sql(
        maindb=ckan.database,
        datastoredb=write.database,
        mainuser=ckan.role,
        writeuser=write.role,
        readuser=read.role,
    )
    text = "\n".join(line for line in script.splitlines() if not line.startswith("\\connect"))
    url = at_database(admin_url, write.database) if admin_url else plain(urls[WRITE])
    try:
        with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(text)
    except psycopg2.errors.InsufficientPrivilege as error:
        if _has_permissions(plain(urls[WRITE])):
            return
        raise StackError(
            "The DataStore's permissions need a superuser once: give his address as CITYOPEN_POSTGRES_ADMIN_URL, "
            "or run `ckan datastore set-permissions` and feed its output to psql."
        ) from error


def _has_permissions(url: str) -> bool:
    """Say whether a superuser has run the script: its last part makes a function of this name."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_proc WHERE proname = 'populate_full_text_trigger'")
        return cursor.fetchone() is not None


def _role(connection: Any, address: Address) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [address.role])
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        statement = sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}")
        cursor.execute(statement.format(sql.Identifier(address.role), sql.Literal(address.password)))


def _database(connection: Any, database: str, owner: str, guests: Sequence[str]) -> None:
    """Make a database that only its owner and the named guests may connect to."""
    name = sql.Identifier(database)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if not cursor.fetchone():
            made = "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0"
            cursor.execute(sql.SQL(made).format(name, sql.Identifier(owner)))
        cursor.execute(sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))
        for guest in guests:
            cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(guest)))


def _execute(url: str, statements: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        for text, names in statements:
            cursor.execute(sql.SQL(text).format(**{key: sql.Identifier(name) for key, name in names.items()}))
