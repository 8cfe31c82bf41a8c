"""``ckan datastrategy``: check a city, assess again, set up the publisher, verify the audit chain.

Exit codes: 0 done or nothing to do · 1 a person must look · 2 wrong call or configuration · 75 temporary.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import ckan.plugins.toolkit as tk
import click
from sqlalchemy.exc import OperationalError

from ckanext.datastrategy import chain, publisher
from datastrategy.messages import text

__all__ = ["datastrategy"]

_PERSON, _WRONG, _TEMPORARY = 1, 2, 75
_MARKS = {"met": "+", "partial": "~", "missing": "-"}


def _lang_option(function: Any) -> Any:
    return click.option("--lang", type=click.Choice(["sl", "en"]), default="en", help="Language of the texts.")(
        function
    )


@click.group(short_help="Data strategy: minimum datasets, cases, publisher.")
def datastrategy() -> None:
    """Data strategy: minimum datasets, cases, publisher."""


@datastrategy.command()
@click.argument("organization")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@_lang_option
def check(organization: str, *, as_json: bool, lang: str) -> None:
    """Assess ORGANIZATION (id or name) now, store the result and print it.

    Ends with 1 when a requirement is missing or only partly met.
    """
    _act("datastrategy_reassess", {"organization_ids": [organization]})
    report = _act("datastrategy_report_show", {"organization_id": organization})
    click.echo(json.dumps(report, ensure_ascii=False, indent=2) if as_json else _as_text(report, lang))
    counts = report["counts"]
    raise SystemExit(_PERSON if counts["missing"] or counts["partial"] else 0)


@datastrategy.command()
@click.option("--organization", "organizations", multiple=True, help="Id or name; may be repeated. Default: all.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def reassess(organizations: tuple[str, ...], *, as_json: bool) -> None:
    """Assess all cities, or those named, and open or close their cases. Made for cron: again changes nothing."""
    asked: dict[str, Any] = {"organization_ids": list(organizations)} if organizations else {"all": True}
    result = _act("datastrategy_reassess", asked)
    if as_json:
        click.echo(json.dumps(result))
    else:
        click.echo("{assessed} assessed, {changed} changed, {opened} cases opened, {closed} closed".format_map(result))
    if not result["deliveries_checked"]:
        _stop("The delivery ledger cannot be reached; cases of late deliveries stay as they are.", _TEMPORARY)


@datastrategy.command("init-publisher")
@click.option(
    "--token-file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the API token is written, readable by its owner only.",
)
def init_publisher(token_file: Path) -> None:
    """Create the publisher's user and its API token; again changes nothing."""
    try:
        user = publisher.ensure_user()
        written = publisher.write_token(user, token_file)
    except tk.ValidationError as exc:
        _stop(_sentence(exc), _WRONG)
    except OSError as exc:
        _stop(f"The token file cannot be written: {exc.strerror}", _WRONG)
    click.echo(f"{user.name}: {'token written to' if written else 'token is already in'} {token_file}")


@datastrategy.command("audit-verify")
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="SEQ:HASH",
    help="A head written down earlier; shows that the end of the chain was cut off.",
)
@_lang_option
def audit_verify(heads: tuple[str, ...], *, lang: str) -> None:
    """Verify the audit chain of the cases and print its head."""
    findings = chain.verify([_parsed_head(item) for item in heads])
    for finding in findings:
        click.echo(text(str(finding.slug), {"seq": finding.seq}, lang), err=True)
    seq, digest = chain.head()
    click.echo(f"{seq}:{digest}")
    raise SystemExit(_PERSON if findings else 0)


def _act(action: str, data_dict: dict[str, Any]) -> Any:
    try:
        return tk.get_action(action)({"ignore_auth": True}, data_dict)
    except tk.ObjectNotFound:
        _stop(f"There is no organization {data_dict.get('organization_id')!r}.", _WRONG)
    except tk.ValidationError as exc:
        _stop(_sentence(exc), _WRONG)
    except OperationalError:
        _stop("The database cannot be reached.", _TEMPORARY)


def _sentence(error: tk.ValidationError) -> str:
    # Refusals of ours carry both languages; CKAN's own errors are a dictionary of fields.
    message: Any = error.error_dict.get("message")
    return str(message[0]["en"]) if message else str(error.error_dict)


def _stop(sentence: str, exit_code: int) -> NoReturn:
    click.echo(sentence, err=True)
    raise SystemExit(exit_code)


def _parsed_head(value: str) -> tuple[int, str]:
    seq, _, digest = value.partition(":")
    if not seq.isdigit() or len(digest) != 64:
        raise click.BadParameter("expected SEQ:HASH", param_hint="--head")
    return int(seq), digest


def _as_text(report: dict[str, Any], lang: str) -> str:
    lines = [f"{report['organization']['title']} · {report['profile']['title'][lang]} {report['profile']['version']}"]
    for item in report["verdicts"]:
        mark = _MARKS.get(item["status"], " ")
        lines.append(f" {mark} {item['title'][lang]} [{item['requirement_id']}]: {item['status_text'][lang]}")
        lines += [
            f"     {finding['message'][lang]}"
            for finding in item["findings"]
            if not finding["passed"] and finding["level"] == "must" and item["status"] == "partial"
        ]
    counts = report["counts"]
    lines.append(f"{counts['met']} / {counts['total']}; ~ {counts['partial']}, - {counts['missing']}")
    return "\n".join(lines)
