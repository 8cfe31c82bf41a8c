"""``disclosure keys``: a signing key, and the secret file of the house."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click
import yaml

from disclosure import signing
from disclosure.cli.options import json_option
from disclosure.cli.output import note, print_json, say
from disclosure.errors import SpecInvalid

SIGNING_KEY, PUBLIC_KEY, SITE = "signing.key", "signing.pub", "site.yaml"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--p-percent", type=click.IntRange(1, 100), help="The house's p % rule; secret.")
@click.option("--dominance", nargs=2, type=int, metavar="N PERCENT", help="The house's (n, k) rule; secret.")
@json_option
def keys(folder: Path, p_percent: int | None, dominance: tuple[int, int] | None, as_json: bool) -> None:
    """Make a signing key, its public key, and a site file with a random key in FOLDER. Nothing is overwritten."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    taken = [name for name in (SIGNING_KEY, PUBLIC_KEY, SITE) if (folder / name).exists()]
    if taken:
        raise SpecInvalid("keys-exist", files=taken)
    rules: dict[str, str | int] = {"key": secrets.token_hex(32)}
    if p_percent:
        rules["p_percent"] = p_percent
    if dominance:
        rules |= {"dominance_n": dominance[0], "dominance_percent": dominance[1]}
    private = signing.new_key()
    _write(folder / SIGNING_KEY, private.to_pem())
    _write(folder / SITE, yaml.safe_dump(rules).encode())
    (folder / PUBLIC_KEY).write_bytes(private.public_key().to_pem())
    if as_json:
        print_json({"folder": str(folder), "key_id": private.public_key().key_id})
        return
    say("keys-made", folder=str(folder), key_id=private.public_key().key_id)
    note("keys-keep")


def _write(path: Path, content: bytes) -> None:
    """Readable by its owner only, from the first byte on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
