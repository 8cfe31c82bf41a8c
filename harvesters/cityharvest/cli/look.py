"""Commands that look and change nothing: state of the ledger, claims of a release, the audit chain."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import click

import disclosure
import disclosure.messages
from cityharvest import api, messages
from cityharvest.cli.output import language, print_json, say
from cityharvest.errors import WrongCall
from cityharvest.ledger import Ledger
from cityharvest.pipeline.house import public_keys
from cityharvest.settings import Settings
from cityharvest.states import DeliveryState

as_json = click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
_OPEN = (DeliveryState.HELD, DeliveryState.REJECTED, DeliveryState.RECEIVED, DeliveryState.RELEASED)


@click.command()
@as_json
def status(as_json: bool) -> None:
    """Show what is late, held, rejected and waiting, and whether database and storage answer."""
    ledger = Ledger.from_environ()
    health = api.health(ledger=ledger)
    known = bool(health.get("database_ok") and health.get("schema_ok"))
    deliveries = api.delivery_list(ledger=ledger) if known else []
    late = api.late(ledger=ledger) if known else []
    counts = Counter(str(one.state) for one in deliveries)
    if as_json:
        open_ones = [_brief(one) for one in deliveries if one.state in _OPEN]
        print_json({**health, "states": dict(counts), "late_deliveries": late, "open": open_ones})
    else:
        _print_status(health, counts, late, [one for one in deliveries if one.state in _OPEN])
    if not health.get("schema_ok") and health.get("database_ok"):
        raise click.exceptions.Exit(2)
    raise click.exceptions.Exit(0 if health.get("ok") else 75)


def _brief(one: api.Delivery) -> dict[str, Any]:
    shown = one.as_dict()
    names = ("id", "mandate_slug", "period", "sequence", "state", "late", "held_reason", "error", "received_at")
    return {name: shown[name] for name in names}


def _print_status(health: Any, counts: Counter[str], late: list[Any], open_ones: list[api.Delivery]) -> None:
    lang = language()
    for service in ("database", "schema", "storage"):
        say(
            "service-ok" if health.get(f"{service}_ok") else "service-down",
            service=messages.text(f"service-{service}", {}, lang),
        )
    for state in DeliveryState:
        if counts[state]:
            click.echo(f"  {messages.text(f'state-{state}', {}, lang)}: {counts[state]}")
    for one in late:
        say("status-late", mandate=one["mandate_slug"], period=one["period"], due=str(one["due_at"])[:10])
    for delivery in open_ones:
        reason = delivery.held_reason or (delivery.error or {}).get("code")
        params = (delivery.error or {}).get("params", {})
        why = messages.text(reason, params, lang) if reason else ""
        name = messages.text(f"state-{delivery.state}", {}, lang)
        click.echo(f"  {delivery.mandate_slug} {delivery.period}: {name} {why}".rstrip())


@click.command()
@click.argument("release")
@as_json
def verify(release: str, as_json: bool) -> None:
    """Recompute the claims of RELEASE (an id, or a folder with its files); exit code 1 when one fails.

    The signature is checked with the key of CITYHARVEST_PUBLIC_KEY_FILE.
    """
    folder = Path(release)
    settings = Settings.from_environ()
    keys = public_keys(settings) if settings.public_key_file else None
    if folder.is_dir():
        claims = disclosure.verify(folder, keys)
    else:
        with tempfile.TemporaryDirectory(prefix="cityharvest-verify-") as scratch:
            claims = disclosure.verify(_stored(release, Path(scratch)), keys)
    holds = disclosure.passes(claims)
    if as_json:
        rows = [{"name": one.name, "status": str(one.status), "detail": dict(one.detail)} for one in claims]
        print_json({"release": release, "passes": holds, "claims": rows})
    else:
        for one in claims:
            click.echo(f"{_mark(one.status)} {disclosure.messages.text(one.name, one.detail, language())}")
        say("release-verified" if holds else "release-fails", release=release)
    raise click.exceptions.Exit(0 if holds else 1)


def _stored(release_id: str, scratch: Path) -> Path:
    """Copy the stored files of a release into a folder."""
    ledger = Ledger.from_environ()
    release = api.release_show(release_id, ledger=ledger)
    if release.withdrawn_at is not None:
        raise WrongCall("release-withdrawn", release=release_id)
    for file in release.files:
        with (
            api.release_file(release_id, file.name, ledger=ledger) as source,
            (scratch / file.name).open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
    return scratch


def _mark(status: disclosure.Status) -> str:
    return {disclosure.Status.HOLDS: "✓", disclosure.Status.FAILS: "✗"}.get(status, "–")


@click.group()
def audit() -> None:
    """The hash-chained audit log."""


@audit.command("verify")
@click.option("--head", "heads", multiple=True, metavar="SEQ:HASH", help="A head noted elsewhere; may be repeated.")
@as_json
def audit_verify(heads: tuple[str, ...], as_json: bool) -> None:
    """Find rows that were changed, removed, reordered or cut off; exit code 1 when there are any."""
    ledger = Ledger.from_environ()
    findings = api.audit_verify([_head(text) for text in heads], ledger=ledger)
    if as_json:
        print_json({"holds": not findings, "findings": findings, "head": api.audit_head(ledger=ledger)})
    else:
        for finding in findings:
            say(finding["slug"], seq=finding["seq"])
        head = api.audit_head(ledger=ledger)
        say("audit-broken" if findings else "audit-holds", head=f"{head['seq']}:{head['hash']}")
    raise click.exceptions.Exit(1 if findings else 0)


def _head(text: str) -> tuple[int, str]:
    seq, _, digest = text.partition(":")
    if not seq.isdigit() or len(digest) != 64:
        raise WrongCall("head-invalid", head=text)
    return int(seq), digest
