"""Data larger than the memory limit is worked through on disk, encrypted, inside the private folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from disclosure.engine import SPILL_FOLDER, connect


def test_work_larger_than_the_memory_limit_spills_and_ends(tmp_path: Path) -> None:
    with closing(connect(tmp_path, "48MB", threads=1)) as con:
        con.execute("CREATE TABLE t AS SELECT range AS a, repeat('plaintext', 8) || range AS s FROM range(1500000)")
        spilled = list((tmp_path / SPILL_FOLDER).iterdir())
        assert con.execute("SELECT count(*) FROM t WHERE s LIKE 'plaintext%'").fetchall() == [(1500000,)]
    assert spilled, "the limit was not reached: this test proves nothing"
