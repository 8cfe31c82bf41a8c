"""The facade: the only module of ``cityharvest`` that the portal imports (with ``messages``, re-exported here).

Every function takes ``ledger=``; without it the ledger of this process is made lazily from the environment.
What comes back are frozen values of ``cityharvest.records``. Authorization is the caller's: these functions note
``actor`` and ``sender`` in the audit chain, they do not judge them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from cityharvest import errors, messages
from cityharvest.errors import Category, HarvestError
from cityharvest.ledger import decisions, deliveries, intake, mandates, overview, plans, releases, reports, sources
from cityharvest.ledger.core import Ledger, default_ledger
from cityharvest.mandate_spec import MandateSpec
from cityharvest.periods import Cadence, Period
from cityharvest.records import Attempt, Decision, Delivery, Mandate, Part, Release, ReleaseFile, Source, Step
from cityharvest.settings import Settings
from cityharvest.states import DeliveryState

__all__ = [
    "Attempt",
    "Cadence",
    "Category",
    "Decision",
    "Delivery",
    "DeliveryState",
    "HarvestError",
    "Ledger",
    "Mandate",
    "MandateSpec",
    "Part",
    "Period",
    "Release",
    "ReleaseFile",
    "Settings",
    "Source",
    "Step",
    "append_part",
    "audit_head",
    "audit_verify",
    "begin_parts",
    "decide",
    "default_ledger",
    "delivery_list",
    "delivery_show",
    "errors",
    "finish_parts",
    "health",
    "late",
    "mandate_create",
    "mandate_list",
    "mandate_show",
    "mandate_update",
    "messages",
    "nil",
    "plan",
    "published_for",
    "receive",
    "release_file",
    "release_show",
    "source_create",
    "source_list",
    "source_update",
]


def mandate_create(spec: MandateSpec | Mapping[str, Any], actor: str, *, ledger: Ledger | None = None) -> Mandate:
    """Create a mandate.

    Raises:
        MandateInvalid: with every problem found (``contract-invalid``, ``unit-missing``,
            ``preset-laxer-than-law``, ``slug-taken``, …).
    """
    return mandates.create(_of(ledger), spec, actor)


def mandate_update(mandate_id: str, changes: Mapping[str, Any], actor: str, *, ledger: Ledger | None = None) -> Mandate:
    """Change a mandate (id or slug). Company, lead city, cadence, time zone, slug and start stay as they are.

    A change of contract or preset takes back the approval of the first release.

    Raises:
        MandateInvalid: the changed mandate would not be valid, or a field is fixed (``field-fixed``).
        NotFound: no such mandate.
    """
    return mandates.update(_of(ledger), mandate_id, changes, actor)


def mandate_show(mandate_id: str, *, ledger: Ledger | None = None) -> Mandate:
    """Return a mandate by id or slug. Raises ``NotFound``."""
    return mandates.show(_of(ledger), mandate_id)


def mandate_list(
    organization_id: str | None = None, company_id: str | None = None, *, ledger: Ledger | None = None
) -> list[Mandate]:
    """Return mandates by slug: those that cover or are led by a city, those of a company, or all."""
    return mandates.listing(_of(ledger), organization_id=organization_id, company_id=company_id)


def source_create(
    mandate_id: str, kind: str, config: Mapping[str, Any], actor: str, *, ledger: Ledger | None = None
) -> Source:
    """Add a source to a mandate; its kind checks ``config``.

    Raises:
        MandateInvalid: unknown kind or a configuration the kind refuses.
        NotFound: no such mandate.
    """
    return sources.create(_of(ledger), mandate_id, kind, config, actor)


def source_list(mandate_id: str | None = None, *, ledger: Ledger | None = None) -> list[Source]:
    """Return the sources of one mandate (id or slug), or all."""
    return sources.listing(_of(ledger), mandate_id)


def source_update(
    source_id: str,
    actor: str,
    *,
    config: Mapping[str, Any] | None = None,
    enabled: bool | None = None,
    ledger: Ledger | None = None,
) -> Source:
    """Change the configuration of a source, or switch it off and on."""
    return sources.update(_of(ledger), source_id, actor, config=config, enabled=enabled)


def plan(now: datetime | None = None, *, ledger: Ledger | None = None) -> list[Delivery]:
    """Create the ``due`` delivery of every period that has begun; return the new ones. Idempotent."""
    return plans.plan(_of(ledger), now)


def receive(
    mandate: str | Mandate,
    period: str | Period,
    stream: BinaryIO,
    sender: str,
    *,
    filename: str | None = None,
    expected_sha256: str | None = None,
    ledger: Ledger | None = None,
) -> Delivery:
    """Take in one file: the one door for pull and push.

    The stream is sealed while it is read; plaintext is never written anywhere. The same bytes again for the
    current sequence change nothing. After ``rejected``, ``nil`` or ``published`` other bytes open the next
    sequence.

    Args:
        mandate: id, slug or value.
        period: key, such as ``2026-10``, or value.
        stream: anything with ``read(n)``; read once, to its end.
        sender: who sends it, for the audit chain (a user id, or ``source:<id>``).
        filename: as the sender calls it; shown, never used as a path.
        expected_sha256: of the plaintext, hexadecimal, as the sender computed it.
        ledger: see the module.

    Returns:
        The delivery, in state ``received`` (or as it stands, when the bytes were already there).

    Raises:
        ReceiveRefused: ``checksum-mismatch``, ``checksum-invalid``, ``delivery-too-large``, ``delivery-empty``,
            ``period-outside-mandate``, ``period-not-begun``. The delivery stays as it was.
        ReceiveInterrupted: the stream broke off.
        StateError: ``delivery-in-progress`` or ``delivery-withdrawn``.
        StorageUnavailable, LedgerUnavailable: try again.
    """
    arrival = intake.Arrival(stream=stream, sender=sender, filename=filename, expected_sha256=expected_sha256)
    return intake.receive(_of(ledger), mandate, period, arrival)


def nil(
    mandate: str | Mandate, period: str | Period, reason: str, sender: str, *, ledger: Ledger | None = None
) -> Delivery:
    """Note that there is nothing to report for a period. Again changes nothing.

    Raises:
        StateError: data for the period is already there.
    """
    return intake.nil(_of(ledger), mandate, period, reason, sender)


def begin_parts(
    mandate: str | Mandate, period: str | Period, sender: str, *, reopen: bool = False, ledger: Ledger | None = None
) -> Delivery:
    """Return the ``due`` delivery that parts are collected for.

    Args:
        mandate: id, slug or value.
        period: key or value.
        sender: who collects, for the audit chain.
        reopen: open the next sequence where the last one ended (``rejected``, ``nil``, ``published``).
        ledger: see the module.

    Raises:
        StateError: the delivery is no longer ``due`` and may not be reopened.
    """
    return intake.begin_parts(_of(ledger), mandate, period, sender, reopen=reopen)


def append_part(
    delivery_id: str,
    stream: BinaryIO,
    sender: str,
    *,
    filename: str | None = None,
    label: str | None = None,
    expected_sha256: str | None = None,
    ledger: Ledger | None = None,
) -> Part:
    """Seal one more part onto a ``due`` delivery.

    A part with the same ``label``, or with the same bytes as the one before it, is returned as it is.
    Raises as ``receive`` does.
    """
    arrival = intake.Arrival(
        stream=stream, sender=sender, filename=filename, expected_sha256=expected_sha256, label=label
    )
    return intake.append_part(_of(ledger), delivery_id, arrival)


def finish_parts(delivery_id: str, sender: str, *, ledger: Ledger | None = None) -> Delivery:
    """Close the list of parts: ``due`` becomes ``received``. Again changes nothing.

    Raises:
        ReceiveRefused: ``delivery-empty``, there is no part; ``raw-purged``, one is already purged.
    """
    return intake.finish_parts(_of(ledger), delivery_id, sender)


def delivery_show(delivery_id: str, *, ledger: Ledger | None = None) -> Delivery:
    """Return a delivery with parts, attempts, decisions, release and history. Raises ``NotFound``."""
    return deliveries.show(_of(ledger), delivery_id)


def delivery_list(
    mandate_ids: Sequence[str] | None = None,
    company_id: str | None = None,
    lead: str | None = None,
    states: Iterable[str] | None = None,
    *,
    period: str | None = None,
    limit: int = 1000,
    offset: int = 0,
    ledger: Ledger | None = None,
) -> list[Delivery]:
    """Return deliveries, newest period first, without parts and history.

    Args:
        mandate_ids: ids or slugs; an empty list gives nothing.
        company_id: only those this company owes.
        lead: only those of mandates led by this city.
        states: only these.
        period: only this key.
        limit: at most so many.
        offset: after so many.
        ledger: see the module.
    """
    return deliveries.listing(
        _of(ledger),
        mandate_ids=mandate_ids,
        company_id=company_id,
        lead=lead,
        states=states,
        period=period,
        limit=limit,
        offset=offset,
    )


def decide(delivery_id: str, decision: str, actor: str, reason: str, *, ledger: Ledger | None = None) -> Delivery:
    """Decide about a held delivery: ``approve`` returns it to where it was held, ``refuse`` rejects it.

    Raises:
        StateError: it is not held; ``correction-unsafe``, publishing this correction would expose somebody.
        WrongCall: another decision, or no reason given.
    """
    return decisions.decide(_of(ledger), delivery_id, decision, actor, reason)


def release_show(release_id: str, *, ledger: Ledger | None = None) -> Release:
    """Return a release. Raises ``NotFound``."""
    return releases.show(_of(ledger), release_id)


def release_file(release_id: str, name: str, *, ledger: Ledger | None = None) -> BinaryIO:
    """Open a file of a release for reading. Raises ``NotFound``, also after a withdrawal."""
    return releases.open_file(_of(ledger), release_id, name)


def disclosure_report(delivery_id: str, *, ledger: Ledger | None = None) -> dict[str, Any]:
    """Return the officer's report of a delivery's candidate: CONFIDENTIAL, exact figures. Raises ``NotFound``."""
    return reports.show(_of(ledger), delivery_id)


def disclosure_report_html(delivery_id: str, lang: str, *, ledger: Ledger | None = None) -> str:
    """Return the officer's report as a piece of HTML, in ``sl`` or ``en``: CONFIDENTIAL. Raises ``NotFound``."""
    # Imported when needed: the package brings its engine, which other pages do without.
    from disclosure.report import fragment

    return fragment(reports.show(_of(ledger), delivery_id), lang)


