"""Rules: killed anywhere and run again, the end is the same; left-overs are swept; purges are noted."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cityharvest import api, quarantine, seal
from cityharvest import ledger as stages
from cityharvest.errors import NotFound, ReceiveRefused, SealBroken, StorageUnavailable
from cityharvest.ledger import attempts
from cityharvest.states import DeliveryState

from .conftest import stored_files, stream, to_cleared, to_published, to_released  # noqa: TID252 - one folder, one conftest

KILLED_RECEIVER = """
import io, os, signal, sys
from cityharvest import api, quarantine
from cityharvest.ledger import Ledger, intake

def killed(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

place = sys.argv[1]
if place == "before-seal":
    quarantine.store = killed
elif place == "after-seal":
    store = quarantine.store
    def stored(*args, **kwargs):
        store(*args, **kwargs)
        killed()
    quarantine.store = stored
elif place == "before-commit":
    intake.attempts.end = killed
api.receive("poraba-vode", sys.argv[2], io.BytesIO(b"content"), "user-7", ledger=Ledger.from_environ())
"""


def run_killed(ledger, place: str, period: str) -> int:
    environ = {
        **os.environ,
        "CITYHARVEST_DATABASE_URL": ledger.settings.database_url,
        "CITYHARVEST_STORAGE": ledger.settings.storage,
        "CITYHARVEST_RECIPIENT": ledger.settings.recipient,
    }
    return subprocess.run(
        [sys.executable, "-c", KILLED_RECEIVER, place, period], env=environ, check=False, timeout=120
    ).returncode


@pytest.mark.parametrize(("place", "left"), [("before-seal", 0), ("after-seal", 1), ("before-commit", 1)])
def test_a_kill_while_receiving_leaves_only_what_the_sweep_removes(
    ledger, mandate, period, settings, place, left
) -> None:
    assert run_killed(ledger, place, period) == -signal.SIGKILL
    (row,) = api.delivery_list(period=period, ledger=ledger)
    shown = api.delivery_show(row.id, ledger=ledger)
    assert (shown.state, shown.parts) == (DeliveryState.DUE, ())
    assert len(stored_files(settings)) == left
    again = api.receive(mandate, period, io.BytesIO(b"content"), "user-7", ledger=ledger)
    assert (again.id, again.state) == (row.id, DeliveryState.RECEIVED)
    assert attempts.sweep(ledger) == []
    assert len(attempts.sweep(ledger, older_than_seconds=0)) == 1
    (kept,) = stored_files(settings)
    assert kept.name == Path(again.parts[0].object_name).name
    assert attempts.sweep(ledger, older_than_seconds=0) == []
    assert api.audit_verify(ledger=ledger) == []


def test_an_upload_that_the_sweep_overtook_is_not_taken_for_whole(ledger, mandate, period, monkeypatch) -> None:
    store = quarantine.store

    def slow(*args, **kwargs):
        sealed = store(*args, **kwargs)
        attempts.sweep(ledger, older_than_seconds=0)
        return sealed

    monkeypatch.setattr(quarantine, "store", slow)
    with pytest.raises(StorageUnavailable) as caught:
        api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    assert (caught.value.code, caught.value.exit_code) == ("object-swept", 75)
    assert api.delivery_list(period=period, ledger=ledger)[0].state is DeliveryState.DUE


def test_a_release_is_stored_once_however_often_it_is_tried(ledger, mandate, period, tmp_path, settings) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    release_id = to_released(ledger, got.id, tmp_path)
    head, files = api.audit_head(ledger=ledger), stored_files(settings)
    with ledger.transaction() as session:
        leased = stages.lease_delivery(session, [DeliveryState.RELEASED], worker="worker-2")
    again = stages.store_release(ledger, got.id, release_id, {}, {}, worker="worker-2", keys=())
    assert leased.id == got.id
    assert (again.id, [file.name for file in again.files]) == (release_id, ["data.csv"])
    assert (api.audit_head(ledger=ledger), stored_files(settings)) == (head, files)
    with api.release_file(release_id, "data.csv", ledger=ledger) as file:
        assert file.read() == b"zone,hour,usage\nA,1,2\n"


def test_publishing_and_withdrawing_twice_changes_nothing(ledger, mandate, period, tmp_path, settings, sql) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    release_id = to_published(ledger, got.id, tmp_path)
    for _ in range(2):
        with ledger.transaction() as session:
            stages.mark_published(session, release_id, "other", [], actor="publish")
    assert api.release_show(release_id, ledger=ledger).dataset_id == "dataset-1"
    for _ in range(2):
        with ledger.transaction() as session:
            stages.mark_withdrawn(session, release_id, "napaka", actor="user-dpo")
    assert [stages.remove_withdrawn_files(ledger, release_id) for _ in range(2)] == [1, 0]
    shown = api.delivery_show(got.id, ledger=ledger)
    assert (shown.state, shown.release.withdrawn_reason) == (DeliveryState.WITHDRAWN, "napaka")
    assert [step.event for step in shown.history].count("withdraw") == 1
    assert sql("SELECT dataset_id, reason, actor FROM cityharvest.tombstone") == [("dataset-1", "napaka", "user-dpo")]
    assert api.published_for("org-lead", ledger=ledger) == []
    with pytest.raises(NotFound):
        api.release_file(release_id, "data.csv", ledger=ledger)


def test_raw_parts_are_purged_on_their_date_and_the_purge_is_noted(
    ledger, mandate, period, tmp_path, settings, sql
) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    to_published(ledger, got.id, tmp_path)
    assert stages.purge_due(ledger) == []
    sql("UPDATE cityharvest.part SET purge_at = clock_timestamp() - interval '1 second'")
    assert stages.purge_due(ledger) == [got.parts[0].id]
    assert stages.purge_due(ledger) == []
    shown = api.delivery_show(got.id, ledger=ledger)
    assert shown.state is DeliveryState.PUBLISHED
    assert shown.parts[0].purged_at is not None
    assert shown.history[-1].event == "purge"
    assert [path.suffix for path in stored_files(settings)] == [".csv"]
    assert api.audit_verify(ledger=ledger) == []


def test_a_purge_that_was_killed_after_removing_is_finished_by_the_next(
    ledger, mandate, period, raw_storage, sql
) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    sql("UPDATE cityharvest.part SET purge_at = clock_timestamp()")
    raw_storage.remove(got.parts[0].object_name)
    assert stages.purge_due(ledger) == [got.parts[0].id]


def test_an_unfinished_delivery_whose_raw_bytes_are_purged_is_rejected(ledger, mandate, period, sql) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    to_cleared(ledger, got.id)
    sql("UPDATE cityharvest.part SET purge_at = clock_timestamp()")
    assert stages.purge_due(ledger) == []  # a worker has it
    with ledger.transaction() as session:
        stages.move(session, got.id, DeliveryState.HELD, actor="process", held_reason="first-release")
        stages.drop_lease(session, got.id, "worker-1")
    stages.purge_due(ledger)
    shown = api.delivery_show(got.id, ledger=ledger)
    assert (shown.state, shown.error) == (DeliveryState.REJECTED, {"code": "raw-purged", "params": {}})


def test_purged_parts_cannot_be_closed_into_a_delivery(ledger, mandate, period, sql) -> None:
    due = api.begin_parts(mandate, period, "source:1", ledger=ledger)
    api.append_part(due.id, stream(b"a"), "source:1", ledger=ledger)
    sql("UPDATE cityharvest.part SET purge_at = clock_timestamp()")
    stages.purge_due(ledger)
    with pytest.raises(ReceiveRefused, match="raw-purged"):
        api.finish_parts(due.id, "source:1", ledger=ledger)


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_truncated_stored_part_is_an_error_before_anything_can_be_committed(
    ledger, mandate, period, settings, keep
) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    (file,) = stored_files(settings)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(SealBroken):
        quarantine.open_part(ledger.storage, got.parts[0], io.BytesIO(), settings.identity_file)


def test_a_part_exchanged_for_another_sealed_file_is_noticed(ledger, mandate, period, settings) -> None:
    got = api.receive(mandate, period, stream(), "user-7", ledger=ledger)
    (file,) = stored_files(settings)
    with file.open("wb") as target:
        seal.seal(io.BytesIO(b"planted"), target, settings.recipient)
    with pytest.raises(SealBroken, match="part-changed"):
        quarantine.open_part(ledger.storage, got.parts[0], io.BytesIO(), settings.identity_file)
