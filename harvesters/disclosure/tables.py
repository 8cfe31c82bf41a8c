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

from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, MeasureKind, Spec

CSV_NAME, PARQUET_NAME, SCHEMA_NAME = "data.csv", "data.parquet", "schema.json"

# Spreadsheets take the full-width forms for formulas too.
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TITLES = {
    PERIOD_COLUMN: {"sl": "Začetek obdobja (UTC)", "en": "Start of period (UTC)"},
    UNITS_COLUMN: {"sl": "Število enot", "en": "Number of units"},
}


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


def table_schema(spec: Spec) -> dict[str, Any]:
    """The Table Schema (Frictionless) of the published table."""
    fields: list[dict[str, Any]] = []
    for name in spec.output_columns:
        field: dict[str, Any] = {"name": name, "type": _field_type(name, spec)}
        title = spec.titles.get(name) or _TITLES.get(name)
        if name == UNITS_COLUMN and spec.unit_label:
            title = spec.unit_label
        if title:
            field["title"], field["titles"] = title.get("en", name), dict(title)
        if name == PERIOD_COLUMN:
            field["format"] = "%Y-%m-%dT%H:%M:%SZ"
        if name in spec.key_columns:
            field["constraints"] = {"required": True}
        if name in spec.measures:
            measure = spec.measures[name]
            field |= {"aggregation": str(measure.kind), "decimals": measure.decimals}
            if measure.unit:
                field["unit"] = measure.unit
        fields.append(field)
    return {"fields": fields, "primaryKey": list(spec.key_columns), "missingValues": [""]}


def expected_types(spec: Spec) -> dict[str, str]:
    """The Arrow type of each published column."""
    types = dict.fromkeys(spec.zones, "string")
    types |= {PERIOD_COLUMN: "timestamp[us, tz=UTC]", UNITS_COLUMN: "int64"}
    if spec.count_rows_as:
        types[spec.count_rows_as] = "decimal128(18, 1)" if spec.presence == "simultaneous" else "int64"
    types |= {name: f"decimal128(18, {measure.decimals})" for name, measure in spec.measures.items()}
    return {name: types[name] for name in spec.output_columns}


def is_sum(spec: Spec, name: str) -> bool:
    """Whether a column adds up over cells."""
    return name in spec.measures and spec.measures[name].kind is MeasureKind.SUM


def _field_type(name: str, spec: Spec) -> str:
    kind = expected_types(spec)[name]
    return {"string": "string", "int64": "integer"}.get(kind, "datetime" if kind.startswith("timestamp") else "number")
