"""The group of all commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from cityharvest.cli.output import print_error
from cityharvest.errors import HarvestError
from cityharvest.traces import places

EXIT_CODES = """\b
Exit codes:
  0   done, or nothing to do
  1   a person must look (rejected, held, a claim that fails)
  2   wrong call or configuration
  75  temporary; the next run tries again
"""

#: command -> module and name; a module is imported when its command is used, so that --help is instant.
COMMANDS = {
    "run": "runs:run",
    "plan": "runs:plan",
    "fetch": "runs:fetch",
    "process": "runs:process",
    "publish": "runs:publish",
    "dry-run": "trial:dry_run",
    "status": "look:status",
    "verify": "look:verify",
    "audit": "look:audit",
    "retract": "care:retract",
    "purge": "care:purge",
    "sweep": "care:sweep",
    "db": "care:database",
    "keys": "care:keys",
    "send": "send:send",
}


class Commands(click.Group):
    """Loads a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"cityharvest.cli.{module}"), name)
        return command


@click.command(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cityopen", prog_name="cityharvest")
def cli() -> None:
    """Fetch, check, protect and publish what companies owe to cities.

    Settings come from the environment (CITYHARVEST_DATABASE_URL, CITYHARVEST_STORAGE, …). Results go to standard
    output, progress and errors to standard error; --json prints one line for machines.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every known error ends with its sentence and its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code: Any = cli.main(args=given, prog_name="cityharvest", standalone_mode=False)
    except HarvestError as error:
        print_error(error, as_json="--json" in given)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(75)
    except Exception as error:  # noqa: BLE001 - a bug of ours: its place is shown, its text may quote data
        click.echo(f"{type(error).__name__}: {places(error)}", err=True)
        print_error(HarvestError("unexpected"), as_json="--json" in given)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
