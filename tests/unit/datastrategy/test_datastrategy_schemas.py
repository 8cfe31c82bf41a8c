"""The schema files of the forms: both languages everywhere, and nothing required beyond CKAN's own fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from datastrategy.frequencies import iri_of


@pytest.fixture(scope="module")
def schemas(project_root):
    folder = project_root / "ckanext-datastrategy" / "ckanext" / "datastrategy" / "schemas"
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in folder.glob("*.yaml")}


def fields(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in ("dataset_fields", "resource_fields", "fields"):
        for field in schema.get(group, ()):
            yield field
            yield from field.get("repeating_subfields", ())


def test_every_text_is_there_in_both_languages(schemas):
    for schema in schemas.values():
        for field in fields(schema):
            texts = [field["label"], *(field[key] for key in ("help_text", "repeating_label") if key in field)]
            texts += [choice["label"] for choice in field.get("choices", ())]
            assert all(set(text) == {"sl", "en"} for text in texts), field["field_name"]


def test_no_field_is_required(schemas):
    for schema in schemas.values():
        for field in fields(schema):
            assert not field.get("required"), field["field_name"]
            if "validators" in field and field["field_name"] != "name":
                assert "not_empty" not in field["validators"], field["field_name"]


def test_frequencies_offered_are_those_the_rules_know(schemas):
    [field] = [item for item in fields(schemas["dataset"]) if item["field_name"] == "frequency"]
    assert all(iri_of(choice["value"]) == choice["value"] for choice in field["choices"])
