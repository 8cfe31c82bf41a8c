"""Writes the secrets docker-compose.yml demands into `.env`, once. Standard library only.

    python3 deployment/compose_env.py

What is demanded is read from the file itself: every ``${NAME:?…}`` in it. A name that is there already keeps its value.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEMANDED = re.compile(r"\$\{([A-Z][A-Z0-9_]*):\?")


def demanded(compose: str) -> list[str]:
    """Return the names a compose file has no default for, in their order, each once."""
    return list(dict.fromkeys(DEMANDED.findall(compose)))


def completed(known: str, names: list[str]) -> str:
    """Return the text of `.env` with a random value for each name it lacks; what is there stays as it is."""
    there = {line.partition("=")[0].strip() for line in known.splitlines() if "=" in line and not line.startswith("#")}
    fresh = [f"{name}={secrets.token_hex(32)}" for name in names if name not in there]
    kept = known if not known or known.endswith("\n") else known + "\n"
    return kept + "".join(f"{line}\n" for line in fresh)


def main(root: Path = ROOT) -> int:
    """Complete `.env`, readable by its owner only; no secret is printed."""
    compose, target = root / "docker-compose.yml", root / ".env"
    if not compose.exists():
        print(f"There is no {compose.name} in {root}.")
        return 2
    known = target.read_text(encoding="utf-8") if target.exists() else ""
    text = completed(known, demanded(compose.read_text(encoding="utf-8")))
    if text == known:
        print(f"{target} has everything already; nothing was changed.")
        return 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"Random secrets are in {target}, readable by you only. Keep a copy: without them the data cannot be opened.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
