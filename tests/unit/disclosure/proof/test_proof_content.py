"""What a proof says and what it must not say: it depends on the policy, and never reveals more than the table."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import ClassVar

import jsonschema
import pyarrow as pa
import pytest

from disclosure import Measure, SiteRules, Spec, gate, load_preset, protect
from disclosure.engine import connect
from disclosure.policies.threshold import Threshold
from disclosure.proof import CONCENTRATION, NOT_CLAIMED, Output, make_proof, proof_schema

START = datetime(2026, 10, 1, 6, tzinfo=UTC)
SPEC = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(decimals=1)})
OUTPUTS = {name: Output(sha256="c" * 64, size=1) for name in ("data.csv", "data.parquet", "schema.json")}
WORDS = {"release_id": "r-1", "input_hmac": "ab" * 32, "outputs": OUTPUTS, "extra": {"period": "2026-10"}}
ATTACK = SimpleNamespace(attack="recount", verdict="survived", reason=None, figures={"cells": 4}, findings=("secret",))


class Noisy(Threshold):
    name: ClassVar[str] = "dp"


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("proof"), "500MB") as connection:
        # Values vary from hour to hour: units that never vary would not hide one that joins.
        rows = [
            (f"m{m}", "a", START + timedelta(hours=h), 1.5 + (m * 7 + h * 13) % 10) for m in range(14) for h in range(3)
        ]
        rows += [(f"n{m}", "b", START, 1.5) for m in range(4)]
        columns = {name: [row[i] for row in rows] for i, name in enumerate(("meter", "zone", "ts", "kwh"))}
        connection.register("rows_in", pa.table(columns))
        connection.execute("CREATE TABLE input AS SELECT * FROM rows_in")
        yield connection


def cleared(con, preset="house-personal", site=None):
    rules = site or SiteRules()
    known = load_preset(preset)
    found = gate(con, "input", protect(con, "input", SPEC, known, site=rules), SPEC, known, rules)
    return replace(found, attacks=(ATTACK,))


def document(one, **words):
    found = json.loads(make_proof(one, **WORDS | words).to_json())
    jsonschema.validate(found, proof_schema())
    return found


def test_attacks_stand_with_their_results_and_without_what_they_found(con):
    proof = document(cleared(con))
    wanted = {"attack": "recount", "verdict": "survived", "reason": None, "figures": {"cells": 4}}
    assert proof["gate"] == {"recount": "independent-recount-passed", "attacks": [wanted]}


def test_an_attack_that_succeeded_can_never_stand_in_a_proof(con):
    broken = SimpleNamespace(attack="recount", verdict="broken", reason=None, figures={})
    found = make_proof(replace(cleared(con), attacks=(broken,)), **WORDS).as_dict()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(json.dumps(found)), proof_schema())


def test_concentration_is_claimed_only_where_a_rule_was_applied(con):
    assert document(cleared(con))["not_claimed"] == list(NOT_CLAIMED)
    proof = document(cleared(con, "house-business", SiteRules(p_percent=17)))
    assert CONCENTRATION not in proof["not_claimed"]
    assert {"min-units", "p-percent", "max-share"} <= set(proof["rules"])


def test_the_preset_stands_with_its_source_and_its_public_parameters(con):
    preset = document(cleared(con, "house-business", SiteRules(p_percent=17)))["preset"]
    assert preset["parameters"] == {"min_units": 3, "zero_is_small": True, "max_share_percent": 85}
    assert preset["source"]["url"].startswith("https://")


def test_secret_rules_are_only_committed_to(con):
    site = SiteRules(p_percent=17, key=b"s" * 32)
    proof = make_proof(cleared(con, "house-business", site), **WORDS)
    assert proof.opening.opens(proof.document["commitment"]["value"])
    assert proof.opening.nonce.hex() not in proof.to_json().decode()
    assert site.key.hex() not in json.dumps(proof.opening.as_dict())
    assert document(cleared(con))["commitment"] is None


def test_under_differential_privacy_nothing_is_computed_from_the_input(con):
    one = cleared(con)
    facts = {"budget": {"window": "P1Y", "rho": "1/10"}, "totals": "not-additive"}
    noisy = replace(one, protected=replace(one.protected, policy=Noisy(), public_facts=facts))
    proof = document(noisy)
    assert proof["input"] == {"hmac_sha256": None}
    assert proof["achieved"] == {"min_units": None}
    assert proof["withheld"]["cells"] == proof["withheld"]["units"] == "not-stated"
    assert [(each["verdict"], each["figures"]) for each in proof["gate"]["attacks"]] == [("not-stated", {})]
    assert (proof["budget"], proof["totals"]) == (facts["budget"], "not-additive")
    elsewhere = replace(noisy, protected=replace(noisy.protected, achieved_min=99))
    assert document(elsewhere, input_hmac="cd" * 32) == proof


def test_the_statement_about_what_was_withheld_is_a_band(con):
    proof = document(cleared(con))
    assert proof["withheld"]["cells"] == "not-stated"  # four units stand behind the only withheld cell
    assert proof["achieved"] == {"min_units": 14}


def test_the_schema_is_valid_and_closed():
    schema = proof_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
