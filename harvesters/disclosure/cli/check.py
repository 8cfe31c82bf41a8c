"""``disclosure verify`` and ``disclosure attack``: what can be found out about a release."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from disclosure import messages, signing
from disclosure.attacks import from_folder, run_all
from disclosure.attacks.core import Result, Truth, Verdict
from disclosure.claims.core import Claim, Status
from disclosure.cli.job import budget_store
from disclosure.cli.make import file_sha256
from disclosure.cli.options import (
    against_option,
    budget_option,
    json_option,
    local_time_option,
    memory_option,
    public_key_option,
    release_argument,
    site_option,
)
from disclosure.cli.output import language, print_json, say
from disclosure.recheck import opened_input, verify_against
from disclosure.site import NO_SITE, SiteRules
from disclosure.verify import passes
from disclosure.verify import verify as verify_public

_MARKS = {Status.HOLDS: "✓", Status.FAILS: "✗", Status.CANNOT: "–"}
_ATTACK_MARKS = {Verdict.SURVIVED: "✓", Verdict.BROKEN: "✗", Verdict.NOT_APPLICABLE: "–"}
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@release_argument
@public_key_option
@against_option
@local_time_option
@site_option
@budget_option
@memory_option
@json_option
def verify(
    release: Path,
    public_key: Path | None,
    against: Path | None,
    local_time: str | None,
    site_file: Path | None,
    budget_file: Path | None,
    memory: str,
    as_json: bool,
) -> None:
    """Recompute what RELEASE claims; with --against also from the input, by other code than made it."""
    key = signing.load_public_key(public_key) if public_key else None
    answers = verify_public(release, key)
    if against:
        site = SiteRules.from_file(site_file) if site_file else NO_SITE
        digest = file_sha256(against) if site.key else None
        with opened_input(release, against, memory, local_time=local_time) as (con, relation):
            budget = budget_store(budget_file)
            answers += verify_against(release, con, relation, site, input_sha256=digest, budget=budget)
    holds = passes(answers)
    if as_json:
        print_json({"release": str(release), "passes": holds, "claims": [_claim(each) for each in answers]})
    else:
        for each in answers:
            click.echo(f"{_MARKS[each.status]} {messages.text(each.name, each.detail, language())}")
        say("release-holds" if holds else "release-does-not-hold", release=release.name)
    raise click.exceptions.Exit(0 if holds else 1)


def _claim(each: Claim) -> dict[str, object]:
    return {"name": each.name, "status": str(each.status), "detail": dict(each.detail)}


@click.command()
@release_argument
@click.option("--linked", type=_FOLDER, multiple=True, help="Another release of the same units.")
@click.option("--earlier", type=_FOLDER, multiple=True, help="An earlier release of the same subject.")
@against_option
@local_time_option
@site_option
@memory_option
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the simulated intruders.")
@json_option
def attack(
    release: Path,
    linked: Sequence[Path],
    earlier: Sequence[Path],
    against: Path | None,
    local_time: str | None,
    site_file: Path | None,
    memory: str,
    seed: int,
    as_json: bool,
) -> None:
    """Try to break RELEASE by all attacks that apply; with --against their success is judged by the input."""
    site = SiteRules.from_file(site_file) if site_file else NO_SITE
    with ExitStack() as stack:
        truth = None
        if against:
            con, relation = stack.enter_context(opened_input(release, against, memory, local_time=local_time))
            truth = Truth(con=con, relation=relation)
        target = from_folder(
            release,
            linked=linked,
            earlier=earlier,
            site=site,
            truth=truth,
        )
        results = run_all(target, seed=seed)
    broken = [each for each in results if each.verdict is Verdict.BROKEN]
    if as_json:
        print_json({"release": str(release), "broken": len(broken), "attacks": [_attack(each) for each in results]})
    else:
        _print_attacks(results)
        say("attacks-succeeded" if broken else "attacks-failed", broken=len(broken), tried=_tried(results))
    raise click.exceptions.Exit(1 if broken else 0)


def _tried(results: Sequence[Result]) -> int:
    return sum(each.verdict is not Verdict.NOT_APPLICABLE for each in results)


def _attack(each: Result) -> dict[str, object]:
    return {
        "attack": each.attack,
        "verdict": str(each.verdict),
        "reason": each.reason,
        "figures": {name: str(value) for name, value in each.figures.items()},
    }


def _print_attacks(results: Sequence[Result]) -> None:
    lang = language()
    for each in results:
        name = messages.text(f"attack-{each.attack}", {}, lang)
        why = f": {messages.text(each.reason, {}, lang)}" if each.reason else ""
        figures = ", ".join(f"{key} {value}" for key, value in each.figures.items())
        click.echo(f"{_ATTACK_MARKS[each.verdict]} {name}{why}{f' ({figures})' if figures else ''}")
