"""``disclosure assess`` and ``disclosure explain``: nothing is written but the officer's report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from disclosure import messages
from disclosure.assess import assess as measure
from disclosure.cli import job as jobs
from disclosure.cli.job import questions
from disclosure.cli.options import (
    file_argument,
    json_option,
    lang_option,
    memory_option,
    report_option,
    site_option,
    spec_option,
)
from disclosure.cli.output import language, print_json, say, step
from disclosure.protect import explain as plan_of
from disclosure.report import build, page
from disclosure.report.lines import risk_lines
from disclosure.report.tradeoff import alternatives
from disclosure.sqltext import ident, one_row


@click.command()
@file_argument
@spec_option
@site_option
@click.option("--population", type=click.IntRange(1), help="Units in the population, where FILE is a sample of it.")
@memory_option
@report_option
@lang_option
@json_option
def assess(
    file: Path,
    spec_file: Path,
    site_file: Path | None,
    population: int | None,
    memory: str,
    report: Path | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Measure what FILE would tell about the units in it. The result is confidential."""
    job = jobs.load(spec_file, site_file)
    with job.opened(file, memory) as (con, relation):
        (rows,) = one_row(con, f"SELECT count(*) FROM {ident(relation)}")
        with step("assess", con, rows):
            risk = measure(con, relation, job.spec, questions(job, population)).as_dict()
    if report:
        report.write_text(page(build(job.spec, job.preset, risk=risk), lang or language()), encoding="utf-8")
    if as_json:
        print_json(risk)
        return
    for line in risk_lines(risk, language()):
        click.echo(line)


@click.command()
@file_argument
@spec_option
@site_option
@memory_option
@report_option
@lang_option
@json_option
def explain(
    file: Path,
    spec_file: Path,
    site_file: Path | None,
    memory: str,
    report: Path | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Say what protecting FILE would publish, at which level, and the share it keeps. The result is confidential."""
    job = jobs.load(spec_file, site_file)
    preset = job.required_preset()
    with job.opened(file, memory) as (con, relation):
        (rows,) = one_row(con, f"SELECT count(*) FROM {ident(relation)}")
        with step("explain", con, rows):
            plan = plan_of(con, relation, job.spec, preset, job.policy, job.site)
            choices = alternatives(con, relation, job.spec, preset, job.policy, job.site, plan)
    if report:
        content = build(job.spec, preset, plan=plan, tradeoff=choices)
        report.write_text(page(content, lang or language()), encoding="utf-8")
    if as_json:
        print_json({**plan.as_dict(), "alternatives": [{"level": c.level, "rows": c.rows} for c in choices]})
        return
    _print_plan(plan.as_dict())


def _print_plan(plan: dict[str, Any]) -> None:
    lang = language()
    say("plan-title", policy=messages.text(f"policy-{plan['policy']}", {}, lang), rows=plan["rows"])
    kept = 0
    for each in plan["steps"]:
        kept += each["rows"]
        share = 100 * kept / plan["rows"] if plan["rows"] else 0.0
        say("plan-step", level=each["level"], cells=each["cells"], rows=each["rows"], share=share)
    for slug in plan["notes"]:
        click.echo(f"  {messages.text(slug, {}, lang)}")
