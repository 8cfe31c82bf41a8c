"""White space and letter case never make two units out of one: neither for what protects nor for what counts again."""

from __future__ import annotations

import duckdb
import pytest

from disclosure.recounts.spelling import spelled
from disclosure.units import unit_sql

SPELLINGS = ["p1", " P1", "p1 ", "p1\t", "p1\r", "p1\n", "\u00a0p1", "p1\u202f", "\ufeffp1"]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=[repr(each) for each in SPELLINGS])
def test_spelling_is_the_same_unit(spelling):
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT ? AS unit", [spelling])
        assert con.execute(f"SELECT {unit_sql('unit')}, {spelled('unit')} FROM t").fetchall() == [("P1", "P1")]


@pytest.mark.parametrize("blank", ["", "  ", "\t\r\n", "\u00a0"], ids=repr)
def test_blank_is_missing(blank):
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT ? AS unit", [blank])
        assert con.execute(f"SELECT {unit_sql('unit')}, {spelled('unit')} FROM t").fetchall() == [(None, "")]


def test_letters_inside_stay():
    with duckdb.connect() as con:
        assert con.execute(f"SELECT {spelled('u')} FROM (VALUES ('a b-1 x')) AS t(u)").fetchall() == [("A B-1 X",)]
