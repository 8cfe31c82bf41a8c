"""``disclosure protect``: from a file to a signed release, through the gate, or to the reason why there is none."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import Any

import click
import duckdb

from disclosure import release as releases
from disclosure import signing
from disclosure.assess import assess as measure
from disclosure.cli import job as jobs
from disclosure.cli.job import questions
from disclosure.cli.options import (
    budget_option,
    file_argument,
    json_option,
    lang_option,
    memory_option,
    report_option,
    site_option,
    spec_option,
)
from disclosure.cli.output import language, note, print_json, say, step
from disclosure.errors import SpecInvalid
from disclosure.gate import Cleared, gate
from disclosure.proof import input_hmac
from disclosure.protect import explain as plan_of
from disclosure.protect import protect as make_candidate
from disclosure.report import build, page
from disclosure.report.tradeoff import alternatives
from disclosure.site import SiteRules
from disclosure.sqltext import ident, one_row


@click.command()
@file_argument
@spec_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the release; must not exist.")
@click.option("--signing-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@site_option
@budget_option
@memory_option
@report_option
@lang_option
@json_option
def protect(
    file: Path,
    spec_file: Path,
    out: Path,
    signing_key: Path,
    site_file: Path | None,
    budget_file: Path | None,
    memory: str,
    report: Path | None,
    lang: str | None,
    as_json: bool,
) -> None:
    """Make FILE safe, let the gate count it again and attack it, and write a signed release."""
    job = jobs.load(spec_file, site_file).with_budget(budget_file)
    key = signing.load_key(signing_key)
    cleared, officers = _clear(job, file, memory, wanted=report is not None)
    proof = releases.write(
        out,
        cleared,
        cleared.spec,
        cleared.preset,
        release_id=str(uuid.uuid4()),
        input_hmac=_input_hmac(file, job.site),
        extra={},
        signing_key=key,
    )
    if report:
        report.write_text(page(officers, lang or language()), encoding="utf-8")
    if as_json:
        print_json({"release": str(out), "release_id": proof.release_id, "rows": cleared.protected.table.num_rows})
        return
    say("release-made", folder=str(out), rows=cleared.protected.table.num_rows)
    note("release-check", folder=str(out))


def _clear(job: jobs.Job, file: Path, memory: str, *, wanted: bool) -> tuple[Cleared, dict[str, Any]]:
    """What the gate let through, and the officer's report where it is wanted."""
    preset = job.required_preset()
    with job.opened(file, memory) as (con, relation):
        (rows,) = one_row(con, f"SELECT count(*) FROM {ident(relation)}")
        with step("protect", con, rows):
            protected = make_candidate(con, relation, job.spec, preset, job.policy, job.site)
        with step("gate", con, rows):
            cleared = gate(con, relation, protected, job.spec, preset, job.site)
        if not wanted:
            return cleared, {}
        # Under differential privacy a report with figures would spend what the budget does not know of.
        known = {} if job.policy.name == "dp" else _measured(job, con, relation, rows)
        return cleared, build(job.spec, preset, protected, attacks=cleared.attacks, **known)


def _measured(job: jobs.Job, con: duckdb.DuckDBPyConnection, relation: str, rows: int) -> dict[str, Any]:
    rule = (job.required_preset(), job.policy, job.site)
    with step("assess", con, rows):
        risk = measure(con, relation, job.spec, questions(job)).as_dict()
        plan = plan_of(con, relation, job.spec, *rule)
        return {"risk": risk, "plan": plan, "tradeoff": alternatives(con, relation, job.spec, *rule, plan)}


def _input_hmac(file: Path, site: SiteRules) -> str:
    """Bind the proof to the input without letting anybody test guesses about it."""
    if site.key is None:
        raise SpecInvalid("site-key-needed")
    return input_hmac(site.key, file_sha256(file))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
