"""Words, JSON and progress of the command line: results on standard output, the rest on standard error."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import click
import duckdb

from disclosure import messages
from disclosure.report.numbers import number

FIRST_TICK_S: Final = 2.0
LONGEST_TICK_S: Final = 30.0


def language() -> str:
    """Return ``sl`` or ``en``: ``DISCLOSURE_LANG`` first, then the locale; English when neither says."""
    asked = os.environ.get("DISCLOSURE_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "sl" if asked.lower().startswith("sl") else "en"


def say(slug: str, **params: Any) -> None:
    """Print a sentence on standard output."""
    click.echo(messages.text(slug, _readable(params), language()))


def note(slug: str, **params: Any) -> None:
    """Print a sentence on standard error, where it does not disturb ``--json``."""
    click.echo(messages.text(slug, _readable(params), language()), err=True)


def print_json(value: Any) -> None:
    """Print one line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))


def print_error(code: str, params: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what went wrong and how to mend it; with the code for machines where asked for."""
    click.echo(messages.text(code, params, language()), err=True)
    if as_json:
        both = {lang: messages.text(code, params, lang) for lang in ("sl", "en")}
        print_json({"error": {"code": code, "params": dict(params)}, "message": both})


@contextmanager
def step(slug: str, con: duckdb.DuckDBPyConnection, rows: int) -> Iterator[None]:
    """Tell when a long step begins, how far it is while it lasts, and its rate at the end.

    Args:
        slug: name of the step; its text is ``step-<slug>``.
        con: the connection that works; asked for its progress from another thread.
        rows: rows of the input, for the rate.
    """
    name = messages.text(f"step-{slug}", {}, language())
    note("progress-begins", step=name, rows=rows)
    started, over = time.monotonic(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(con, name, over, started), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    seconds = max(time.monotonic() - started, 1e-6)
    note("progress-ends", step=name, seconds=seconds, rate=int(rows / seconds))


def _watch(con: duckdb.DuckDBPyConnection, name: str, over: threading.Event, started: float) -> None:
    """Print a line now and then, at first soon; what the engine says of itself counts for one query only."""
    tick_s = FIRST_TICK_S
    while not over.wait(tick_s):
        tick_s = min(tick_s * 2, LONGEST_TICK_S)
        percent = con.query_progress()
        shown = f"{percent:.0f}" if percent >= 0 else "–"
        note("progress-goes-on", step=name, percent=shown, seconds=time.monotonic() - started)
        sys.stderr.flush()


def _readable(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: number(value, language()) for name, value in params.items()}
