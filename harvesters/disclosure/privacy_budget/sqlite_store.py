"""The budget store in one SQLite file: charge and noisy output in the same transaction, or neither.

Boundary: knows bytes and prices, no tables and no noise. Decisions depend on earlier charges alone, never on data.
A file of the account that runs the pipeline, readable by it only: outputs that were never released lie in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from disclosure.errors import DisclosureRefused
from disclosure.privacy_budget.account import Account, Request, Stored

WAIT_SECONDS: Final = 600
"""A writer waits this long for another one, which may be drawing noise for a large table."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS account (
    name TEXT, start TEXT, until TEXT NOT NULL, rho_total TEXT NOT NULL, PRIMARY KEY (name, start)
) STRICT;
CREATE TABLE IF NOT EXISTS charge (
    name TEXT, start TEXT, delivery TEXT, query TEXT NOT NULL, rho TEXT NOT NULL, output BLOB NOT NULL,
    PRIMARY KEY (name, start, delivery), FOREIGN KEY (name, start) REFERENCES account
) STRICT;
"""


class SqliteStore:
    """A `BudgetStore` in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch(mode=0o600, exist_ok=True)
        with closing(self._connect()) as con:
            con.execute("PRAGMA journal_mode = WAL")
            con.executescript(_SCHEMA)

    def __repr__(self) -> str:
        return "SqliteStore(…)"

    def spend(self, account: Account, request: Request, draw: Callable[[], bytes]) -> Stored:
        """See `BudgetStore.spend`."""
        with self._transaction() as con:
            _open(con, account)
            known = _find(con, account, request.delivery)
            if known is None:
                check_affordable(con, account, request)
                _insert(con, account, request, draw())
        # Read back after the commit: what is returned is what is stored.
        stored = self.find(account, request.delivery)
        if stored is None or (stored.query, stored.rho) != (request.query, request.rho):
            raise DisclosureRefused("dp-delivery-asked-otherwise", delivery=request.delivery)
        return stored

    def find(self, account: Account, delivery: str) -> Stored | None:
        """See `BudgetStore.find`."""
        with closing(self._connect()) as con:
            return _find(con, account, delivery)

    def spent(self, account: Account) -> Decimal:
        """The sum of all charges of an account."""
        with closing(self._connect()) as con:
            return _spent(con, account)

    def _connect(self) -> sqlite3.Connection:
        con = sqlite3.connect(self._path, timeout=WAIT_SECONDS, isolation_level=None)
        con.execute("PRAGMA synchronous = FULL")
        con.execute("PRAGMA foreign_keys = ON")
        return con

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as con:
            # IMMEDIATE: the balance that is read is the one that is charged, whoever else wants to.
            con.execute("BEGIN IMMEDIATE")
            try:
                yield con
            except BaseException:
                con.execute("ROLLBACK")
                raise
            con.execute("COMMIT")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _open(con: sqlite3.Connection, account: Account) -> None:
    """Open the account, or find it as it was opened; windows of one name must not overlap."""
    start, until = _text(account.start), _text(account.end)
    rows = con.execute(
        "SELECT start, until, rho_total FROM account WHERE name = ? AND start < ? AND until > ?",
        (account.name, until, start),
    ).fetchall()
    if not rows:
        con.execute("INSERT INTO account VALUES (?, ?, ?, ?)", (account.name, start, until, str(account.rho_total)))
    elif [(row[0], row[1], Decimal(row[2])) for row in rows] != [(start, until, account.rho_total)]:
        raise DisclosureRefused("dp-budget-differs", account=account.name)


def _spent(con: sqlite3.Connection, account: Account) -> Decimal:
    key = (account.name, _text(account.start))
    rows = con.execute("SELECT rho FROM charge WHERE name = ? AND start = ?", key)
    return sum((Decimal(row[0]) for row in rows), Decimal(0))


def check_affordable(con: sqlite3.Connection, account: Account, request: Request) -> None:
    """Refuse what the account cannot pay; decided by earlier charges alone."""
    left = account.rho_total - _spent(con, account)
    if request.rho > left:
        raise DisclosureRefused("dp-budget-exhausted", account=account.name, asked=str(request.rho), left=str(left))


def _insert(con: sqlite3.Connection, account: Account, request: Request, output: bytes) -> None:
    values = (account.name, _text(account.start), request.delivery, request.query, str(request.rho), output)
    con.execute("INSERT INTO charge VALUES (?, ?, ?, ?, ?, ?)", values)


def _find(con: sqlite3.Connection, account: Account, delivery: str) -> Stored | None:
    row = con.execute(
        "SELECT output, query, rho FROM charge WHERE name = ? AND start = ? AND delivery = ?",
        (account.name, _text(account.start), delivery),
    ).fetchone()
    return None if row is None else Stored(output=row[0], query=row[1], rho=Decimal(row[2]))
