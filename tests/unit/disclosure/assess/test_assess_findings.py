"""What an officer is told follows from the figures, has a text in both languages, and does not depend on memory."""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
import pytest
from assess_tables import relation

from disclosure import messages
from disclosure.assess import Questions, assess, measuring, memory, sql
from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.rules import Rules
from disclosure.spec import Measure, Spec

SCHEMA = pa.schema(
    [
        ("age", pa.int16()),
        ("zone", pa.string()),
        ("illness", pa.string()),
        ("contact", pa.string()),
        ("person", pa.string()),
        ("cost", pa.decimal128(18, 2)),
    ]
)
ROWS = [
    {
        "age": 30 + number % 3,
        "zone": "north" if number % 2 else "south",
        "illness": "flu" if number % 3 else "hiv",
        "contact": f"p{number}@example.org",
        "person": f"p{number // 3}",
        "cost": Decimal(1000 if number == 0 else 1),
    }
    for number in range(60)
]
SPEC = Spec(unit="person", quasi=("age", "zone"), sensitive=("illness",), measures={"cost": Measure()})
ASKED = Questions(rules=Rules(p_percent=15))


def _risk(rows=ROWS, spec=SPEC, questions=ASKED):
    with relation(rows, SCHEMA) as con:
        return assess(con, "data", spec, questions)


def test_every_fault_is_told_with_a_text_in_both_languages():
    found = {each.code: each.params for each in _risk(ROWS[:40]).findings}
    assert found.keys() == {
        "risk-identifier",
        "risk-class-below-minimum",
        "risk-homogeneous",
        "risk-cells-below-minimum",
        "risk-concentration",
    }
    assert found["risk-identifier"] == {"column": "contact", "kind": "email"}
    for code, params in found.items():
        for lang in ("sl", "en"):
            assert "{" not in messages.text(code, params, lang)


def test_declared_identifier_is_no_finding():
    spec = Spec(unit="person", quasi=("age",), identifiers=("contact",))
    assert "risk-identifier" not in {each.code for each in _risk(spec=spec).findings}


def test_columns_that_single_somebody_out_are_told():
    rows = [*ROWS, {**ROWS[0], "age": 99}]
    found = {each.code: each.params for each in _risk(rows).findings}
    assert found["risk-weakest-columns"]["columns"] == ["age"]


def test_safe_table_has_no_finding():
    rows = [
        {"age": 30, "zone": "z", "illness": s, "contact": "-", "person": f"p{n}", "cost": Decimal(1)}
        for n in range(30)
        for s in ("flu", "hiv")
    ]
    assert _risk(rows).findings == ()


def test_risk_is_json():
    shown = json.loads(json.dumps(_risk().as_dict()))
    assert shown["units"][0]["prosecutor"]["highest"]["exact"] == "1/10"


def test_little_memory_changes_the_way_and_not_the_figures(monkeypatch):
    expected = _risk()
    monkeypatch.setattr(memory, "limit_bytes", lambda con: 1000)
    monkeypatch.setattr(sql, "limit_bytes", lambda con: 3000)
    monkeypatch.setattr(measuring.packed, "load", None)
    assert _risk() == expected


@pytest.mark.parametrize(("shown", "limit"), [("953.6 MiB", 999_922_073), ("1.0 GiB", 2**30), ("512 bytes", 512)])
def test_memory_limit_is_read_as_the_engine_shows_it(monkeypatch, shown, limit):
    monkeypatch.setattr(memory, "one_row", lambda con, query: (shown,))
    assert memory.limit_bytes(None) == limit


def test_column_that_is_missing_is_refused():
    with pytest.raises(DisclosureRefused, match="column-missing"):
        _risk(spec=Spec(unit="person", quasi=("height",)))


@pytest.mark.parametrize(
    ("questions", "code"),
    [
        (Questions(orders={"illness": ["flu"]}), "order-incomplete"),
        (Questions(hierarchies={"illness": [("flu", "any")]}), "hierarchy-incomplete"),
        (Questions(hierarchies={"illness": [("flu", "lung", "any"), ("hiv", "any")]}), "hierarchy-ragged"),
    ],
)
def test_order_or_hierarchy_that_does_not_fit_is_refused(questions, code):
    with pytest.raises(SpecInvalid, match=code):
        _risk(questions=questions)


def test_nothing_is_left_in_the_connection():
    with relation(ROWS, SCHEMA) as con:
        assess(con, "data", SPEC, Questions(kernel=measuring.Kernel.SQL, rules=Rules(p_percent=15)))
        tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert tables == {"data"}
