"""Cases open and close by themselves, have dates and steps, and reconciling twice changes nothing."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datastrategy.assess import Report, Verdict
from datastrategy.cases import (
    DELIVERY_STEPS,
    CaseAction,
    CaseSubject,
    LateDelivery,
    OpenCase,
    reconcile,
    reconcile_deliveries,
    reconcile_requirements,
)
from datastrategy.kinds import VerdictStatus


def report(*statuses, optional=False):
    """A report on the requirements waste-0, waste-1 … with the given statuses."""
    return Report(
        organization_id="org-1",
        profile_id="test-profile",
        profile_version="1",
        as_of=date(2026, 11, 24),
        verdicts=tuple(
            Verdict(requirement_id=f"waste-{index}", status=status, optional=optional)
            for index, status in enumerate(statuses)
        ),
    )


@pytest.fixture(scope="session")
def wide_profile(make_profile, make_requirement):
    return make_profile(*(make_requirement(id=f"waste-{index}") for index in range(6)))


def open_case(subject, case_id="c-1"):
    return OpenCase(id=case_id, subject=subject)


WASTE = CaseSubject.requirement("org-1", "waste-0")
LATE = LateDelivery(mandate_id="m-1", period="2026-10", due_on=date(2026, 11, 15), organization_ids=("org-2", "org-1"))


def test_missing_requirement_opens_a_case_with_dates_and_steps(wide_profile, today):
    [change] = reconcile_requirements([], report(VerdictStatus.MISSING), wide_profile, today)
    assert (change.action, change.subject) == (CaseAction.OPEN, WASTE)
    assert change.opened_on == today
    assert change.due_on == date(2027, 1, 8)
    assert [step.due_on(today) for step in change.steps] == [date(2026, 12, 8), date(2027, 1, 8)]


@pytest.mark.parametrize("status", [VerdictStatus.MET, VerdictStatus.PARTIAL, VerdictStatus.EXEMPTED])
def test_only_a_missing_requirement_opens_a_case(wide_profile, today, status):
    assert reconcile_requirements([], report(status), wide_profile, today) == []


def test_optional_requirement_opens_no_case(wide_profile, today):
    assert reconcile_requirements([], report(VerdictStatus.MISSING, optional=True), wide_profile, today) == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (VerdictStatus.MET, "dataset-arrived"),
        (VerdictStatus.PARTIAL, "dataset-arrived"),
        (VerdictStatus.EXEMPTED, "requirement-dropped"),
    ],
)
def test_case_closes_by_itself_with_the_reason(wide_profile, today, status, reason):
    [change] = reconcile_requirements([open_case(WASTE)], report(status), wide_profile, today)
    assert (change.action, change.case_id, change.reason) == (CaseAction.CLOSE, "c-1", reason)


def test_case_of_a_requirement_that_left_the_profile_closes(wide_profile, today):
    gone = open_case(CaseSubject.requirement("org-1", "no-longer-there"))
    [change] = reconcile_requirements([gone], report(), wide_profile, today)
    assert change.reason == "requirement-dropped"


def test_cases_of_other_organizations_and_deliveries_are_left_alone(wide_profile, today):
    others = [
        open_case(CaseSubject.requirement("org-2", "waste-0"), "c-2"),
        open_case(CaseSubject.delivery("m-1", "2026-10"), "c-3"),
    ]
    assert reconcile_requirements(others, report(), wide_profile, today) == []


def test_late_delivery_opens_a_case_for_every_city_that_waits(today):
    [change] = reconcile_deliveries([], [LATE], today)
    assert change.subject == CaseSubject.delivery("m-1", "2026-10")
    assert change.organization_ids == ("org-1", "org-2")
    assert change.steps == DELIVERY_STEPS


def test_delivery_case_closes_when_the_delivery_is_no_longer_late(today):
    [change] = reconcile_deliveries([open_case(CaseSubject.delivery("m-1", "2026-10"))], [], today)
    assert (change.action, change.reason) == (CaseAction.CLOSE, "delivery-arrived")


def apply(cases, changes):
    """What the glue stores, in memory."""
    kept = {case.id: case for case in cases}
    for change in changes:
        if change.action is CaseAction.CLOSE:
            del kept[change.case_id]
        elif change.action is CaseAction.OPEN:
            kept[f"new-{change.subject}"] = OpenCase(id=f"new-{change.subject}", subject=change.subject)
    return list(kept.values())


CASES = st.lists(
    st.one_of(
        st.builds(CaseSubject.requirement, st.sampled_from(["org-1", "org-2"]), st.sampled_from(["waste-0", "x"])),
        st.builds(CaseSubject.delivery, st.sampled_from(["m-1", "m-2"]), st.sampled_from(["2026-09", "2026-10"])),
    ),
    unique=True,
).map(lambda subjects: [OpenCase(id=f"c-{index}", subject=subject) for index, subject in enumerate(subjects)])


@given(CASES, st.lists(st.sampled_from(list(VerdictStatus)), max_size=6), st.booleans())
def test_reconciling_twice_changes_nothing(wide_profile, today, cases, statuses, late):
    args = (report(*statuses), wide_profile, [LATE] if late else [], today)
    after = apply(cases, reconcile(cases, *args))
    again = reconcile(after, *args)
    assert {change.action for change in again} <= {CaseAction.KEEP}
    assert len({case.subject for case in after}) == len(after)
