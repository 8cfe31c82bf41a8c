"""May this table be public beside everything that was? Decided while the raw bytes behind it are still there.

Whoever kept an earlier release holds both tables. So a correction is compared with every release of its period that was
ever published; what can no longer be compared is not safe: then the first release stands, with an erratum note. And
the tables of other mandates about the same people (same company, same ``subject``, a period that overlaps) are checked
for differencing, which refuses the candidate outright.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityharvest import ledger as books
from cityharvest.errors import ContractBroken, ObjectMissing, SealBroken
from cityharvest.ledger import Ledger
from cityharvest.ledger.deliveries import show
from cityharvest.ledger.releases import open_file
from cityharvest.models import DeliveryRow, MandateRow, ReleaseRow
from cityharvest.pipeline.relation import load_relation
from cityharvest.pipeline.specification import subject_of
from cityharvest.publisher.ids import PARQUET
from cityharvest.records import Delivery, Mandate, Release
from disclosure import (
    DisclosureRefused,
    Preset,
    Protected,
    SiteRules,
    Spec,
    policy_dict,
    policy_from,
    protect,
    safe_correction,
)
from disclosure.claims.stated import known_preset
from disclosure.history import PublishedRelease, check_against_history

RAW_PURGED = "earlier-raw-purged"
RULES_CHANGED = "earlier-other-rules"
NOT_COMPARABLE = "earlier-not-comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The candidate: its input, what became of it, and by which rules."""

    relation: str
    protected: Protected
    spec: Spec
    preset: Preset


def judge_history(
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    delivery: Delivery,
    mandate: Mandate,
    folder: Path,
    side: Side,
    site: SiteRules,
) -> dict[str, Any] | None:
    """Return ``{safe_correction, reason, compared_with}``, or None where nothing was published for the period.

    Raises:
        DisclosureRefused: the table would reveal somebody beside another mandate's table about the same people.
    """
    with ledger.transaction() as session:
        own = _ever_published(session, delivery)
        others = _of_subject(session, delivery, mandate)
    _check_others(con, ledger, delivery, mandate, folder, side, site, others)
    verdict: dict[str, Any] | None = None
    for number, earlier in enumerate(own):
        safe, reason = _compare(con, ledger, earlier, mandate, folder, side, site, f"earlier_{number}")
        verdict = {"safe_correction": safe, "reason": reason, "compared_with": earlier.id}
        if not safe:
            return verdict
    return verdict


def _ever_published(session: Session, delivery: Delivery) -> list[Release]:
    query = (
        select(ReleaseRow)
        .join(DeliveryRow)
        .where(
            DeliveryRow.mandate_id == delivery.mandate_id,
            DeliveryRow.period_key == delivery.period,
            DeliveryRow.sequence < delivery.sequence,
            ReleaseRow.published_at.is_not(None),
        )
        .order_by(DeliveryRow.sequence)
    )
    return [books.release_value(row) for row in session.scalars(query)]


def _of_subject(session: Session, delivery: Delivery, mandate: Mandate) -> list[tuple[Mandate, Release]]:
    """Return what other mandates of the same company have published about the same people and time.

    What was withdrawn belongs to it: whoever kept a copy can still subtract it.
    """
    query = (
        select(ReleaseRow, MandateRow)
        .join(DeliveryRow, DeliveryRow.id == ReleaseRow.delivery_id)
        .join(MandateRow, MandateRow.id == DeliveryRow.mandate_id)
        .where(
            MandateRow.company_organization_id == mandate.company_organization_id,
            MandateRow.id != mandate.id,
            ReleaseRow.published_at.is_not(None),
            DeliveryRow.period_start < delivery.period_end,
            DeliveryRow.period_end > delivery.period_start,
        )
        .order_by(ReleaseRow.created_at)
    )
    found = [(books.mandate_value(other), books.release_value(row)) for row, other in session.execute(query)]
    return [(other, release) for other, release in found if subject_of(other) == subject_of(mandate)]


