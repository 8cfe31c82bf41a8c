"""From ledger rows to the publisher's jobs: which release, what it replaces, what the dataset serves afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityharvest import ledger as books
from cityharvest.errors import NotFound
from cityharvest.ledger import Ledger
from cityharvest.models import DeliveryRow, MandateRow, ReleaseRow
from cityharvest.periods import Period
from cityharvest.publisher import Coverage, PublishJob, WithdrawJob, Withdrawn
from cityharvest.records import Mandate, Release
from cityharvest.states import DeliveryState


def publish_job(ledger: Ledger, release_id: str) -> PublishJob:
    """Return what is needed to publish a release. Raises ``NotFound``."""
    with ledger.transaction() as session:
        mandate, release, all_releases = _around(session, release_id)
        served = [one for one in all_releases if one.state == DeliveryState.PUBLISHED and one.period != release.period]
        served.append(release)
        replaced = [one for one in all_releases if one.period == release.period and one.sequence < release.sequence]
        return PublishJob(
            mandate=mandate,
            release=release,
            replaces=tuple(one for one in replaced if one.withdrawn_at is None),
            coverage=_coverage(mandate, served),
            newest=_newest(mandate, served),
            withdrawn=_tombstones(all_releases),
        )


def withdraw_job(ledger: Ledger, release_id: str) -> WithdrawJob:
    """Return what is needed to take a release away; the ledger already calls it withdrawn. Raises ``NotFound``."""
    with ledger.transaction() as session:
        mandate, release, all_releases = _around(session, release_id)
        served = [one for one in all_releases if one.state == DeliveryState.PUBLISHED and one.id != release.id]
        return WithdrawJob(
            mandate=mandate,
            release=release,
            newest=_newest(mandate, served) if served else None,
            coverage=_coverage(mandate, served) if served else None,
            withdrawn=_tombstones(all_releases),
        )


def _around(session: Session, release_id: str) -> tuple[Mandate, Release, list[Release]]:
    row = session.get(ReleaseRow, release_id)
    if row is None:
        raise NotFound(kind="release", id=release_id)
    mandate = books.mandate_value(session.get_one(MandateRow, row.delivery.mandate_id))
    query = select(ReleaseRow).join(DeliveryRow).where(DeliveryRow.mandate_id == mandate.id)
    releases = session.scalars(query.order_by(DeliveryRow.period_start, DeliveryRow.sequence))
    return mandate, books.release_value(row), [books.release_value(one) for one in releases]


def _period(mandate: Mandate, release: Release) -> Period:
    return Period.parse(mandate.cadence, release.period, mandate.timezone)


def _newest(mandate: Mandate, releases: Sequence[Release]) -> Release:
    return max(releases, key=lambda one: _period(mandate, one).start)


def _coverage(mandate: Mandate, releases: Sequence[Release]) -> Coverage:
    periods = [_period(mandate, one) for one in releases]
    return Coverage(first=min(one.first_day for one in periods), last=max(one.last_day for one in periods))


def _tombstones(releases: Iterable[Release]) -> tuple[Withdrawn, ...]:
    return tuple(
        Withdrawn(period=one.period, on=one.withdrawn_at.date())
        for one in releases
        if one.withdrawn_at is not None and one.state == DeliveryState.WITHDRAWN
    )
