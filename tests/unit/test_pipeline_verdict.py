"""What becomes of a delivery that met an error: rejected, held, or back in the queue."""

from __future__ import annotations

import pytest

from cityharvest import messages
from cityharvest.errors import ContractBroken, LeaseLost, ObjectMissing, SealBroken, StorageUnavailable
from cityharvest.pipeline.verdict import DATA_FAULTS, verdict_of
from disclosure import DisclosureRefused, GateRefused, LaxerThanLaw


def test_a_broken_contract_rejects_with_its_findings() -> None:
    verdict = verdict_of(ContractBroken(findings=[{"code": "column-missing", "level": "error"}]))
    assert verdict is not None
    assert (verdict.state, verdict.error["code"]) == ("rejected", "contract-broken")
    assert verdict.findings == ({"code": "column-missing", "level": "error"},)


def test_a_broken_seal_rejects_because_the_company_can_send_again() -> None:
    verdict = verdict_of(SealBroken())
    assert verdict is not None
    assert verdict.state == "rejected"


@pytest.mark.parametrize("code", sorted(DATA_FAULTS))
def test_a_fault_of_the_data_rejects(code: str) -> None:
    verdict = verdict_of(DisclosureRefused(code, column="x"))
    assert verdict is not None
    assert (verdict.state, verdict.error["code"]) == ("rejected", code)


@pytest.mark.parametrize(
    "error",
    [GateRefused("count-differs", cells=3), LaxerThanLaw("laxer-than-law"), DisclosureRefused("nothing-to-publish")],
)
def test_a_rule_that_does_not_let_the_table_pass_holds_for_a_person(error: Exception) -> None:
    verdict = verdict_of(error)
    assert verdict is not None
    assert (verdict.state, verdict.held_reason) == ("held", "disclosure")


def test_a_service_that_is_down_returns_the_work_to_the_queue() -> None:
    verdict = verdict_of(StorageUnavailable())
    assert verdict is not None
    assert verdict.state is None


def test_a_lost_lease_is_nobodys_fault() -> None:
    assert verdict_of(LeaseLost()) is None


def test_a_missing_object_is_for_a_person() -> None:
    verdict = verdict_of(ObjectMissing())
    assert verdict is not None
    assert (verdict.state, verdict.held_reason) == ("held", "object-missing")


def test_a_bug_parks_the_delivery_and_never_repeats_the_text_of_the_error() -> None:
    verdict = verdict_of(ValueError("Ana Novak"))
    assert verdict is not None
    assert verdict.state == "held"
    assert "Ana" not in str(verdict)


@pytest.mark.parametrize("reason", ["disclosure", "correction", "unexpected", "publish-refused", "object-missing"])
def test_every_held_reason_has_a_sentence_in_both_languages(reason: str) -> None:
    assert set(messages.table()[reason]) >= {"sl", "en"}
