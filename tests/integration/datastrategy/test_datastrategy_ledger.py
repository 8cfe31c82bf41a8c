"""The actions on the real ledger: a mandate falls due, is late, receives its file through the one door."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from uuid import uuid4

import ckan.plugins.toolkit as tk
import pytest

from cityharvest import api


@pytest.fixture
def spec(people):
    """A monthly mandate since spring, so that some periods are overdue whatever today is."""
    return {
        "slug": f"poraba-{uuid4().hex[:8]}",
        "title": {"sl": "Poraba elektrike", "en": "Electricity use"},
        "company_organization_id": "elektro",
        "lead_organization_id": "brezje",
        "municipality_organization_ids": ["brezje", "lipa"],
        "legal_basis": {
            "title": {"sl": "Koncesijska pogodba", "en": "Concession contract"},
            "url": "https://example.org/pogodba",
            "valid_from": "2026-01-01",
        },
        "cadence": "month",
        "due_days": 10,
        "starts_on": "2026-03-01",
        "contract": {
            "fields": [
                {"name": "meter_id", "type": "string", "role": "unit"},
                {"name": "zone", "type": "string", "role": "zone", "constraints": {"enum": ["a", "b"]}},
                {"name": "ts", "type": "datetime", "format": "%Y-%m-%d %H:%M", "role": "time"},
                {"name": "usage_kwh", "type": "number", "role": "measure", "unit": "kWh", "decimalChar": ","},
            ],
            "dialect": {"delimiter": ";"},
            "encodings": ["utf-8-sig"],
            "interval": "PT15M",
            "unit_label": {"sl": "merilna mesta", "en": "metering points"},
        },
        "product": {
            "kind": "zone-time",
            "time_bin": "PT1H",
            "dataset_title": {"sl": "Poraba elektrike po območjih", "en": "Electricity use by area"},
            "notes": {"sl": "Urna poraba po območjih.", "en": "Hourly use by area."},
            "license_id": "cc-by-4.0",
            "frequency": "MONTHLY",
            "tags": [],
            "requirement_ids": ["energy-consumption-aggregate"],
        },
        "preset_id": "house-personal",
    }


@pytest.fixture
def mandate(act, spec):
    return act("datastrategy_mandate_create", "officer", **spec)


def test_mandate_is_kept_with_ids_and_shown_with_names(act, mandate, people):
    shown = act("datastrategy_mandate_show", "sender", id=mandate["slug"])
    assert shown["lead"]["name"] == "brezje"
    assert shown["municipality_organization_ids"] == [people.city["id"], people.neighbor["id"]]
    assert [item["slug"] for item in act("datastrategy_mandate_list", None, organization_id="lipa")] == [
        mandate["slug"]
    ]


def test_mandate_with_mistakes_lists_them_all_in_both_languages(act, spec):
    broken = {**spec, "preset_parameters": {"min_units": 2}, "title": {"sl": "Samo slovensko"}}
    with pytest.raises(tk.ValidationError) as caught:
        act("datastrategy_mandate_create", "officer", **broken)
    problems = caught.value.error_dict["problems"]
    assert "preset-laxer-than-law" in {item["code"] for item in problems}
    assert len(problems) >= 2
    assert all(item["message"]["sl"] and item["message"]["en"] for item in problems)


def test_late_delivery_opens_a_case_and_receiving_it_closes_the_case(act, system, mandate):
    api.plan()
    system("datastrategy_reassess", organization_ids=["brezje"])
    opened = {item["period"] for item in system("datastrategy_board", organization_id="lipa")["delivery_cases"]}
    assert "2026-03" in opened

    file = b"meter_id;zone;ts;usage_kwh\nm1;a;2026-03-01 00:00;0,1\n"
    delivery = act(
        "datastrategy_delivery_receive",
        "sender",
        mandate=mandate["slug"],
        period="2026-03",
        stream=io.BytesIO(file),
        filename="marec.csv",
        expected_sha256=hashlib.sha256(file).hexdigest(),
    )
    assert (delivery["state"], delivery["period"]) == ("received", "2026-03")

    system("datastrategy_reassess", organization_ids=["brezje"])
    left = {item["period"] for item in system("datastrategy_board", organization_id="lipa")["delivery_cases"]}
    assert left == opened - {"2026-03"}


def test_wrong_checksum_is_refused_in_both_languages_and_nothing_arrives(act, mandate):
    with pytest.raises(tk.ValidationError) as caught:
        act(
            "datastrategy_delivery_receive",
            "sender",
            mandate=mandate["slug"],
            period="2026-03",
            stream=io.BytesIO(b"file"),
            expected_sha256="0" * 64,
        )
    assert caught.value.error_dict["code"] == ["checksum-mismatch"]
    assert set(caught.value.error_dict["message"][0]) == {"sl", "en"}
    assert act("datastrategy_delivery_list", "sender", mandate=mandate["slug"], states=["received"]) == []


def test_nothing_to_report_is_a_state_of_its_own(act, mandate):
    delivery = act(
        "datastrategy_delivery_nil", "sender", mandate=mandate["slug"], period="2026-03", reason="no customers yet"
    )
    assert delivery["state"] == "nil"
    assert dt.date.fromisoformat(delivery["due_at"][:10]) > dt.date(2026, 3, 31)


def test_delivery_that_is_not_held_cannot_be_decided(act, mandate):
    api.plan()
    [delivery] = [
        item
        for item in act("datastrategy_delivery_list", "dpo", mandate=mandate["slug"])
        if item["period"] == "2026-03"
    ]
    with pytest.raises(tk.ValidationError) as caught:
        act("datastrategy_delivery_decide", "dpo", id=delivery["id"], decision="approve", reason="looks fine")
    assert caught.value.error_dict["category"] == ["fatal"]
