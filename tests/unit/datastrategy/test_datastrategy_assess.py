"""The verdict of a requirement: met, partial, missing, and what a person may override."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datastrategy.assess import Override, assess
from datastrategy.kinds import Level, VerdictStatus


@pytest.fixture
def run(make_profile, today):
    def run(*datasets, overrides=(), requirements=()):
        return assess(make_profile(*requirements), datasets, today, overrides, organization_id="org-1")

    return run


def status(report):
    return report.verdicts[0].status


def test_complete_dataset_meets_its_requirement(run, make_facts):
    assert status(run(make_facts())) is VerdictStatus.MET


def test_no_dataset_is_missing(run):
    assert status(run()) is VerdictStatus.MISSING


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"license_id": None}, "license-missing"),
        ({"formats": ("PDF",)}, "format-other"),
        ({"modified": date(2020, 1, 1)}, "update-overdue"),
        ({"download_count": 0}, "bulk-download-missing"),
        ({"access_rights": "NON_PUBLIC"}, "access-closed"),
    ],
)
def test_failed_must_turns_met_into_partial(run, make_facts, changes, slug):
    report = run(make_facts(**changes))
    assert status(report) is VerdictStatus.PARTIAL
    assert slug in {item.slug for item in report.verdicts[0].findings if item.blocks}


def test_failed_should_is_a_hint_only(run, make_facts):
    report = run(make_facts(contact=None, notes_length=0, datastore_active=False, data_kind=None))
    assert status(report) is VerdictStatus.MET
    assert {item.slug for item in report.verdicts[0].findings if not item.passed} == {
        "contact-missing",
        "description-missing",
        "api-missing",
        "kind-missing",
    }


def test_best_dataset_speaks_for_the_requirement(run, make_facts):
    report = run(make_facts(id="a", license_id=None), make_facts(id="b"))
    assert status(report) is VerdictStatus.MET
    assert report.verdicts[0].dataset_ids == ("b", "a")


def test_rule_without_a_level_is_not_run(run, make_facts, make_requirement):
    only_license = make_requirement(levels={"license": Level.MUST})
    report = run(make_facts(formats=("PDF",)), requirements=(only_license,))
    assert [item.check for item in report.verdicts[0].findings] == ["exists", "license"]


def test_optional_requirement_is_not_counted(run, make_requirement):
    report = run(requirements=(make_requirement(), make_requirement(id="noise", optional=True)))
    assert report.count(VerdictStatus.MISSING) == 1


def test_override_stands_until_its_last_day(run, today):
    exempted = Override(requirement_id="waste", status=VerdictStatus.EXEMPTED, reason="not held", valid_to=today)
    ended = Override(
        requirement_id="waste",
        status=VerdictStatus.EXEMPTED,
        reason="not held",
        valid_to=today - timedelta(days=1),
    )
    assert status(run(overrides=(exempted,))) is VerdictStatus.EXEMPTED
    assert status(run(overrides=(ended,))) is VerdictStatus.MISSING


def test_nobody_declares_a_requirement_met_by_hand():
    with pytest.raises(ValueError, match="cannot declare"):
        Override(requirement_id="waste", status=VerdictStatus.MET, reason="because")


def test_override_needs_a_reason():
    with pytest.raises(ValueError, match="reason"):
        Override(requirement_id="waste", status=VerdictStatus.EXEMPTED, reason=" ")


DATASETS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c", "d"]),
            "license_id": st.sampled_from(["cc-by", None, "cc-nc"]),
            "formats": st.sampled_from([("CSV",), ("PDF",), ()]),
            "contact": st.sampled_from(["x@example.org", None]),
        }
    ),
    max_size=4,
    unique_by=lambda item: item["id"],
)


@given(DATASETS, st.randoms(use_true_random=False))
def test_order_of_datasets_never_changes_the_report(make_facts, make_profile, today, datasets, random):
    known = [make_facts(**item) for item in datasets]
    shuffled = known[:]
    random.shuffle(shuffled)
    assert assess(make_profile(), known, today) == assess(make_profile(), shuffled, today)
