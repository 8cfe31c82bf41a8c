"""Keys of the pipeline, and its secret rules.

Only `process` has the age identity, the site key, the signing key and the secret rules of disclosure control. Their
public halves are the recipient that deliveries are sealed for, and the key that proofs are checked with.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from stack.private_files import write_private

IDENTITY = "identity.txt"
RECIPIENT = "recipient.txt"
SITE_KEY = "site-key.txt"
DISCLOSURE = "disclosure.yaml"
SIGNING_KEY = "signing-key.pem"
PUBLIC_KEY = "public-key.pem"
#: Which of them nobody but the owner may read.
SECRET = (IDENTITY, SITE_KEY, DISCLOSURE, SIGNING_KEY)
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
    if not (folder / DISCLOSURE).exists():
        write_private(folder / DISCLOSURE, secret_rules())
    _ensure_signing_key(folder)
    found = x25519.Identity.from_str(current(identity.read_text(encoding="utf-8")))
    recipient = str(found.to_public())
    write_private(folder / RECIPIENT, recipient + "\n")
    return recipient


def secret_rules() -> str:
    """Return fresh secret rules of disclosure control: sensible, and not the same in two houses.

    The operator may change them before the first release of business data; whoever knows them can narrow an estimate.
    """
    return (
        "# Secret rules of disclosure control. Never publish them; keep the file readable by its owner only.\n"
        "# p %: nobody may estimate a contribution to within this share of it.\n"
        f"p_percent: {8 + secrets.randbelow(8)}\n"
        "# (n, k): the n largest contributors may hold at most k % of a total.\n"
        "dominance_n: 2\n"
        f"dominance_percent: {80 + secrets.randbelow(10)}\n"
    )


def _ensure_signing_key(folder: Path) -> None:
    from disclosure.signing import load_key, new_key

    private = folder / SIGNING_KEY
    if not private.exists():
        write_private(private, new_key().to_pem().decode("ascii"))
    own = load_key(private).public_key().to_pem().decode("ascii")
    public = folder / PUBLIC_KEY
    # Keys of earlier releases stay in the file behind the present one.
    known = public.read_text(encoding="ascii") if public.exists() else ""
    if own not in known:
        write_private(public, own + known)


def current(identities: str) -> str:
    """Return the first identity of a file in age-keygen's form: older keys follow it, comments start with #.

    >>> current("# public key: age1…\\nAGE-SECRET-KEY-2\\nAGE-SECRET-KEY-1\\n")
    'AGE-SECRET-KEY-2'
    """
    lines = (line.strip() for line in identities.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")
