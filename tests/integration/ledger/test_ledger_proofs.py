"""A release is kept only with a proof that the pipeline signed, and only with the files that this proof speaks of."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from cityharvest import api
from cityharvest import ledger as stages
from cityharvest.errors import DisclosureRefused
from cityharvest.states import DeliveryState
from disclosure.signing import new_key

from .conftest import KEYS, sha256, signed, stored_files, stream, to_cleared  # noqa: TID252 - one folder, one conftest


def keep(ledger: Any, delivery_id: str, file: Path, proof: dict[str, Any]) -> Any:
    release_id = str(uuid.uuid5(uuid.NAMESPACE_URL, delivery_id))
    return stages.store_release(
        ledger, delivery_id, release_id, {"data.csv": file}, proof, worker="worker-1", keys=KEYS
    )


@pytest.fixture
def cleared(ledger, mandate, period):
    got = api.receive(mandate.slug, period, stream(), "user-7", ledger=ledger)
    to_cleared(ledger, got.id)
    return got


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("zone,hour,usage\nA,1,2\n", encoding="utf-8")
    return path


def outputs(content: bytes) -> dict[str, Any]:
    return {"outputs": {"data.csv": {"sha256": sha256(content)}}}


def test_without_a_signature_of_the_pipeline_nothing_is_kept(ledger, cleared, file, settings) -> None:
    before = stored_files(settings)
    fitting = outputs(file.read_bytes())
    for proof in (fitting, signed(fitting, new_key()), {**signed(fitting), "rows": 9}):
        with pytest.raises(DisclosureRefused) as caught:
            keep(ledger, cleared.id, file, proof)
        assert caught.value.code == "proof-unsigned"
    assert stored_files(settings) == before
    assert api.delivery_show(cleared.id, ledger=ledger).state is DeliveryState.CLEARED


def test_files_of_another_proof_are_not_kept(ledger, cleared, file) -> None:
    with pytest.raises(DisclosureRefused) as caught:
        keep(ledger, cleared.id, file, signed(outputs(b"other")))
    assert caught.value.code == "proof-of-other-files"
    assert api.delivery_show(cleared.id, ledger=ledger).release is None


def test_files_of_the_signed_proof_are_kept(ledger, cleared, file) -> None:
    assert keep(ledger, cleared.id, file, signed(outputs(file.read_bytes()))).state == "released"
