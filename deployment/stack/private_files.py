"""Files that only their owner may read, replaced in one step."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

#: Secrets of a stack; every one is random and made once.
NAMES = (
    "secret_key",
    "csrf_key",
    "token_key",
    "postgres_superuser",
    "postgres_ckan",
    "postgres_datastore_rw",
    "postgres_datastore_ro",
    "postgres_cityharvest",
)


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600; a reader sees the old or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def load_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an absent or torn file is an empty one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def ensure_secrets(path: Path) -> dict[str, str]:
    """Return the secrets, making those that do not exist yet. Hexadecimal, so that they fit into an address."""
    known = load_json(path)
    missing = [name for name in NAMES if not known.get(name)]
    if missing:
        known |= {name: secrets.token_hex(32) for name in missing}
        write_private(path, json.dumps(known, indent=1))
    return {name: str(known[name]) for name in NAMES}


class State:
    """What a stack remembers between starts: ports, short socket folders, what was set up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = load_json(path)

    def get(self, name: str) -> Any:
        """Return a remembered value or None."""
        return self._values.get(name)

    def set(self, **values: Any) -> None:
        """Remember values; nothing is written when they are the same."""
        if any(self._values.get(name) != value for name, value in values.items()):
            self._values |= values
            write_private(self._path, json.dumps(self._values, indent=1, sort_keys=True))
