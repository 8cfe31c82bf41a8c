"""The group of all commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from disclosure.cli.output import print_error
from disclosure.errors import DisclosureError, LaxerThanLaw, PresetInvalid, SpecInvalid

EXIT_CODES = """\b
Exit codes:
  0   done
  1   a person must look: refused, a claim that fails, an attack that succeeds
  2   wrong call, specification or preset
  75  temporary, such as a full disk; trying again may help
"""
WRONG_CALL = (SpecInvalid, PresetInvalid, LaxerThanLaw)
TEMPORARY = 75

#: command -> module and name; a module is imported when its command is used, so that --help is instant.
COMMANDS = {
    "assess": "look:assess",
    "explain": "look:explain",
    "protect": "make:protect",
    "verify": "check:verify",
    "attack": "check:attack",
    "keys": "keys:keys",
}


class Commands(click.Group):
    """Loads a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """All names, in the order of work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"disclosure.cli.{module}"), name)
        return command


@click.command(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cityopen", prog_name="disclosure")
def cli() -> None:
    """Measure what a table would tell about people, make it safe, and prove the result.

    FILE is Parquet, CSV or Arrow; --spec names a YAML file with the roles of its columns, the preset and the policy.
    Results go to standard output, progress and errors to standard error; --json prints one line for machines.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every known error ends with its sentence and its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code: Any = cli.main(args=given, prog_name="disclosure", standalone_mode=False)
    except DisclosureError as error:
        print_error(error.code, error.params, as_json="--json" in given)
        sys.exit(2 if isinstance(error, WRONG_CALL) else 1)
    except (OSError, MemoryError) as error:
        print_error("machine-failed", {"problem": type(error).__name__}, as_json="--json" in given)
        sys.exit(TEMPORARY)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(TEMPORARY)
    sys.exit(code if isinstance(code, int) else 0)
