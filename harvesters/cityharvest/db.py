"""The ledger's database: an engine made lazily and per process, transactions, the database's clock.

Ages, leases and due dates are judged by ``clock_timestamp()`` of the database, never by a machine's own clock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, create_engine, func, literal, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from cityharvest import migrations
from cityharvest.errors import LedgerUnavailable

#: A lock held for so long means that something hangs; the caller tries again later.
CONNECT = {"options": "-c timezone=UTC -c lock_timeout=60000 -c application_name=cityharvest", "connect_timeout": 10}


class Database:
    """A lazily made engine. A forked child makes its own, connections are never shared between processes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._pid = 0
        self._current = False

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        if self._engine is None or self._pid != os.getpid():
            if self._engine is not None:
                self._engine.dispose(close=False)
            self._engine = create_engine(self._url, pool_pre_ping=True, pool_size=5, connect_args=CONNECT)
            self._pid = os.getpid()
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session; commit at the end, roll back on any error.

        Raises:
            SchemaOutdated: the schema is not the one of this code.
            LedgerUnavailable: the database cannot be reached, or a lock was not given in time.
        """
        with translated():
            if not self._current:
                migrations.require_current(self.engine)
                self._current = True
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session

    def dispose(self) -> None:
        """Close the connections of this process."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None
        self._current = False


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors of a lost or busy database into ``LedgerUnavailable``."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise LedgerUnavailable(error=type(error).__name__) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise LedgerUnavailable(error=type(error).__name__) from error
        raise


def clock() -> ColumnElement[datetime]:
    """Return the SQL expression of the database's time at this moment."""
    return func.clock_timestamp()


def seconds_from_now(seconds: float) -> ColumnElement[Any]:
    """Return the SQL expression of the database's time so many seconds from now (negative: ago)."""
    return func.clock_timestamp() + literal(timedelta(seconds=seconds))


def now(session: Session) -> datetime:
    """Return the database's time, in UTC."""
    return session.execute(select(clock())).scalar_one().astimezone(UTC)
