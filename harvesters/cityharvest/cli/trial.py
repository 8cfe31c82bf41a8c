"""``cityharvest dry-run``: what would become of a delivery, without writing anything anywhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from cityharvest.cli.output import language, print_json, say
from cityharvest.ledger import Ledger
from cityharvest.messages import text
from cityharvest.pipeline.run import find_source
from cityharvest.pipeline.trial import Trial, try_source
from cityharvest.workspace import workspace


@click.command("dry-run")
@click.argument("source")
@click.option("--period", help="Such as 2026-10; otherwise the last one that is over, for a feed the present one.")
@click.option("--limit", type=click.IntRange(1), help="Look at so many rows of a file, or snapshots of a feed.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
def dry_run(source: str, period: str | None, limit: int | None, as_json: bool) -> None:
    """Fetch once from SOURCE, check and protect it, and say what would happen. Nothing is stored.

    Exit code 1 when the delivery would be rejected or held.
    """
    ledger = Ledger.from_environ()
    source_id, _mandate_id = find_source(ledger, source)
    root = ledger.settings.work or Path(tempfile.gettempdir()) / "cityharvest-work"
    with workspace(root) as folder:
        result = try_source(ledger, source_id, period, folder, limit=limit)
    if as_json:
        print_json(result.as_dict())
    else:
        _print(result)
    raise click.exceptions.Exit(0 if result.passes else 1)


def _print(result: Trial) -> None:
    for finding in result.findings:
        click.echo(f"  {text(str(finding['code']), finding, language())}")
    if result.error is not None:
        reason = text(str(result.error["code"]), result.error["params"], language())
        say("trial-refused", reason=reason)
    elif not result.rows:
        say("trial-outcome", period=result.period, outcome=result.outcome)
    else:
        say("trial-clean", rows=result.rows, cells=result.cells, withheld=result.withheld)
