"""Commands that move deliveries: the run that cron starts, and the three stages it starts as children."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import click

from cityharvest import ledger as books
from cityharvest.cli.output import Reporter, language, print_json, say
from cityharvest.cli.portal import portal_api
from cityharvest.ledger import Ledger
from cityharvest.messages import text
from cityharvest.pipeline.run import RunPlan, due_run, source_run
from cityharvest.pipeline.worker import Stop, Summary, quiet, worker_name
from cityharvest.runner import Children

as_json = click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
mandate_option = click.option("--mandate", help="Only this mandate (id or slug).")
period_option = click.option("--period", help="Only this period, such as 2026-10.")


@click.command()
@click.argument("source", required=False)
@click.option("--due", is_flag=True, help="Everything that is due now; for cron.")
@period_option
@click.option("--follow", is_flag=True, help="Stay with a source that is collected bit by bit until its day is over.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 16), help="Sources fetched at once.")
@as_json
def run(source: str | None, due: bool, period: str | None, follow: bool, jobs: int, as_json: bool) -> None:
    """Plan, fetch, process and publish; SOURCE is the id of a source, or the slug of a mandate with one source.

    Each stage is a process of its own with only the settings it may hold. Any number of runs may work at the same
    time, on any number of machines: each delivery is worked on by one of them. SIGTERM lets the present delivery end.
    """
    if due == (source is not None):
        raise click.UsageError("Give either --due or SOURCE.")
    ledger = Ledger.from_environ()
    children = Children()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, children.stop)
    if source is None:
        result = due_run(ledger, children, jobs=jobs)
    else:
        result = source_run(ledger, children, RunPlan(source=source, period=period, follow=follow))
    if as_json:
        print_json(result)
    else:
        _print_run(result)
    raise click.exceptions.Exit(result["exit_code"])


def _print_run(result: dict[str, Any]) -> None:
    counted: dict[str, int] = {}
    for child in result["stages"]:
        for outcome, times in child.get("outcomes", {}).items():
            counted[outcome] = counted.get(outcome, 0) + times
        for error in child.get("errors", ()):
            click.echo(f"  {text(error['code'], error['params'], language())}", err=True)
    words = ", ".join(f"{outcome} {times}" for outcome, times in sorted(counted.items()))
    head = result["audit_head"]
    say(
        "run-summary",
        run=result["run_id"][:8],
        outcomes=words or text("nothing-to-do", {}, language()),
        head=f"{head['seq']}:{head['hash'][:12]}…",
    )


@click.command()
@click.option("--source", help="Only this source (id), also before its time.")
@period_option
@click.option("--follow", is_flag=True, help="Stay until the source's period is over.")
@as_json
def fetch(source: str | None, period: str | None, follow: bool, as_json: bool) -> None:
    """Stage 1: bring deliveries from their sources and seal them on arrival."""
    from cityharvest.pipeline.fetch import run_fetch

    ledger = Ledger.from_environ()
    _stage(
        "fetch",
        as_json,
        lambda worker, stop, progress: run_fetch(
            ledger, worker=worker, stop=stop, source_id=source, period=period, follow=follow, progress=progress
        ),
    )


@click.command()
@mandate_option
@period_option
@as_json
def process(mandate: str | None, period: str | None, as_json: bool) -> None:
    """Stage 2: unseal, check, protect, pass the gate, release. Needs the identity and the site key."""
    from cityharvest.pipeline.process import run_process

    ledger = Ledger.from_environ()
    _stage(
        "process",
        as_json,
        lambda worker, stop, progress: run_process(
            ledger, worker=worker, stop=stop, mandate_id=mandate, period=period, progress=progress
        ),
    )


@click.command()
@mandate_option
@period_option
@as_json
def publish(mandate: str | None, period: str | None, as_json: bool) -> None:
    """Stage 3: releases and events to the portal. Needs the publisher's token."""
    from cityharvest.pipeline.publish import run_publish

    ledger = Ledger.from_environ()
    portal = portal_api(ledger.settings)
    _stage(
        "publish",
        as_json,
        lambda worker, stop, progress: run_publish(
            ledger, portal, worker=worker, stop=stop, mandate_id=mandate, period=period, progress=progress
        ),
    )


def _stage(stage: str, as_json: bool, work: Callable[..., Summary]) -> None:
    stop = Stop()
    stop.listen()
    summary = work(
        worker_name(stage), stop, Reporter() if not as_json or click.get_text_stream("stderr").isatty() else quiet
    )
    if as_json:
        print_json(summary.as_dict())
    else:
        for item in summary.items:
            click.echo("  ".join(f"{name}={value}" for name, value in item.items()))
        for error in summary.errors:
            click.echo(text(error["code"], error["params"], language()), err=True)
    raise click.exceptions.Exit(summary.exit_code)


@click.command()
@as_json
def plan(as_json: bool) -> None:
    """Open the delivery of every period that has begun, and note what has become late; ``run --due`` begins with it."""
    created = books.plan(Ledger.from_environ())
    if as_json:
        print_json({"planned": [one.as_dict() for one in created]})
    else:
        say("planned", count=len(created))
