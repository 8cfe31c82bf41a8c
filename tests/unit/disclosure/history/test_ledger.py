"""The ledger holds what everybody has seen, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from history_world import PRESET, SPEC, load, meters, published

from disclosure import DisclosureRefused, ReleaseExists
from disclosure.history import FileLedger, MemoryLedger, PublishedRelease


@pytest.fixture
def release(con):
    load(con, "data", meters("a", 12) + meters("b", 3, first=50))
    return published(con, "data")


def test_an_entry_survives_being_written_and_read(release):
    again = PublishedRelease.from_json(release.to_json())
    assert again == release
    assert again.table.equals(release.table)


def test_no_unit_of_the_input_stands_in_an_entry(release):
    assert "m00" not in release.to_json()
    assert set(release.table.column("zone").to_pylist()) == {"a"}
    with pytest.raises(DisclosureRefused):
        replace(release, table=release.table.append_column("METER", release.table.column("zone")))


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_releases_come_back_in_the_order_of_their_publication(kind, release, tmp_path):
    ledger = MemoryLedger() if kind == "memory" else FileLedger(tmp_path / "ledger.jsonl")
    assert list(ledger.earlier("meters")) == []
    for number, period in enumerate(("2026-10", "2026-09", "2026-10")):
        ledger.record(replace(release, release_id=f"r{number}", period=period))
    assert [each.release_id for each in ledger.earlier("meters")] == ["r0", "r1", "r2"]
    assert [each.release_id for each in ledger.earlier("meters", "2026-10")] == ["r0", "r2"]
    assert list(ledger.earlier("trips")) == []
    with pytest.raises(ReleaseExists):
        ledger.record(replace(release, release_id="r1"))


def test_two_writers_of_one_file_do_not_lose_an_entry(release, tmp_path):
    first, second = FileLedger(tmp_path / "ledger.jsonl"), FileLedger(tmp_path / "ledger.jsonl")
    for number in range(4):
        (first, second)[number % 2].record(replace(release, release_id=f"r{number}"))
    assert len(first.earlier("meters")) == 4


def test_an_entry_says_how_it_was_made(release):
    assert release.policy == {"name": "threshold", "parameters": {}}
    assert release.preset["id"] == PRESET.id
    assert release.spec == SPEC.as_dict()