def published_for(organization_id: str, *, ledger: Ledger | None = None) -> list[dict[str, Any]]:
    """Return ``{dataset_id, mandate_id, release_id, period}`` of everything published that covers a city."""
    return overview.published_for(_of(ledger), organization_id)


def late(now: datetime | None = None, *, ledger: Ledger | None = None) -> list[dict[str, Any]]:
    """Return what is overdue: mandate_id, mandate_slug, delivery_id, period, organization_ids, company_id, due_at.

    Args:
        now: another time than the database's; for tests.
        ledger: see the module.
    """
    return overview.late(_of(ledger), now)


def audit_head(*, ledger: Ledger | None = None) -> dict[str, Any]:
    """Return ``{seq, hash}`` of the last row of the audit chain."""
    return overview.audit_head(_of(ledger))


def audit_verify(heads: Iterable[tuple[int, str]] = (), *, ledger: Ledger | None = None) -> list[dict[str, Any]]:
    """Verify the ledger's audit chain; an empty list means that it holds.

    Args:
        heads: heads known from outside; those of release proofs and run summaries are always added.
        ledger: see the module.
    """
    return overview.audit_verify(_of(ledger), heads)


def health(*, ledger: Ledger | None = None) -> dict[str, Any]:
    """Return ``{ok, database_ok, schema_ok, schema_found, schema_expected, storage_ok, waiting_events, held, late}``.

    Never raises for a service that is down.
    """
    return overview.health(_of(ledger))


def _of(ledger: Ledger | None) -> Ledger:
    return ledger if ledger is not None else default_ledger()
