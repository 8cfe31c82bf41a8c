"""Guards of the proof: what it must not tell beside the table."""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import attack_world as world

from disclosure import gate, proof, protect
from disclosure.attacks import Target, Truth, target_of
from disclosure.policies.threshold import Threshold
from disclosure.proof import Output
from disclosure.site import SiteRules
from guards import Guard

Cleared = proof.Cleared
KEY = SiteRules(key=b"a key of thirty-two bytes for test")
ONE_RULE = SiteRules(p_percent=17)
OUTPUTS = {name: Output(sha256="c" * 64, size=1) for name in ("data.csv", "data.parquet", "schema.json")}


class Noisy(Threshold):
    """Stands for differential privacy: of a policy the proof asks only for its name."""

    name: ClassVar[str] = "dp"


def target(site: SiteRules, policy: Any = Threshold()) -> Target:  # noqa: B008 - a frozen value
    """A release with its proof, whose fingerprint is that of the input as a CSV file."""
    con = world.open_engine()
    world.load(con, [(*row[:3], 1.0 + n % 7) for n, row in enumerate(world.people("a", 14) + world.people("b", 12))])
    made = protect(con, "input", world.SPEC, world.PRESET, site=site)
    cleared = Cleared(
        protected=_under(made, policy), spec=world.SPEC, preset=world.PRESET, site=site, key=_key_of_the_gate()
    )
    stream = io.StringIO()
    rows = con.execute("SELECT * FROM input")
    csv.writer(stream, lineterminator="\n").writerows([[each[0] for each in rows.description], *rows.fetchall()])
    digest = hashlib.sha256(stream.getvalue().encode()).hexdigest()
    fingerprint = proof.input_hmac(site.key or b"another key of thirty-two bytes!!", digest)
    words = {"release_id": "r-1", "input_hmac": fingerprint, "outputs": OUTPUTS, "extra": {}}
    document = proof.make_proof(cleared, **words).as_dict()
    truth = Truth(con=con, relation="input")
    return target_of(_under(made, policy), world.SPEC, world.PRESET, site=site, truth=truth, proof=document)


def _under(made: Any, policy: Any) -> Any:
    return replace(made, policy=policy)


def _key_of_the_gate() -> object:
    """What makes `Cleared` from outside the gate: for the tests of what a proof says, nothing is released."""
    return vars(sys.modules[gate.__module__])["_KEY"]


guard = partial(Guard, policy="proof", caught_by=("report-leak",))
GUARDS = (
    guard(
        name="the fingerprint of the input is keyed",
        target="disclosure.proof:input_hmac",
        replacement=lambda key, input_sha256: input_sha256,
        release=lambda: target(KEY),
    ),
    guard(
        name="a commitment holds a private random number",
        target="disclosure.commitment:blinded",
        replacement=lambda nonce, text: b"cityopen disclosure commitment 1\n" + text,
        release=lambda: target(ONE_RULE),
    ),
    guard(
        name="under noise nothing is stated that was computed from the input",
        target="disclosure.proof:_is_noisy",
        replacement=lambda cleared: False,
        release=lambda: target(KEY, Noisy()),
    ),
)
