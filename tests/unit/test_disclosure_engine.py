"""The one DuckDB factory: confined to its folder, offline, locked."""

from __future__ import annotations

import os
import threading

import duckdb
import pytest

from disclosure.engine import connect


@pytest.fixture
def con(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    with connect(tmp_path / "work", "200MB") as connection:
        yield connection


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('{outside}/secret.txt')",
        "SELECT * FROM read_text('{outside}/work/../secret.txt')",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "COPY (SELECT 1) TO '{outside}/leak.csv'",
        "ATTACH '{outside}/leak.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET lock_configuration = false",
    ],
)
def test_connection_refuses_what_leaves_its_folder_or_its_settings(con, tmp_path, query):
    with pytest.raises(duckdb.Error):
        con.execute(query.format(outside=tmp_path))


def test_link_in_the_folder_leads_nowhere_else(con, tmp_path):
    (tmp_path / "work" / "link").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(duckdb.Error):
        con.execute(f"SELECT * FROM read_text('{tmp_path}/work/link')")


def test_only_the_work_folder_is_open(con, tmp_path):
    folders = con.execute("SELECT current_setting('allowed_directories')").fetchall()[0][0]
    assert folders
    assert all(str(folder).startswith(str(tmp_path / "work")) for folder in folders)


def test_settings_that_protect_are_on(con):
    names = ("temp_file_encryption", "lock_configuration", "enable_external_access", "autoload_known_extensions")
    values = [str(con.execute(f"SELECT current_setting('{name}')").fetchall()[0][0]).lower() for name in names]
    assert values == ["true", "true", "false", "false"]
    assert con.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_csv_is_read_through_a_fifo_in_the_folder(con, tmp_path):
    fifo = tmp_path / "work" / "plain"
    os.mkfifo(fifo, 0o600)
    writer = threading.Thread(target=fifo.write_text, args=("a;b\n" + "1;2,5\n" * 5000,), daemon=True)
    writer.start()
    rows = con.execute(
        f"SELECT count(*), sum(b) FROM read_csv('{fifo}', delim=';', header=true, auto_detect=false,"
        " decimal_separator=',', columns={'a': 'INTEGER', 'b': 'DOUBLE'})"
    ).fetchall()
    writer.join(10)
    assert rows == [(5000, 12500.0)]


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        connect(tmp_path / "nowhere")