def _check_others(
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    delivery: Delivery,
    mandate: Mandate,
    folder: Path,
    side: Side,
    site: SiteRules,
    others: list[tuple[Mandate, Release]],
) -> None:
    if not others:
        return
    subject = subject_of(mandate)
    candidate = PublishedRelease.of(
        side.protected, side.spec, side.preset, release_id=delivery.id, subject=subject, period=delivery.period
    )
    inputs: dict[str, str] = {}
    for number, (other, release) in enumerate(others):
        relation = _input(con, ledger, release, other, folder, f"linked_{number}")
        if relation is not None:
            inputs[release.id] = relation
    earlier = []
    for _, release in others:
        source = inputs.get(release.id)
        table = _made_again(con, source, release, site) if release.withdrawn_at else _stored(ledger, release, folder)
        earlier.append(_published(release, table, subject))
    check_against_history(con, side.relation, candidate, earlier, side.spec, side.preset, site, inputs=inputs)


def _stored(ledger: Ledger, release: Release, folder: Path) -> pa.Table:
    copy = folder / f"linked-{release.id}.parquet"
    with open_file(ledger, release.id, PARQUET) as source, copy.open("wb") as target:
        shutil.copyfileobj(source, target)
    try:
        return pq.ParquetFile(copy).read()
    finally:
        copy.unlink()


def _made_again(con: duckdb.DuckDBPyConnection, source: str | None, release: Release, site: SiteRules) -> pa.Table:
    """The table of a withdrawn release, whose files are gone: from its input, while that is there.

    Raises:
        DisclosureRefused: code ``history-not-comparable``.
    """
    proof = release.proof
    preset = known_preset(proof["preset"])
    if source is None or preset is None:
        raise DisclosureRefused("history-not-comparable", release=release.id)
    return protect(con, source, Spec.from_mapping(proof["spec"]), preset, policy_from(proof["policy"]), site).table


def _published(release: Release, table: pa.Table, subject: str) -> PublishedRelease:
    proof = release.proof
    return PublishedRelease(
        release_id=release.id,
        subject=subject,
        period=release.period,
        policy=_stated_policy(proof),
        spec=proof["spec"],
        preset={name: proof["preset"][name] for name in ("id", "version", "parameters")},
        table=table,
        facts=proof["policy"]["facts"],
    )


def _stated_policy(proof: Mapping[str, Any]) -> dict[str, Any]:
    return {name: proof["policy"][name] for name in ("name", "parameters")}


def _input(
    con: duckdb.DuckDBPyConnection, ledger: Ledger, release: Release, mandate: Mandate, folder: Path, name: str
) -> str | None:
    """Return the input of an earlier release as a relation; None once its raw bytes are gone or cannot be read."""
    old = show(ledger, release.delivery_id)
    if any(part.purged_at is not None for part in old.parts):
        return None
    try:
        return load_relation(con, ledger, old, mandate, folder, name=name).relation
    except (ObjectMissing, ContractBroken, SealBroken):
        return None


def _compare(
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    earlier: Release,
    mandate: Mandate,
    folder: Path,
    side: Side,
    site: SiteRules,
    name: str,
) -> tuple[bool, str]:
    if not _same_rules(earlier.proof, side):
        return False, RULES_CHANGED
    old = show(ledger, earlier.delivery_id)
    if any(part.purged_at is not None for part in old.parts):
        return False, RAW_PURGED
    try:
        loaded = load_relation(con, ledger, old, mandate, folder, name=name)
        policy = side.protected.policy
        change = safe_correction(con, loaded.relation, side.relation, side.spec, side.preset, policy, site)
    except ObjectMissing:
        return False, RAW_PURGED
    except (ContractBroken, SealBroken, DisclosureRefused):
        return False, NOT_COMPARABLE
    return change.safe, str(change.reason)


def _same_rules(proof: Mapping[str, Any], side: Side) -> bool:
    return bool(
        proof["spec"] == side.spec.as_dict()
        and proof["preset"]["parameters"] == side.preset.public_parameters()
        and _stated_policy(proof) == policy_dict(side.protected.policy)
    )
