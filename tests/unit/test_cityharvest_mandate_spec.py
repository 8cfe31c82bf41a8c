"""Rule: a mandate is refused with every reason at once, each naming its field; a preset is never laxer than its law."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cityharvest.errors import MandateInvalid
from cityharvest.mandate_spec import MandateSpec, disclosure_preset, problem, problems

UNIT = {"name": "meter_id", "type": "string", "role": "unit"}
TIME = {"name": "ts", "type": "datetime", "role": "time"}
USAGE = {"name": "usage_kwh", "type": "number", "role": "measure"}


def spec(**changes: Any) -> dict[str, Any]:
    return {
        "slug": "poraba-elektrike",
        "title": {"sl": "Poraba elektrike", "en": "Electricity usage"},
        "company_organization_id": "company",
        "lead_organization_id": "lead",
        "municipality_organization_ids": ["lead", "other"],
        "legal_basis": {
            "title": {"sl": "Odlok", "en": "Ordinance"},
            "url": "https://example.org/odlok",
            "valid_from": "2020-01-01",
        },
        "cadence": "month",
        "due_days": 15,
        "starts_on": "2026-01-01",
        "contract": {"fields": [UNIT, USAGE]},
        "product": {
            "kind": "table",
            "dataset_title": {"sl": "Poraba", "en": "Usage"},
            "license_id": "cc-by",
            "frequency": "MONTHLY",
        },
        "preset_id": "house-personal-2026",
        **changes,
    }


def personal(preset_id: str, parameters: Any) -> str:
    return "personal"


def found(**changes: Any) -> set[tuple[str, str]]:
    return {(one["code"], one["field"]) for one in problems(MandateSpec.of(spec(**changes)), personal)}


def test_a_whole_mandate_has_no_problem() -> None:
    assert found() == set()
    assert MandateSpec.of(spec()).starts_on == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"slug": "Poraba Elektrike"}, ("slug-invalid", "slug")),
        ({"slug": "../etc"}, ("slug-invalid", "slug")),
        ({"slug": "-a"}, ("slug-invalid", "slug")),
        ({"title": {"sl": "Samo slovensko", "en": " "}}, ("translation-missing", "title")),
        ({"municipality_organization_ids": []}, ("municipalities-invalid", "municipality_organization_ids")),
        ({"municipality_organization_ids": ["a", "a"]}, ("municipalities-invalid", "municipality_organization_ids")),
        ({"company_organization_id": "other"}, ("company-is-city", "company_organization_id")),
        ({"cadence": "week"}, ("cadence-unknown", "cadence")),
        ({"timezone": "Mars/Olympus"}, ("timezone-unknown", "timezone")),
        ({"due_days": -1}, ("number-out-of-range", "due_days")),
        ({"raw_retention_days": 0}, ("number-out-of-range", "raw_retention_days")),
        ({"ends_on": "2025-12-31"}, ("ends-before-start", "ends_on")),
        ({"contract": {}}, ("contract-invalid", "contract.fields")),
        ({"contract": {"fields": []}}, ("contract-invalid", "contract.fields")),
        ({"contract": {"fields": ["meter_id"]}}, ("contract-invalid", "contract.fields")),
        ({"contract": {"fields": [UNIT, UNIT]}}, ("contract-name-invalid", "contract.fields[0]")),
        ({"contract": {"fields": [UNIT, {**USAGE, "type": "money"}]}}, ("contract-type-unknown", "contract.fields[1]")),
        ({"contract": {"fields": [UNIT, {**USAGE, "role": "x"}]}}, ("contract-role-unknown", "contract.fields[1]")),
        ({"contract": {"fields": [UNIT, {**UNIT, "name": "x"}]}}, ("contract-role-twice", "contract.fields")),
        ({"contract": {"fields": [USAGE]}}, ("unit-missing", "contract.fields")),
        ({"contract": {"fields": [UNIT, TIME, USAGE], "interval": "PT7M"}}, ("contract-interval-unknown", "contract")),
        ({"contract": {"fields": [UNIT, {**TIME, "type": "string"}]}}, ("contract-type-unsupported", "contract")),
        ({"product": {}}, ("field-missing", "product.license_id")),
    ],
)
def test_each_defect_is_named_with_its_field(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in found(**changes)


@pytest.mark.parametrize(
    ("basis", "code"),
    [
        ({"url": "javascript:alert(1)"}, "legal-url-invalid"),
        ({"url": ""}, "legal-url-invalid"),
        ({"valid_from": "soon"}, "legal-dates-invalid"),
        ({"valid_from": None}, "legal-dates-invalid"),
        ({"valid_to": "2019-01-01"}, "legal-dates-invalid"),
        ({"valid_from": "2026-01-02"}, "legal-basis-not-in-force"),
        ({"valid_to": "2025-12-31"}, "legal-basis-not-in-force"),
    ],
)
def test_the_legal_basis_must_be_in_force_for_the_whole_mandate(basis: dict[str, Any], code: str) -> None:
    whole = {**spec()["legal_basis"], **basis}
    assert code in {one for one, _ in found(legal_basis=whole)}


def test_a_law_that_ends_before_its_mandate_is_not_in_force() -> None:
    basis = {**spec()["legal_basis"], "valid_to": "2026-12-31"}
    assert found(legal_basis=basis, ends_on="2026-12-31") == set()
    assert found(legal_basis=basis, ends_on="2027-01-31") == {("legal-basis-not-in-force", "starts_on")}


def test_a_product_without_units_needs_no_unit_field() -> None:
    wanted = MandateSpec.of(spec(contract={"fields": [USAGE]}))
    assert problems(wanted, lambda preset_id, parameters: "none") == []


def test_missing_unknown_and_mistyped_fields_are_reported_together() -> None:
    values = spec(due_days="15", surprise=1, starts_on="1. 1. 2026")
    del values["contract"]
    with pytest.raises(MandateInvalid) as error:
        MandateSpec.of(values)
    assert {(one["code"], one["field"]) for one in error.value.problems} == {
        ("field-unknown", "surprise"),
        ("field-type", "due_days"),
        ("field-type", "starts_on"),
        ("field-missing", "contract"),
    }
    assert error.value.exit_code == 2


def test_what_the_preset_check_has_against_it_is_reported_with_the_rest() -> None:
    def laxer(preset_id: str, parameters: Any) -> str:
        raise MandateInvalid([problem("preset-laxer-than-law", "preset_parameters", preset=preset_id)])

    codes = {one["code"] for one in problems(MandateSpec.of(spec(slug="X")), laxer)}
    assert codes == {"slug-invalid", "preset-laxer-than-law"}


def test_a_real_preset_can_be_made_stricter_only() -> None:
    assert disclosure_preset("house-personal", {"min_units": 20}) == "personal"
    with pytest.raises(MandateInvalid, match="preset-laxer-than-law"):
        disclosure_preset("house-personal", {"min_units": 9})


@pytest.mark.parametrize(
    ("preset_id", "parameters", "code"),
    [
        ("no-such-preset", {}, "preset-unknown"),
        ("../../etc/passwd", {}, "preset-unknown"),
        ("/etc/passwd", {}, "preset-unknown"),
        ("*", {}, "preset-unknown"),
        ("house-personal", {"min_units": "many"}, "preset-parameters-invalid"),
        ("house-personal", {"no_such": 1}, "preset-parameters-invalid"),
    ],
)
def test_an_unknown_preset_or_parameter_is_refused(preset_id: str, parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(MandateInvalid, match=code):
        disclosure_preset(preset_id, parameters)
