"""The gate's last step: the table in the folder, counted again from the input; whoever tampers is found."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from disclosure import Measure, SiteRules, Spec, Status, gate, load_preset, passes, protect, release, signing, verify
from disclosure.commitment import Opening
from disclosure.engine import connect
from disclosure.proof import input_hmac
from disclosure.recheck import opened_input, verify_against
from disclosure.tables import csv_bytes, write_parquet

KEY, FORGER = signing.new_key(), signing.new_key()
SITE = SiteRules(p_percent=17, dominance_n=2, dominance_percent=83, key=b"k" * 32)
PRESET = load_preset("house-personal")
SPEC = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(decimals=1, unit="kWh")})
START = datetime(2026, 10, 1, 6, tzinfo=UTC)
INPUT_SHA256 = hashlib.sha256(b"input").hexdigest()


def _rows(extra: float = 0) -> pa.Table:
    rows = [
        (f"m-{zone}-{m}", zone, START + timedelta(hours=h), 1.5 + (m * 7 + h * 13 + m * h * 5) % 17 + extra)
        for zone, meters in (("a", 14), ("b", 11), ("c", 9))
        for m in range(meters)
        for h in range(3)
    ]
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(("meter", "zone", "ts", "kwh"))})


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with connect(tmp_path_factory.mktemp("verify"), "500MB") as connection:
        for name, extra in (("input", 0), ("other", 0.5)):
            connection.register("rows_in", _rows(extra))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows_in")
            connection.unregister("rows_in")
        yield connection


@pytest.fixture(scope="module")
def made(con, tmp_path_factory):
    base = tmp_path_factory.mktemp("releases")
    openings = {}
    for name in ("input", "other"):
        cleared = gate(con, name, protect(con, name, SPEC, PRESET, site=SITE), SPEC, PRESET, SITE)
        proof = release.write(
            base / name,
            cleared,
            SPEC,
            PRESET,
            release_id=name,
            input_hmac=input_hmac(SITE.key, INPUT_SHA256),
            extra={"audit_head": {"seq": 9, "hash": "d" * 64}},
            signing_key=KEY,
        )
        openings[name] = proof.opening
    return base, openings


@pytest.fixture
def folder(made, tmp_path) -> Path:
    return Path(shutil.copytree(made[0] / "input", tmp_path / "r"))


def failing(answers):
    return {each.name for each in answers if each.status is Status.FAILS}


def public(folder, key=KEY):
    return verify(folder, key.public_key())


def replaced(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def forge(folder: Path, edit, signer=None) -> None:
    """Change the table in both files, mend every hash, and sign again if there is a key."""
    table = pq.read_table(folder / "data.parquet")
    rows = table.to_pylist()
    edit(rows)
    forged = pa.Table.from_pylist(rows, schema=table.schema)
    replaced(folder / "data.csv", csv_bytes(forged))
    (folder / "data.parquet").unlink()
    write_parquet(forged, folder / "data.parquet")
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    for name in ("data.csv", "data.parquet"):
        content = (folder / name).read_bytes()
        proof["outputs"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    if signer is not None:
        proof["signature"] = signer.sign(proof)
    replaced(folder / "proof.json", json.dumps(proof).encode())


def test_an_untouched_release_holds_in_public_and_against_its_input(folder, con, made):
    assert passes(public(folder))
    answers = verify_against(folder, con, "input", SITE, input_sha256=INPUT_SHA256, opening=made[1]["input"])
    assert passes(answers)
    held = {each.name for each in answers if each.status is Status.HOLDS}
    assert {"independent-recount", "input-hmac", "commitment-opens"} <= held


def test_without_the_key_the_signature_cannot_be_judged(folder):
    assert {each.name: each.status for each in verify(folder)}["signature"] is Status.CANNOT


@pytest.mark.parametrize("column", ["zone", "period_start", "units", "kwh"])
@pytest.mark.parametrize("number", range(6))
def test_one_changed_cell_is_found_against_the_input_even_when_everything_was_signed_again(folder, con, column, number):
    later = {"zone": "aa", "period_start": START + timedelta(days=2), "units": 13, "kwh": Decimal("0.1")}

    def edit(rows):
        old = rows[number][column]
        rows[number][column] = later[column] if column != "kwh" else old + later[column]

    forge(folder, edit, signer=KEY)
    assert "signature" not in failing(public(folder))
    assert "independent-recount" in failing(verify_against(folder, con, "input", SITE))


def test_one_changed_cell_breaks_the_signature_for_whoever_lacks_the_key(folder):
    forge(folder, lambda rows: rows[0].update(kwh=rows[0]["kwh"] + 1))
    assert failing(public(folder)) == {"signature"}


def test_a_forger_with_another_key_is_found(folder):
    forge(folder, lambda rows: rows[0].update(kwh=rows[0]["kwh"] + 1), signer=FORGER)
    assert failing(public(folder)) == {"signature"}


def test_the_proof_of_another_release_does_not_fit(folder, made):
    replaced(folder / "proof.json", (made[0] / "other" / "proof.json").read_bytes())
    assert {"unchanged:data.csv", "unchanged:data.parquet"} <= failing(public(folder))


def test_a_whole_release_of_another_input_is_found_against_the_input(made, con):
    assert passes(public(made[0] / "other"))
    assert "independent-recount" in failing(verify_against(made[0] / "other", con, "input", SITE))


def test_a_cell_that_was_left_out_or_repeated_is_found(folder, con):
    forge(folder, lambda rows: rows.pop(), signer=KEY)
    assert "independent-recount" in failing(verify_against(folder, con, "input", SITE))


@pytest.mark.parametrize(
    "edit",
    [
        lambda proof: proof["context"].update(period="2031"),
        lambda proof: proof["preset"]["parameters"].update(min_units=12),
        lambda proof: proof["not_claimed"].pop(),
        lambda proof: proof["commitment"].update(value="0" * 64),
        lambda proof: proof["gate"]["attacks"].clear() or proof["versions"].update(python="2"),
        lambda proof: proof.update(release_id="x"),
    ],
)
def test_any_changed_statement_breaks_the_signature(folder, edit):
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    edit(proof)
    replaced(folder / "proof.json", json.dumps(proof).encode())
    assert "signature" in failing(public(folder))


def test_a_proof_without_a_signature_fails_where_a_key_is_known(folder):
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    replaced(folder / "proof.json", json.dumps(proof | {"signature": None}).encode())
    assert failing(public(folder)) == {"signature"}


def test_a_name_that_stands_twice_makes_a_proof_unreadable(folder):
    text = (folder / "proof.json").read_text(encoding="utf-8")
    replaced(folder / "proof.json", text.replace('"rows":', '"rows": 1, "rows":', 1).encode())
    assert failing(public(folder)) == {"proof-readable"}


def test_other_rules_of_the_house_do_not_open_the_commitment(folder, con, made):
    opening = made[1]["input"]
    wrong = Opening(nonce=opening.nonce, parameters={**opening.parameters, "p_percent": 18})
    assert failing(verify_against(folder, con, "input", SITE, opening=wrong)) == {"commitment-opens"}
    assert opening.parameters["p_percent"] == 17


def test_another_input_hash_does_not_fit_the_fingerprint(folder, con):
    wrong = hashlib.sha256(b"one row more").hexdigest()
    assert failing(verify_against(folder, con, "input", SITE, input_sha256=wrong)) == {"input-hmac"}
    without_key = SiteRules(p_percent=17, dominance_n=2, dominance_percent=83)
    answers = verify_against(folder, con, "input", without_key, input_sha256=wrong)
    assert {each.name: each.status for each in answers}["input-hmac"] is Status.CANNOT


def test_nothing_secret_stands_in_the_folder(folder):
    text = (folder / "proof.json").read_text(encoding="utf-8")
    proof = json.loads(text)
    assert INPUT_SHA256 not in text
    assert "p_percent" not in text and "dominance_percent" not in text and "nonce" not in text
    assert 17 not in _numbers(proof) and 83 not in _numbers(proof)


def _numbers(value):
    if isinstance(value, dict):
        return [number for each in value.values() for number in _numbers(each)]
    if isinstance(value, list):
        return [number for each in value for number in _numbers(each)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


def test_the_input_can_be_a_file(folder, tmp_path):
    path = tmp_path / "input.parquet"
    pq.write_table(_rows(), path)
    with opened_input(folder, path) as (con, relation):
        assert passes(verify_against(folder, con, relation, SITE))


def test_a_folder_that_is_no_release_gives_a_failing_claim(tmp_path, con):
    (tmp_path / "proof.json").write_text("{}", encoding="utf-8")
    assert failing(verify_against(tmp_path, con, "input", SITE)) == {"proof-readable"}


def test_a_table_that_is_gone_gives_a_failing_claim(folder, con):
    (folder / "data.parquet").unlink()
    answers = verify_against(folder, con, "input", SITE)
    assert {"unchanged:data.parquet", "independent-recount"} <= failing(answers)


def test_a_signed_proof_that_tells_more_than_its_table_is_found(folder, con):
    """A digest of the input as it stands, which lets anybody try the values of one unknown row."""
    rows = con.execute("SELECT * FROM input").fetchall()
    text = "meter,zone,ts,kwh\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    proof = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    proof["input"]["hmac_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    proof["signature"] = KEY.sign(proof)
    replaced(folder / "proof.json", json.dumps(proof).encode())
    assert passes(public(folder))
    assert failing(verify_against(folder, con, "input", SITE)) == {"proof-tells-no-more"}
