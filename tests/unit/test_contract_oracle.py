"""Rule: the fast reader finds what Frictionless finds, row by row and column by column.

Frictionless is the reference for Table Schema; ours only has to be faster. Rules of ours that it does not know (time
zones, intervals, periods) have tests of their own.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from frictionless import Dialect, Resource, Schema, formats

from cityharvest.contract import read
from cityharvest.errors import ContractBroken
from cityharvest.periods import Period
from disclosure.engine import connect

FIELDS: list[dict[str, Any]] = [
    {"name": "meter_id", "type": "string", "role": "unit", "constraints": {"required": True}},
    {"name": "zone", "type": "string", "role": "zone", "constraints": {"required": True, "enum": ["Žiri", "Zminec"]}},
    {"name": "ts", "type": "datetime", "format": "%Y-%m-%d %H:%M", "role": "time", "constraints": {"required": True}},
    {
        "name": "usage_kwh",
        "type": "number",
        "role": "measure",
        "decimalChar": ",",
        "constraints": {"minimum": 0, "maximum": 50},
    },
    {"name": "reads", "type": "integer", "role": "measure", "constraints": {"required": True}},
]
BAD: dict[str, list[str]] = {
    "meter_id": ["", "Null"],
    "zone": ["", "Kranj", "žiri"],
    "ts": ["", "2026-09-31 00:00", "2026-09-01", "2026-09-01T00:00", "1. 9. 2026", "2026-09-01 24:00", "x"],
    "usage_kwh": ["x", "1,2,3", "-0,5", "50,5", "12 kWh", "--1", "1e"],
    "reads": ["", "1.5", "1,0", "two", "0x1", "+-1"],
}
GOOD: dict[str, list[str]] = {
    "meter_id": ["M1", "ž 2", "0"],
    "zone": ["Žiri", "Zminec"],
    "ts": ["2026-09-01 00:00", "2026-09-30 23:59"],
    "usage_kwh": ["", "Null", "0", "50", "0,125", "-0", "+3,5", "1e1"],
    "reads": ["0", "-3", "12"],
}
CONTRACT: dict[str, Any] = {"fields": FIELDS, "dialect": {"delimiter": ";"}, "missingValues": ["", "Null"]}


def made(seed: int) -> list[list[str]]:
    chance = random.Random(seed)
    return [[chance.choice(BAD[name] if chance.random() < 0.08 else GOOD[name]) for name in BAD] for _ in range(200)]


def ours(path: Path) -> set[tuple[int, str]]:
    con = connect(path.parent, "200MB")
    try:
        read(con, [path], CONTRACT, Period.parse("month", "2026-09", "Europe/Ljubljana"))
    except ContractBroken as error:
        return {(row, found["column"]) for found in error.findings for row in found["rows"]}
    finally:
        con.close()
    return set()


def theirs(path: Path) -> set[tuple[int, str]]:
    fields = [{name: value for name, value in one.items() if name != "role"} for one in FIELDS]
    schema = Schema.from_descriptor({"fields": fields, "missingValues": ["", "Null"]})
    resource = Resource(
        path=path.name,
        basepath=str(path.parent),
        schema=schema,
        control=formats.CsvControl(delimiter=";"),
        dialect=Dialect(),
    )
    report = resource.validate(limit_errors=10_000)
    return {(row, name) for row, name in report.flatten(["rowNumber", "fieldName"])}


@pytest.mark.parametrize("seed", range(6))
def test_the_reader_finds_what_the_reference_finds(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch):
    """Two hundred rows with about eighty errors of fifteen kinds."""
    monkeypatch.setattr("cityharvest.contract.checks.NAMED_ROWS", 1000)
    path = tmp_path / "delivery.csv"
    lines = [";".join(BAD), *(";".join(row) for row in made(seed))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected = theirs(path)
    assert len(expected) > 40
    assert ours(path) == expected
