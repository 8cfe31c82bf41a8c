"""Report leak: the proof beside the table, and the table alone."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from copy import deepcopy

import pytest
from history_world import PRESET, SPEC, load, meters

from disclosure import attacks, gate, protect, release
from disclosure.attacks import Truth, Verdict, target_of
from disclosure.engine import connect
from disclosure.proof import input_hmac
from disclosure.site import SiteRules

SITE = SiteRules(key=bytes(range(32)), p_percent=10)


@pytest.fixture
def con(tmp_path):
    """Zones of 20, 15, 30 and 4 meters; the last is withheld."""
    with connect(tmp_path, "500MB") as connection:
        sizes = (20, 15, 30, 4)
        load(connection, "data", [row for n, size in enumerate(sizes) for row in meters(f"z{n}", size, first=100 * n)])
        yield connection


def file_of(con):
    result = con.execute("SELECT * FROM data")
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column[0] for column in result.description])
    writer.writerows(result.fetchall())
    return stream.getvalue().encode()


@pytest.fixture
def attacked(con, tmp_path):
    """The verdict on a release of our own whose proof was changed."""
    protected = protect(con, "data", SPEC, PRESET, site=SITE)
    cleared = gate(con, "data", protected, SPEC, PRESET, SITE)
    digest = hashlib.sha256(file_of(con)).hexdigest()
    release.write(
        tmp_path / "release", cleared, SPEC, PRESET, release_id="r1",
        input_hmac=input_hmac(SITE.key, digest), extra={"audit_head": "ab" * 32, "period": "2026-10"},
    )  # fmt: skip
    written = json.loads((tmp_path / "release" / "proof.json").read_text(encoding="utf-8"))

    def verdict(change=lambda proof: None):
        proof = deepcopy(written)
        change(proof)
        target = target_of(protected, SPEC, PRESET, truth=Truth(con=con, relation="data"), proof=proof)
        return attacks.run("report-leak", target, seed=1).verdict

    return verdict


def test_our_own_proof_says_no_more_than_the_table(attacked):
    assert attacked() is Verdict.SURVIVED


def test_plain_hash_of_an_input_with_one_unknown_row_is_found_out(attacked, con):
    digest = hashlib.sha256(file_of(con)).hexdigest()
    assert attacked(lambda proof: proof["input"].update(hmac_sha256=digest)) is Verdict.BROKEN
    assert attacked(lambda proof: proof["input"].update(hmac_sha256=input_hmac(b"", digest))) is Verdict.BROKEN


def test_digest_of_something_unknown_in_a_new_place_is_suspicious(attacked):
    other = hashlib.sha256(b"the file as it was delivered").hexdigest()
    assert attacked(lambda proof: proof.update(delivery=other)) is Verdict.BROKEN


@pytest.mark.parametrize("number", [8, "4", "5.8", 0.058, "94.20 %"])
def test_exact_number_or_share_of_what_was_withheld_is_found(attacked, number):
    """8 of 138 rows and 4 of 69 units are in the withheld zone."""
    assert attacked(lambda proof: proof["withheld"].update(exactly=number)) is Verdict.BROKEN


def test_band_about_fewer_than_k_units_is_found(attacked):
    assert attacked(lambda proof: proof["withheld"].update(units="5–20 %")) is Verdict.BROKEN


def test_commitment_without_a_nonce_is_found(attacked):
    guessable = hashlib.sha256(b'{"p_percent":10}').hexdigest()
    assert attacked(lambda proof: proof["commitment"].update(value=guessable)) is Verdict.BROKEN


def test_without_a_proof_there_is_nothing_to_read(con):
    target = target_of(protect(con, "data", SPEC, PRESET), SPEC, PRESET)
    assert attacks.run("report-leak", target, seed=1).reason == "no-proof-yet"
