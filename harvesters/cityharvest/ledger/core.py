"""The ledger as one thing to hand around: settings, database, storage."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from cityharvest.db import Database
from cityharvest.mandate_spec import PresetCheck, disclosure_preset
from cityharvest.settings import Settings
from cityharvest.source_spec import SourceCheck, registered_source
from cityharvest.storage import Storage


class Ledger:
    """Holds a database and a storage, both reached only when they are first needed."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database | None = None,
        storage: Storage | None = None,
        check_preset: PresetCheck = disclosure_preset,
        check_source: SourceCheck = registered_source,
    ) -> None:
        self.settings = settings
        self.database = database or Database(settings.require("database_url"))
        self.check_preset = check_preset
        self.check_source = check_source
        self._storage = storage

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Ledger:
        """Return the ledger that the environment names. Raises ``ConfigurationError``."""
        return cls(Settings.from_environ(environ))

    @classmethod
    def from_settings(cls, settings: Settings) -> Ledger:
        """Return the ledger of these settings. Raises ``ConfigurationError``."""
        return cls(settings)

    @property
    def storage(self) -> Storage:
        """The storage. Raises ``StorageUnavailable`` where it cannot be reached."""
        if self._storage is None:
            self._storage = Storage.from_url(self.settings.require("storage"))
        return self._storage

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session that commits at the end; see ``Database.transaction`` for what it raises."""
        with self.database.transaction() as session:
            yield session

    def __repr__(self) -> str:
        return f"Ledger({self.settings!r})"


_lock = threading.Lock()
_default: dict[str, Any] = {}


def default_ledger() -> Ledger:
    """Return the ledger of this process, made from the environment when first asked for (and again after a fork)."""
    with _lock:
        if _default.get("pid") != os.getpid():
            _default.update(pid=os.getpid(), ledger=Ledger.from_environ())
        ledger: Ledger = _default["ledger"]
        return ledger
