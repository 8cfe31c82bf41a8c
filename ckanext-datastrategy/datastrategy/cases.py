"""Cases: what is missing, who owns it, what happens next and how it ends.

A case opens by itself for a missing requirement and for a late delivery, and closes by itself when the dataset or the
delivery is there. A partial requirement is a hint on the board, not a case. Reconciling twice changes nothing.
Boundary: decides the changes; storing and auditing them is the glue's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from datastrategy.assess import Report
from datastrategy.kinds import VerdictStatus
from datastrategy.localized import Localized
from datastrategy.requirements import Profile, Step

__all__ = [
    "DELIVERY_STEPS",
    "CaseAction",
    "CaseChange",
    "CaseSubject",
    "LateDelivery",
    "OpenCase",
    "SubjectKind",
    "close_reason",
    "reconcile",
    "reconcile_deliveries",
    "reconcile_requirements",
]


class SubjectKind(StrEnum):
    """What a case is about."""

    REQUIREMENT = "requirement"
    DELIVERY = "delivery"


class CaseAction(StrEnum):
    """What reconciling wants done."""

    OPEN = "open"
    CLOSE = "close"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CaseSubject:
    """Identity of a case: (organization, requirement) or (mandate, period); at most one is open of each."""

    kind: SubjectKind
    owner: str
    item: str

    @classmethod
    def requirement(cls, organization_id: str, requirement_id: str) -> CaseSubject:
        """Return the subject of a missing dataset."""
        return cls(kind=SubjectKind.REQUIREMENT, owner=organization_id, item=requirement_id)

    @classmethod
    def delivery(cls, mandate_id: str, period: str) -> CaseSubject:
        """Return the subject of a late delivery."""
        return cls(kind=SubjectKind.DELIVERY, owner=mandate_id, item=period)

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner}:{self.item}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """A stored case that is open."""

    id: str
    subject: CaseSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDelivery:
    """A delivery that is past its date; `organization_ids` are the cities that wait for it."""

    mandate_id: str
    period: str
    due_on: date
    organization_ids: tuple[str, ...] = ()
    company_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """One thing to do; for `open` with the steps that follow, for `close` with the reason slug."""

    action: CaseAction
    subject: CaseSubject
    case_id: str | None = None
    opened_on: date | None = None
    due_on: date | None = None
    steps: tuple[Step, ...] = ()
    organization_ids: tuple[str, ...] = ()
    owner_organization_id: str | None = None
    reason: str | None = None


DELIVERY_STEPS: tuple[Step, ...] = (
    Step(
        id="remind-company",
        days=1,
        text=Localized(
            sl="Podjetje opomnite na zamujeno oddajo in mu pošljite povezavo do strani za oddajo.",
            en="Remind the company of the late delivery and send it the link to the delivery page.",
        ),
    ),
    Step(
        id="call-company",
        days=7,
        text=Localized(
            sl="Pokličite kontaktno osebo podjetja in se dogovorite za datum oddaje.",
            en="Call the company's contact and agree on a date for the delivery.",
        ),
    ),
    Step(
        id="formal-notice",
        days=21,
        text=Localized(
            sl="Pošljite uradni poziv z navedbo pravne podlage dolžnosti.",
            en="Send a formal notice that names the legal basis of the mandate.",
        ),
    ),
)


def close_reason(subject: CaseSubject, *, still_expected: bool) -> str:
    """Return the slug of why a case ends: what was missing arrived, or nobody expects it any more."""
    if not still_expected:
        return "requirement-dropped"
    return "dataset-arrived" if subject.kind is SubjectKind.REQUIREMENT else "delivery-arrived"


def reconcile_requirements(
    open_cases: Iterable[OpenCase], report: Report, profile: Profile, today: date
) -> list[CaseChange]:
    """Return the changes for the requirement cases of the report's organization, ordered by subject.

    Args:
        open_cases: Any open cases; those of other organizations and those on deliveries are left alone.
        profile: The profile the report was made with; it gives the steps.
    """
    mine = {
        case.subject: case
        for case in open_cases
        if case.subject.kind is SubjectKind.REQUIREMENT and case.subject.owner == report.organization_id
    }
    missing: dict[CaseSubject, tuple[Step, ...]] = {}
    expected: set[CaseSubject] = set()
    for verdict in report.verdicts:
        subject = CaseSubject.requirement(report.organization_id, verdict.requirement_id)
        if verdict.status in {VerdictStatus.MET, VerdictStatus.PARTIAL, VerdictStatus.MISSING}:
            expected.add(subject)
        requirement = profile.requirement(verdict.requirement_id)
        if verdict.status is VerdictStatus.MISSING and not verdict.optional and requirement is not None:
            missing[subject] = requirement.steps
    changes = [_keep_or_close(case, missing, still_expected=case.subject in expected) for case in mine.values()]
    changes += [
        _open(subject, today, steps, organization_ids=(report.organization_id,), owner=report.organization_id)
        for subject, steps in missing.items()
        if subject not in mine
    ]
    return sorted(changes, key=lambda change: change.subject)


def reconcile_deliveries(
    open_cases: Iterable[OpenCase], late_deliveries: Iterable[LateDelivery], today: date
) -> list[CaseChange]:
    """Return the changes for all delivery cases, ordered by subject.

    Args:
        late_deliveries: Every late delivery there is: a delivery case whose delivery is not among them closes.
    """
    mine = {case.subject: case for case in open_cases if case.subject.kind is SubjectKind.DELIVERY}
    late = {CaseSubject.delivery(item.mandate_id, item.period): item for item in late_deliveries}
    changes = [_keep_or_close(case, late, still_expected=True) for case in mine.values()]
    changes += [
        _open(subject, today, DELIVERY_STEPS, organization_ids=item.organization_ids, owner=item.company_id)
        for subject, item in late.items()
        if subject not in mine
    ]
    return sorted(changes, key=lambda change: change.subject)


def reconcile(
    open_cases: Sequence[OpenCase],
    report: Report,
    profile: Profile,
    late_deliveries: Iterable[LateDelivery],
    today: date,
) -> list[CaseChange]:
    """Return every change for one organization's requirements and for all deliveries."""
    return [
        *reconcile_requirements(open_cases, report, profile, today),
        *reconcile_deliveries(open_cases, late_deliveries, today),
    ]


def _keep_or_close(case: OpenCase, wanted: Iterable[CaseSubject], *, still_expected: bool) -> CaseChange:
    if case.subject in wanted:
        return CaseChange(action=CaseAction.KEEP, subject=case.subject, case_id=case.id)
    return CaseChange(
        action=CaseAction.CLOSE,
        subject=case.subject,
        case_id=case.id,
        reason=close_reason(case.subject, still_expected=still_expected),
    )


def _open(
    subject: CaseSubject,
    today: date,
    steps: tuple[Step, ...],
    *,
    organization_ids: tuple[str, ...],
    owner: str | None,
) -> CaseChange:
    last_day = max((step.days for step in steps), default=0)
    return CaseChange(
        action=CaseAction.OPEN,
        subject=subject,
        opened_on=today,
        due_on=today + timedelta(days=last_day),
        steps=steps,
        organization_ids=tuple(sorted(organization_ids)),
        owner_organization_id=owner,
    )
