"""Each rule on its own: it passes, it fires, odd facts do not crash it, and its boundary value."""

from __future__ import annotations

from datetime import date

import pytest

from datastrategy.checks import CHECKS, exists
from datastrategy.checks.described import MIN_NOTES_LENGTH
from datastrategy.kinds import DataKind, Level
from datastrategy.licenses import LicenseRule
from datastrategy.messages import SLUGS

ODD_FACTS = [
    {"license_id": 7, "license_url": []},
    {"formats": (None, 3, "")},
    {"modified": "2026-11-01"},
    {"access_rights": 5},
    {"contact": 12},
    {"resource_count": -1, "download_count": -1, "notes_length": -4},
]


class Rule:
    """Runs one rule with builders."""

    name: str

    @pytest.fixture
    def run(self, make_facts, make_requirement, today):
        def run(*, required=None, on=today, **changes):
            return CHECKS[self.name](make_facts(**changes), make_requirement(**(required or {})), on)

        return run

    def test_complete_dataset_passes(self, run):
        finding = run()
        assert finding.passed
        assert finding.check == self.name
        assert finding.slug in SLUGS

    @pytest.mark.parametrize("odd", ODD_FACTS, ids=",".join)
    def test_wrong_types_give_a_finding_not_an_exception(self, run, odd):
        assert run(**odd).slug in SLUGS

    def test_weight_comes_from_the_requirement(self, run):
        assert run(required={"levels": {self.name: Level.MUST}}).level is Level.MUST
        assert run(required={"levels": {self.name: Level.SHOULD}}).level is Level.SHOULD


class TestLicense(Rule):
    name = "license"

    @pytest.mark.parametrize("license_id", ["cc-by", "cc-by-4.0", "cc-zero", "CC_BY_4_0", "etalab-2.0", "uk-ogl"])
    def test_open_license_in_any_spelling_passes(self, run, license_id):
        assert run(license_id=license_id).slug == "license-accepted"

    @pytest.mark.parametrize("license_id", [None, "", "notspecified"])
    def test_missing_license_fires(self, run, license_id):
        finding = run(license_id=license_id)
        assert (finding.slug, finding.passed) == ("license-missing", False)

    def test_unknown_license_fires(self, run):
        assert run(license_id="our-own-terms").slug == "license-unknown"

    @pytest.mark.parametrize("license_id", ["cc-nc", "cc-by-nd-4.0", "other-closed", "odc-odbl", "cc-by-sa"])
    def test_restrictive_license_fires_for_high_value_data(self, run, license_id):
        assert run(license_id=license_id).slug == "license-not-open"

    def test_share_alike_is_the_boundary_between_open_and_high_value(self, run):
        open_rule = {"license_rule": LicenseRule.OPEN}
        assert run(license_id="odc-odbl", required=open_rule).passed
        assert not run(license_id="odc-odbl", required={"license_rule": LicenseRule.HVD}).passed

    def test_only_cc_by_passes_where_the_law_names_it(self, run):
        rule = {"license_rule": LicenseRule.CC_BY_4_ONLY}
        assert run(license_id="cc-by-4.0", required=rule).passed
        assert not run(license_id="cc-zero", required=rule).passed

    def test_address_counts_where_the_id_is_empty(self, run):
        url = "https://creativecommons.org/licenses/by/4.0/deed.sl"
        assert run(license_id=None, license_url=url).slug == "license-accepted"


class TestAccess(Rule):
    name = "access"

    def test_closed_register_fires(self, run):
        closed = "http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC"
        assert run(access_rights=closed).slug == "access-closed"

    def test_restricted_fires_as_bare_code_too(self, run):
        assert run(access_rights="restricted").slug == "access-closed"

    def test_unstated_rights_count_as_open(self, run):
        assert run(access_rights=None).slug == "access-open"


class TestFormat(Rule):
    name = "format"

    def test_other_format_fires_and_names_what_is_wanted(self, run):
        finding = run(formats=("PDF",))
        assert finding.slug == "format-other"
        assert finding.params == {"format": "PDF", "wanted": "CSV, JSON"}

    def test_no_resource_fires(self, run):
        assert run(formats=(), resource_count=0).slug == "resource-missing"

    def test_one_accepted_format_among_many_is_enough(self, run):
        assert run(formats=("PDF", "text/csv", "DOCX"), resource_count=3).passed


