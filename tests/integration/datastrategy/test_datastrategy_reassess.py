"""Verdicts follow the catalogue, cases open and close by themselves, and running twice changes nothing."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan import model

from ckanext.datastrategy import chain
from ckanext.datastrategy.model import Assessment, Audit, Case, Verdict


@pytest.fixture
def reassess(system, ledger):
    def reassess(*organizations, **more):
        return system("datastrategy_reassess", organization_ids=list(organizations) or ["brezje"], **more)

    return reassess


@pytest.fixture
def waste(system):
    """The verdict on waste as the board shows it."""

    def waste(organization="brezje"):
        board = system("datastrategy_board", organization_id=organization)
        return next(item for item in board["verdicts"] if item["requirement_id"] == "waste")

    return waste


def snapshot():
    """Everything that must not change by itself."""
    tables = (Assessment.id, Verdict.status, Case.id, Case.state, Audit.hash)
    return [list(model.Session.scalars(sa.select(column).order_by(column))) for column in tables]


def test_missing_dataset_opens_a_case_with_steps(reassess, waste):
    result = reassess()
    assert (result["assessed"], result["opened"]) == (1, 24)
    verdict = waste()
    assert verdict["status"] == "missing"
    assert verdict["case"]["due_on"] > verdict["case"]["opened_on"]
    assert [step["id"] for step in verdict["case"]["steps"]] == ["prepare", "publish", "escalate", "explain"]


def test_publishing_the_dataset_closes_its_case(reassess, waste, make_dataset, system):
    reassess()
    make_dataset()
    assert reassess()["closed"] == 1
    assert (waste()["status"], waste()["case"]) == ("met", None)
    [closed] = system("datastrategy_case_list", organization_id="brezje", state="closed")
    assert (closed["requirement_id"], closed["closed_reason"]) == ("waste", "dataset-arrived")


def test_removing_the_license_turns_met_into_partial_without_a_case(reassess, waste, make_dataset, system):
    dataset = make_dataset()
    reassess()
    system("package_patch", id=dataset["id"], license_id="")
    reassess()
    verdict = waste()
    assert (verdict["status"], verdict["case"]) == ("partial", None)
    failed = [item for item in verdict["findings"] if not item["passed"] and item["level"] == "must"]
    assert [item["slug"] for item in failed] == ["license-missing"]
    assert "Licenca ni navedena" in failed[0]["message"]["sl"]


def test_deleting_the_dataset_opens_a_new_case(reassess, waste, make_dataset, system):
    dataset = make_dataset()
    reassess()
    system("package_delete", id=dataset["id"])
    assert reassess()["opened"] == 1
    assert waste()["status"] == "missing"


def test_running_twice_changes_nothing(reassess, make_dataset):
    make_dataset()
    reassess()
    before = snapshot()
    result = reassess()
    assert (result["changed"], result["opened"], result["closed"]) == (0, 0, 0)
    assert snapshot() == before


def test_two_workers_at_once_open_each_case_once(people, ledger, app):
    """The lock of the chain makes the second worker wait and then find nothing to do."""

    def work(_number):
        with app.flask_app.test_request_context():
            try:
                return tk.get_action("datastrategy_reassess")({"ignore_auth": True}, {"organization_ids": ["brezje"]})
            finally:
                model.Session.remove()

    with ThreadPoolExecutor(max_workers=3) as pool:
        results = list(pool.map(work, range(3)))
    assert sorted(item["opened"] for item in results) == [0, 0, 24]
    assert model.Session.scalar(sa.select(sa.func.count()).select_from(Case)) == 24
    assert chain.verify() == []


def test_changed_report_keeps_the_earlier_one_as_history(reassess, make_dataset):
    reassess()
    make_dataset()
    reassess()
    assert model.Session.scalar(sa.select(sa.func.count()).select_from(Assessment)) == 2


def test_private_dataset_does_not_count(reassess, waste, make_dataset):
    make_dataset(private=True)
    reassess()
    assert waste()["status"] == "missing"


def test_manual_tag_links_a_dataset(reassess, waste, make_dataset):
    make_dataset(requirement_ids=[], tags=[{"name": "waste"}])
    reassess()
    assert waste()["status"] == "met"


def test_covered_city_counts_the_dataset_of_the_lead_city(reassess, waste, make_dataset, people):
    make_dataset(covered_organizations=[people.city["id"], people.neighbor["id"]])
    reassess("lipa")
    assert waste("lipa")["status"] == "met"


def test_dataset_known_only_to_the_ledger_counts_too(reassess, waste, make_dataset, people, ledger):
    dataset = make_dataset()
    ledger.published.append({"dataset_id": dataset["id"], "organization_ids": [people.neighbor["id"]]})
    reassess("lipa")
    assert waste("lipa")["status"] == "met"


def test_deleted_organization_is_passed_over_and_an_unknown_one_refused(system, ledger, people):
    system("organization_delete", id=people.neighbor["id"])
    assert system("datastrategy_reassess", organization_ids=["brezje", people.neighbor["id"]])["assessed"] == 1
    with pytest.raises(tk.ValidationError) as caught:
        system("datastrategy_reassess", organization_ids=["brezje", "nowhere"])
    assert caught.value.error_dict["code"] == ["organization-unknown"]


def test_companies_are_passed_over(system, ledger):
    assert system("datastrategy_reassess", organization_ids=["elektro"])["assessed"] == 0
    assert system("datastrategy_reassess", all=True)["assessed"] == 2


@pytest.mark.ckan_config("solr_url", "http://127.0.0.1:1/solr/ckan")
def test_assessing_needs_no_search(reassess, waste):
    reassess()
    assert waste()["status"] == "missing"


class TestLateDeliveries:
    @pytest.fixture(autouse=True)
    def overdue(self, ledger, people):
        ledger.overdue.append(
            {
                "mandate_id": "mandate-1",
                "period": "2026-10",
                "organization_ids": [people.city["id"], people.neighbor["id"]],
                "company_id": people.company["id"],
                "due_at": dt.datetime(2026, 11, 15, tzinfo=dt.UTC),
            }
        )

    def delivery_cases(self, system, organization):
        return system("datastrategy_board", organization_id=organization)["delivery_cases"]

    def test_late_delivery_is_a_case_of_every_city_that_waits(self, reassess, system, people):
        reassess()
        for city in ("brezje", "lipa"):
            [case] = self.delivery_cases(system, city)
            assert (case["mandate_id"], case["period"]) == ("mandate-1", "2026-10")
            assert case["owner_organization_id"] == people.company["id"]
        assert [item["kind"] for item in system("datastrategy_case_list", organization_id="elektro")] == ["delivery"]

    def test_arrival_closes_it(self, reassess, system, ledger):
        reassess()
        ledger.overdue.clear()
        reassess()
        assert self.delivery_cases(system, "brezje") == []

    def test_ledger_that_is_down_closes_nothing(self, reassess, system, ledger):
        reassess()
        ledger.is_down = True
        assert reassess()["deliveries_checked"] is False
        board = system("datastrategy_board", organization_id="brezje")
        assert len(board["delivery_cases"]) == 1
        assert (board["ledger_ok"], board["mandates"]) == (False, [])


class TestAuditChain:
    def test_every_change_of_a_case_is_one_row(self, reassess, make_dataset):
        def case_events():
            query = sa.select(Audit.event).where(Audit.event.like("case-%")).order_by(Audit.seq)
            return list(model.Session.scalars(query))

        reassess()
        make_dataset()
        reassess()
        assert case_events() == ["case-opened"] * 24 + ["case-closed"]

    def test_sound_chain_verifies(self, reassess, command):
        reassess()
        result = command("audit-verify")
        assert result.exit_code == 0, result.output

    @pytest.mark.parametrize(
        ("label", "statement", "slug"),
        [
            ("changed", "UPDATE datastrategy_audit SET actor = 'somebody' WHERE seq = 9", "was changed"),
            ("removed", "DELETE FROM datastrategy_audit WHERE seq = 9", "is missing"),
        ],
    )
    def test_tampering_is_found(self, reassess, command, label, statement, slug):
        reassess()
        model.Session.execute(sa.text(statement))
        model.Session.commit()
        result = command("audit-verify")
        assert result.exit_code == 1
        assert f"Row 9 of the log {slug}" in result.output

    def test_cut_off_end_shows_against_a_known_head(self, reassess, command):
        reassess()
        head = command("audit-verify").output.strip().splitlines()[-1]
        model.Session.execute(
            sa.text("DELETE FROM datastrategy_audit WHERE seq = (SELECT max(seq) FROM datastrategy_audit)")
        )
        model.Session.commit()
        assert command("audit-verify").exit_code == 0
        result = command("audit-verify", "--head", head)
        assert result.exit_code == 1
        assert "end of the log" in result.output


class TestBoard:
    def test_counts_kinds_and_links(self, reassess, make_dataset, system):
        make_dataset()
        reassess()
        board = system("datastrategy_board", organization_id="brezje")
        assert board["counts"] == {
            "met": 1,
            "partial": 0,
            "missing": 23,
            "not_applicable": 0,
            "exempted": 0,
            "total": 24,
        }
        assert board["kinds"] == {"egov": 0, "city": 0, "public-interest": 1, "unclassified": 0}
        [verdict] = [item for item in board["verdicts"] if item["status"] == "met"]
        assert [item["name"] for item in verdict["datasets"]] == ["odpadki"]

    def test_before_the_first_assessment_it_shows_the_present(self, system, ledger, make_dataset):
        make_dataset()
        board = system("datastrategy_board", organization_id="brezje")
        assert board["assessed_at"] is None
        assert board["counts"]["met"] == 1

    def test_mandate_shows_states_but_no_reasons(self, act, ledger):
        [mandate] = act("datastrategy_board", None, organization_id="lipa")["mandates"]
        assert mandate["held"] == 1
        assert set(mandate["deliveries"][0]) == {"period", "sequence", "state", "late", "due_at"}

    def test_text_is_there_in_both_languages(self, system, ledger):
        for verdict in system("datastrategy_board", organization_id="brezje")["verdicts"]:
            assert set(verdict["title"]) == set(verdict["consequence"]) == {"sl", "en"}
            assert all(item["message"]["sl"] != item["message"]["en"] for item in verdict["findings"])


class TestCommands:
    def test_check_prints_the_board_and_ends_with_one(self, command, ledger):
        result = command("check", "brezje")
        assert result.exit_code == 1
        assert "Waste collection [waste]: missing" in result.output
        assert "0 / 24" in result.output

    def test_check_of_an_unknown_organization_ends_with_two(self, command, ledger):
        assert command("check", "nowhere").exit_code == 2

    def test_reassess_all_is_ready_for_cron(self, command, ledger):
        first = command("reassess", "--json")
        assert first.exit_code == 0, first.output
        assert '"opened": 48' in first.output
        assert '"opened": 0' in command("reassess", "--json").output

    def test_ledger_that_is_down_is_temporary(self, command, ledger):
        ledger.is_down = True
        assert command("reassess").exit_code == 75
