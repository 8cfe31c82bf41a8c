"""Keys of the pipeline: the age identity (only `process` has it), its public recipient, the site key."""

from __future__ import annotations

import secrets
from pathlib import Path

from stack.private_files import write_private

IDENTITY = "identity.txt"
RECIPIENT = "recipient.txt"
SITE_KEY = "site-key.txt"
TOKEN = "publisher-token.txt"  # noqa: S105  (a file's name)


def ensure_keys(folder: Path) -> str:
    """Make what is missing and return the recipient, the public half that web and fetchers hold."""
    from pyrage import x25519  # pyright: ignore[reportAttributeAccessIssue]  (no stub)

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    identity = folder / IDENTITY
    if not identity.exists():
        write_private(identity, f"{x25519.Identity.generate()}\n")
    site_key = folder / SITE_KEY
    if not site_key.exists():
        write_private(site_key, secrets.token_hex(32) + "\n")
    found = x25519.Identity.from_str(current(identity.read_text(encoding="utf-8")))
    recipient = str(found.to_public())
    write_private(folder / RECIPIENT, recipient + "\n")
    return recipient


def current(identities: str) -> str:
    """Return the first identity of a file in age-keygen's form: older keys follow it, comments start with #.

    >>> current("# public key: age1…\\nAGE-SECRET-KEY-2\\nAGE-SECRET-KEY-1\\n")
    'AGE-SECRET-KEY-2'
    """
    lines = (line.strip() for line in identities.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")
