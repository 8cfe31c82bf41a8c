"""Settings of the harvester, read once from the environment.

Which process is given which variable is the boundary between fetching, processing and publishing, therefore
nothing here has a fallback for a secret: asking for a setting this process was not given raises.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

from cityharvest.errors import ConfigurationError

PREFIX: Final = "CITYHARVEST_"
DUCKDB_MEMORY: Final = "1GB"
#: Plaintext bytes of one part; a day of a large utility is far below it.
MAX_BYTES: Final = 4 * 1024**3
#: A worker that shows no sign of life for this long loses its lease.
LEASE_SECONDS: Final = 300
#: An object no ledger row names is removed after this age; longer than any upload takes.
SWEEP_AFTER_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this process was told. Secrets are paths of files, never values (the database URL is hidden in repr)."""

    database_url: str | None = field(default=None, repr=False)
    storage: str | None = None
    recipient: str | None = None
    identity_file: Path | None = None
    site_key_file: Path | None = None
    disclosure_file: Path | None = None
    signing_key_file: Path | None = None
    public_key_file: Path | None = None
    ckan_url: str | None = None
    ckan_token_file: Path | None = None
    allowed_private: frozenset[str] = frozenset()
    work: Path | None = None
    duckdb_memory: str = DUCKDB_MEMORY
    max_bytes: int = MAX_BYTES
    lease_seconds: int = LEASE_SECONDS
    sweep_after_seconds: int = SWEEP_AFTER_SECONDS

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read every ``CITYHARVEST_*`` variable; empty ones count as absent.

        Raises:
            ConfigurationError: ``setting-invalid``, a number is not a positive whole number or an exception
                to the private addresses is not ``host:port``.
        """
        source = os.environ if environ is None else environ
        given = {one.name: source.get(PREFIX + one.name.upper(), "").strip() for one in fields(cls)}
        return cls(
            database_url=given["database_url"] or None,
            storage=given["storage"] or None,
            recipient=given["recipient"] or None,
            identity_file=_path(given["identity_file"]),
            site_key_file=_path(given["site_key_file"]),
            disclosure_file=_path(given["disclosure_file"]),
            signing_key_file=_path(given["signing_key_file"]),
            public_key_file=_path(given["public_key_file"]),
            ckan_url=given["ckan_url"].rstrip("/") or None,
            ckan_token_file=_path(given["ckan_token_file"]),
            allowed_private=_hosts(given["allowed_private"]),
            work=_path(given["work"]),
            duckdb_memory=given["duckdb_memory"] or DUCKDB_MEMORY,
            max_bytes=_positive("max_bytes", given["max_bytes"], MAX_BYTES),
            lease_seconds=_positive("lease_seconds", given["lease_seconds"], LEASE_SECONDS),
            sweep_after_seconds=_positive("sweep_after_seconds", given["sweep_after_seconds"], SWEEP_AFTER_SECONDS),
        )

    def require(self, name: str) -> str:
        """Return a text setting.

        Raises:
            ConfigurationError: ``setting-missing``, this process was not given it.
        """
        value = getattr(self, name)
        if value is None:
            raise ConfigurationError(name=PREFIX + name.upper())
        return str(value)

    def require_path(self, name: str) -> Path:
        """Return a path setting; raises as ``require`` does."""
        return Path(self.require(name))


def _path(value: str) -> Path | None:
    return Path(value) if value else None


def _hosts(value: str) -> frozenset[str]:
    hosts = frozenset(part.strip().lower() for part in value.split(",") if part.strip())
    for host in hosts:
        name, _, port = host.rpartition(":")
        if not name or not port.isdigit() or not 0 < int(port) < 65_536:
            raise ConfigurationError("setting-invalid", name=f"{PREFIX}ALLOWED_PRIVATE", value=host)
    return hosts


def _positive(name: str, value: str, default: int) -> int:
    if not value:
        return default
    if not value.isdigit() or int(value) == 0:
        raise ConfigurationError("setting-invalid", name=PREFIX + name.upper(), value=value)
    return int(value)