class TestMachineReadable(Rule):
    name = "machine_readable"

    @pytest.mark.parametrize("formats", [("PDF",), ("DOCX", "JPEG"), ()])
    def test_documents_and_pictures_alone_fire(self, run, formats):
        assert run(formats=formats).slug == "machine-readable-missing"

    def test_one_table_beside_a_document_is_enough(self, run):
        assert run(formats=("PDF", "xlsx")).passed


class TestBulk(Rule):
    name = "bulk"

    def test_service_without_download_fires(self, run):
        assert run(formats=("WFS",), download_count=0).slug == "bulk-download-missing"

    def test_one_download_is_the_boundary(self, run):
        assert run(download_count=1).passed


class TestApi(Rule):
    name = "api"

    def test_file_without_datastore_fires(self, run):
        assert run(datastore_active=False).slug == "api-missing"

    def test_live_service_counts(self, run):
        assert run(datastore_active=False, formats=("gtfs-rt",)).passed


class TestFresh(Rule):
    name = "fresh"

    @pytest.mark.parametrize(
        ("label", "frequency", "modified", "slug"),
        [
            ("monthly, last good day", "MONTHLY", date(2026, 10, 8), "update-recent"),
            ("monthly, one day late", "MONTHLY", date(2026, 10, 7), "update-overdue"),
            ("hourly is judged by the day", "HOURLY", date(2026, 11, 22), "update-recent"),
            ("hourly, three days old", "HOURLY", date(2026, 11, 21), "update-overdue"),
            ("annual, last year", "ANNUAL", date(2025, 11, 24), "update-recent"),
            ("no promise, very old", "IRREG", date(1999, 1, 1), "update-not-promised"),
            ("changed in the future", "DAILY", date(2027, 1, 1), "update-recent"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_age_is_judged_by_the_requirement(self, run, label, frequency, modified, slug):
        assert run(modified=modified, required={"frequency": frequency}).slug == slug

    def test_unknown_day_of_change_fires(self, run):
        assert run(modified=None).slug == "update-unknown"

    def test_evidence_is_the_same_on_the_next_day(self, run):
        assert run(on=date(2026, 11, 24)).params == run(on=date(2026, 11, 25)).params


class TestDescribed(Rule):
    name = "described"

    def test_missing_description_fires(self, run):
        assert run(notes_length=0).slug == "description-missing"

    def test_boundary_is_the_minimum_length(self, run):
        assert run(notes_length=MIN_NOTES_LENGTH).passed
        assert run(notes_length=MIN_NOTES_LENGTH - 1).slug == "description-short"


class TestContact(Rule):
    name = "contact"

    @pytest.mark.parametrize("contact", [None, "", "  "])
    def test_missing_contact_fires(self, run, contact):
        assert run(contact=contact).slug == "contact-missing"

    def test_evidence_does_not_repeat_the_address(self, run):
        assert "example.org" not in str(run(contact="person@example.org").as_dict())


class TestKind(Rule):
    name = "kind"

    def test_unclassified_dataset_fires(self, run):
        assert run(data_kind=None).slug == "kind-missing"

    def test_kind_is_in_the_evidence(self, run):
        assert run(data_kind=DataKind.EGOV).params == {"kind": "egov"}


class TestExists:
    def test_field_and_tag_both_link_a_dataset(self, make_facts, make_requirement):
        by_field = make_facts(id="a")
        by_tag = make_facts(id="b", requirement_ids=(), tags=("Waste",))
        assert [item.id for item in exists.matching([by_tag, by_field], make_requirement())] == ["a", "b"]

    def test_tag_is_compared_without_case_spaces_and_diacritics(self, make_facts, make_requirement):
        tagged = make_facts(requirement_ids=(), tags=("Air Quality",))
        assert exists.matching([tagged], make_requirement(id="air-quality"))

    def test_private_dataset_does_not_count(self, make_facts, make_requirement):
        finding = exists.check(exists.matching([make_facts(is_public=False)], make_requirement()))
        assert (finding.slug, finding.blocks) == ("dataset-missing", True)

    def test_part_of_a_tag_does_not_count(self, make_facts, make_requirement):
        assert not exists.matching([make_facts(requirement_ids=(), tags=("waste-water",))], make_requirement())

    def test_dataset_seen_twice_counts_once(self, make_facts, make_requirement):
        matched = exists.matching([make_facts(), make_facts()], make_requirement())
        assert exists.check(matched).params == {"datasets": 1}
