"""Words and JSON of the command line: results on standard output, progress and errors on standard error."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from cityharvest import messages
from cityharvest.errors import HarvestError

_QUIET_S = 1.0
_SLOVENE_SEPARATORS = str.maketrans(",.", ".,")


def language() -> str:
    """Return ``sl`` or ``en``: ``CITYHARVEST_LANG`` first, then the locale; English when neither says."""
    asked = os.environ.get("CITYHARVEST_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "sl" if asked.lower().startswith("sl") else "en"


def say(code: str, **params: Any) -> None:
    """Print a sentence of the message tables on standard output."""
    click.echo(messages.text(code, params, language()))


def note(code: str, **params: Any) -> None:
    """Print a sentence on standard error, where it does not disturb ``--json``."""
    click.echo(messages.text(code, params, language()), err=True)


def print_json(value: Any) -> None:
    """Print one line of JSON: a caller reads the last line."""
    click.echo(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))


def print_error(error: HarvestError, *, as_json: bool) -> None:
    """Print what went wrong: the sentence on standard error, and the code for machines where asked for."""
    click.echo(messages.text(error.code, error.params, language()), err=True)
    for problem in error.as_dict().get("problems", ()):
        line = messages.text(problem["code"], problem["params"], language())
        click.echo(f"  {problem['field']}: {line}", err=True)
    if as_json:
        print_json({"error": error.as_dict(), "message": messages.both(error.code, error.params)})


class Reporter:
    """Progress of long work on standard error: a line for each step, and rates not more often than once a second."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, event: str, params: dict[str, Any]) -> None:
        """Print a step; steps of the kind ``…-rate`` are thinned out."""
        now = time.monotonic()
        if event.endswith("-rate") and now - self._last < _QUIET_S:
            return
        self._last = now
        note(f"progress-{event}", **_readable(params))
        sys.stderr.flush()


def _readable(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(value) for name, value in params.items()}


def _number(value: Any) -> Any:
    """Whole numbers with the separators of the language, seconds with one decimal."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return text if language() == "en" else text.translate(_SLOVENE_SEPARATORS)
