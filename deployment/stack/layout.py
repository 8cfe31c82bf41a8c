"""Where everything lives: one data folder, one checkout, no other place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = ROOT / "deployment"
DEFAULT_DATA = ROOT / ".cityopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The folders and files of one stack."""

    data: Path
    cache: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Layout:
        """Read CITYOPEN_DATA (default ``.cityopen`` in the checkout) and CITYOPEN_CACHE (default inside it)."""
        given = os.environ if environ is None else environ
        data = Path(given.get("CITYOPEN_DATA") or DEFAULT_DATA).absolute()
        return cls(data=data, cache=Path(given.get("CITYOPEN_CACHE") or data / "cache").absolute())

    def create(self) -> None:
        """Make the folders. As root the data folder stays passable: PostgreSQL runs as a system user below it."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.run, self.logs, self.keys, self.storage, self.harvest_storage, self.work, self.assets):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        self.cache.mkdir(parents=True, exist_ok=True)

    @property
    def run(self) -> Path:
        """Sockets, pid file and the supervisor's status."""
        return self.data / "run"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.data / "logs"

    @property
    def keys(self) -> Path:
        """Identity, site key and the publisher's token."""
        return self.data / "keys"

    @property
    def storage(self) -> Path:
        """CKAN's uploads."""
        return self.data / "uploads"

    @property
    def harvest_storage(self) -> Path:
        """Sealed deliveries and releases."""
        return self.data / "storage"

    @property
    def work(self) -> Path:
        """Scratch of the pipeline."""
        return self.data / "work"

    @property
    def assets(self) -> Path:
        """Scripts and styles made at installation."""
        return self.data / "assets"

    @property
    def solr(self) -> Path:
        """Solr's home and index."""
        return self.data / "solr"

    @property
    def state_file(self) -> Path:
        """What must be remembered between starts."""
        return self.data / "state.json"

    @property
    def secrets_file(self) -> Path:
        """Random passwords and keys."""
        return self.data / "secrets.json"

    @property
    def ckan_ini(self) -> Path:
        """CKAN's configuration, written at every start."""
        return self.data / "ckan.ini"

    @property
    def env_file(self) -> Path:
        """The environment for commands of a person."""
        return self.data / "env"
