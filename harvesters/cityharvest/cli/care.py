"""Commands that keep the house: schema, keys, purge, sweep, and taking a release back."""

from __future__ import annotations

import getpass
import os
import secrets
from pathlib import Path

import click

from cityharvest import ledger as books
from cityharvest import migrations, seal
from cityharvest.cli.output import print_json, say
from cityharvest.cli.portal import portal_api
from cityharvest.errors import ConfigurationError, WrongCall
from cityharvest.ledger import Ledger
from cityharvest.retract import retract as retract_release
from disclosure import signing

as_json = click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")


def person() -> str:
    """Return who acts, for the audit chain: the operating system's user behind this command."""
    return f"cli:{os.environ.get('SUDO_USER') or getpass.getuser()}"


@click.group()
def database() -> None:
    """The ledger's schema."""


@database.command()
def upgrade() -> None:
    """Create or upgrade the schema; again changes nothing."""
    ledger = Ledger.from_environ()
    migrations.upgrade(ledger.database.engine)
    say("schema-current", version=str(migrations.current(ledger.database.engine)))


@database.command()
@as_json
def current(as_json: bool) -> None:
    """Show the version of the schema; exit code 2 when it is not the one this program needs."""
    ledger = Ledger.from_environ()
    found = migrations.current(ledger.database.engine)
    if as_json:
        print_json({"schema": found})
    migrations.require_current(ledger.database.engine)
    if not as_json:
        say("schema-current", version=str(found))


@click.command()
@click.argument("release_id")
@click.option("--reason", required=True, help="Kept in the tombstone, never shown to the public.")
@as_json
def retract(release_id: str, reason: str, as_json: bool) -> None:
    """Withdraw RELEASE_ID: DataStore table, files and index entry go in one run; a tombstone stays."""
    ledger = Ledger.from_environ()
    result = retract_release(ledger, portal_api(ledger.settings), release_id, reason, person())
    if as_json:
        print_json(result.as_dict())
    else:
        say("retracted", release=release_id, files=result.files_removed)


@click.command()
@as_json
def purge(as_json: bool) -> None:
    """Remove raw parts whose retention has ended; every purge is a row of the audit chain."""
    purged = books.purge_due(Ledger.from_environ())
    if as_json:
        print_json({"purged": purged})
    else:
        say("purged", count=len(purged))


@click.command()
@as_json
def sweep(as_json: bool) -> None:
    """Remove stored objects that a killed process left and no delivery or release names."""
    removed = books.sweep(Ledger.from_environ())
    if as_json:
        print_json({"removed": removed})
    else:
        say("swept", count=len(removed))


@click.group()
def keys() -> None:
    """Keys of the pipeline."""


@keys.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def generate(folder: Path) -> None:
    """Write identity.txt, site-key.txt, signing-key.pem (0600) and public-key.pem into FOLDER; print the recipient.

    Existing keys are never replaced: a lost identity makes every sealed delivery unreadable.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity_file, site_key_file = folder / "identity.txt", folder / "site-key.txt"
    signing_key_file, public_key_file = folder / "signing-key.pem", folder / "public-key.pem"
    if any(file.exists() for file in (identity_file, site_key_file, signing_key_file, public_key_file)):
        raise WrongCall("keys-exist", folder=str(folder))
    identity, recipient = seal.generate()
    _write_private(identity_file, f"# public key: {recipient}\n{identity}\n")
    _write_private(site_key_file, secrets.token_hex(32) + "\n")
    key = signing.new_key()
    _write_private(signing_key_file, key.to_pem().decode("ascii"))
    public_key_file.write_bytes(key.public_key().to_pem())
    click.echo(recipient)


def _write_private(path: Path, text: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError("file-unwritable", name=str(path)) from error
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(text)
