"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from disclosure.engine import DEFAULT_MEMORY

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

file_argument = click.argument("file", type=_FILE)
release_argument = click.argument("release", type=_FOLDER)
spec_option = click.option("--spec", "spec_file", type=_FILE, required=True, help="YAML: roles, preset, policy.")
site_option = click.option("--site", "site_file", type=_FILE, help="Secret rules and key of the house (mode 0600).")
memory_option = click.option("--memory", default=DEFAULT_MEMORY, show_default=True, help="Limit of the engine.")
json_option = click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
report_option = click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the officer's report as HTML; confidential.",
)
lang_option = click.option("--lang", type=click.Choice(["sl", "en"]), help="Language of the report.")
against_option = click.option("--against", type=_FILE, help="The input: count it again (private).")
public_key_option = click.option("--public-key", type=_FILE, help="Whose signature the proof must carry.")
local_time_option = click.option("--local-time", metavar="ZONE", help="Time zone of times without an offset.")
budget_option = click.option(
    "--budget",
    "budget_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Store of privacy budgets; for the policy dp only. Never roll it back.",
)
