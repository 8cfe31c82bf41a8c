"""The published table as files: CSV and Parquet that carry the same rows, and the Table Schema that describes them.

Both are byte for byte reproducible from the same table and library versions. Text that a spreadsheet would run as a
formula gets an apostrophe in front, in the CSV only: Parquet is not opened by spreadsheets as text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from disclosure.shape import Field, Shape

CSV_NAME, PARQUET_NAME, SCHEMA_NAME = "data.csv", "data.parquet", "schema.json"

# Spreadsheets take the full-width forms for formulas too.
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def neutral(text: str) -> str:
    """Text on one line that a spreadsheet shows instead of running.

    Control characters become spaces: a bare carriage return would end the row for many readers of CSV.
    """
    line = _CONTROL.sub(" ", text)
    return "'" + line if line.lstrip().startswith(_FORMULA_STARTS) else line


def cell_text(value: object) -> str:
    """One value as it stands in the CSV: times as ISO 8601 in UTC, decimals in full, missing as nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return neutral(str(value)) if isinstance(value, str) else str(value)


def csv_bytes(table: pa.Table) -> bytes:
    """The table as CSV: comma, UTF-8, line feeds."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([neutral(name) for name in table.column_names])
    writer.writerows(text_rows(table))
    return text.getvalue().encode("utf-8")


def text_rows(table: pa.Table) -> Iterable[list[str]]:
    """The rows of a table as they stand in the CSV."""
    columns = [[cell_text(value) for value in column.to_pylist()] for column in table.columns]
    return (list(row) for row in zip(*columns, strict=True))


def read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a published CSV, as text.

    Raises:
        ValueError: if the file is not UTF-8 CSV with a header.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, strict=True))
    if not rows:
        raise ValueError("no header")
    return rows[0], rows[1:]


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write Parquet with fixed settings, so that the same table gives the same bytes."""
    plain = table.replace_schema_metadata(None)
    pq.write_table(plain, path, compression="zstd", version="2.6", row_group_size=1 << 20, write_statistics=True)


def table_schema(shape: Shape) -> dict[str, Any]:
    """The Table Schema (Frictionless) of the published table."""
    return {
        "fields": [_described(each, shape) for each in shape.fields],
        "primaryKey": list(shape.primary_key),
        "missingValues": [""],
    }


def _described(column: Field, shape: Shape) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "type": _frictionless(column.type)}
    if column.title:
        described["title"], described["titles"] = column.title.get("en", column.name), dict(column.title)
    if described["type"] == "datetime":
        described["format"] = "%Y-%m-%dT%H:%M:%SZ"
    if column.name in shape.primary_key:
        described["constraints"] = {"required": True}
    if column.aggregation:
        described["aggregation"] = column.aggregation
    if column.decimals is not None:
        described["decimals"] = column.decimals
    if column.unit:
        described["unit"] = column.unit
    return described


def _frictionless(arrow_type: str) -> str:
    known = {"string": "string", "int64": "integer", "bool": "boolean"}
    return known.get(arrow_type, "datetime" if arrow_type.startswith("timestamp") else "number")
