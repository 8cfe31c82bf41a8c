"""Sets an installation up, or brings it up to date: the same script for `make up` and compose's `init`.

Every step may run again. It reads CKAN_INI, CKAN's and the harvester's addresses from the environment, and, only
here, CITYOPEN_POSTGRES_ADMIN_URL (a superuser's address; without it roles and databases must exist).

    python3 deployment/init.py [--databases]      with --databases only databases, tables and permissions
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stack import database_setup, keys
from stack.process import wait_until
from stack.readiness import answers_postgres
from stack.say import StackError, say

#: In compose the databases may come later than this.
PATIENCE_S = 120.0


def main() -> int:
    """Run all steps in order; the first that fails ends the set-up with a sentence."""
    try:
        set_up(databases_only="--databases" in sys.argv[1:])
    except StackError as error:
        say(f"The set-up stopped: {error}")
        return 1
    return 0


def set_up(*, databases_only: bool) -> None:
    """Databases, migrations (the ledger first), permissions, sysadmin, publisher, assets."""
    admin_url = os.environ.get("CITYOPEN_POSTGRES_ADMIN_URL")
    names = (database_setup.CKAN, database_setup.WRITE, database_setup.READ, database_setup.LEDGER)
    missing = [name for name in ("CKAN_INI", *names) if not os.environ.get(name)]
    if missing:
        raise StackError(f"the environment lacks {', '.join(missing)}.")
    urls = {name: os.environ[name] for name in names}
    wait_for_database(admin_url or urls[database_setup.CKAN])
    ensure_pipeline_keys()
    if admin_url:
        say("  Roles and databases.")
        database_setup.create_databases(admin_url, urls)
    say("  Tables of the delivery ledger.")
    upgrade_ledger(urls[database_setup.LEDGER])
    say("  Tables of CKAN and its extensions.")
    run("ckan", "db", "upgrade")
    say("  Permissions of the DataStore.")
    database_setup.set_datastore_permissions(urls, admin_url)
    if databases_only:
        return
    ensure_admin()
    plugins = enabled_plugins()
    if "datastrategy" in plugins:
        say("  The publisher's account and token.")
        run("ckan", "datastrategy", "init-publisher", "--token-file", os.environ["CITYHARVEST_CKAN_TOKEN_FILE"])
    if "cityopen" in plugins:
        say("  Scripts and styles.")
        run("ckan", "cityopen", "build-assets")


def wait_for_database(url: str) -> None:
    """Wait for the server.

    Raises:
        StackError: it does not answer.
    """
    if not wait_until(lambda: answers_postgres(database_setup.plain(url)), PATIENCE_S, 0.5):
        raise StackError("PostgreSQL does not answer, or refuses the account of CKAN_SQLALCHEMY_URL.")


def upgrade_ledger(url: str) -> None:
    """Do what `cityharvest db upgrade` does.

    Raises:
        StackError: the schema is newer than this code.
    """
    from sqlalchemy import create_engine

    from cityharvest.errors import HarvestError
    from cityharvest.migrations import upgrade

    engine = create_engine(url)
    try:
        upgrade(engine)
    except HarvestError as error:
        raise StackError(f"the delivery ledger cannot be upgraded ({error}).") from error
    finally:
        engine.dispose()


def ensure_pipeline_keys() -> None:
    """Make identity, recipient and site key in the folder of CITYHARVEST_IDENTITY_FILE."""
    identity = os.environ.get("CITYHARVEST_IDENTITY_FILE")
    if identity:
        keys.ensure_keys(Path(identity).parent)


def ensure_admin() -> None:
    """Make the sysadmin once; a password made here is printed here and kept nowhere, a given one is not repeated."""
    name = os.environ.get("CITYOPEN_ADMIN") or "admin"
    given = os.environ.get("CITYOPEN_ADMIN_PASSWORD")
    password = given or secrets.token_urlsafe(15)
    program = "from init import make_admin; make_admin()"
    environ = {"CITYOPEN_ADMIN": name, "CITYOPEN_ADMIN_PASSWORD": password, "PYTHONPATH": str(Path(__file__).parent)}
    made = run(sys.executable, "-c", program, **environ)
    if "sysadmin-made" in made:
        shown = "with the password that was given" if given else f"password {password} - shown only now, keep it"
        say(f"  The sysadmin is '{name}', {shown}.")


def make_admin() -> None:
    """Inside CKAN: make the sysadmin of the environment unless there is one already."""
    from ckan import model
    from ckan.cli import CKANConfigLoader
    from ckan.config.middleware import make_app
    from ckan.plugins import toolkit

    app: Any = make_app(CKANConfigLoader(os.environ["CKAN_INI"]).get_config())
    with app._wsgi_app.test_request_context():  # noqa: SLF001
        known = model.Session.query(model.User).filter_by(sysadmin=True, state="active")
        if known.filter(model.User.name != toolkit.config["ckan.site_id"]).count():
            return
        name = os.environ["CITYOPEN_ADMIN"]
        site_user = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
        toolkit.get_action("user_create")(
            {"user": site_user, "ignore_auth": True},
            {"name": name, "email": f"{name}@localhost.invalid", "password": os.environ["CITYOPEN_ADMIN_PASSWORD"]},
        )
        model.Session.query(model.User).filter_by(name=name).update({"sysadmin": True})
        model.Session.commit()
    say("sysadmin-made")


def enabled_plugins() -> list[str]:
    """Return the plugins of the configuration file."""
    from configparser import ConfigParser

    parser = ConfigParser(interpolation=None)
    parser.read(os.environ["CKAN_INI"], encoding="utf-8")
    return parser.get("app:main", "ckan.plugins", fallback="").split()


def run(program: str, *words: str, **environ: str) -> str:
    """Run a command beside this interpreter and return its output.

    Raises:
        StackError: it failed; the message has the end of what it said.
    """
    beside = Path(sys.executable).parent / program
    command: Sequence[str] = [str(beside) if beside.exists() else program, *words]
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"`{program} {' '.join(words)}` failed:\n{(done.stdout + done.stderr).strip()[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
